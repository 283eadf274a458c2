/** FNV-1a of 64 bits over all that is added, as the native peer computes it. */
export class Fnv {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  add(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      low ^= bytes[i]!;
      // times 2^40 + 0x1b3, in halves that stay exact
      const a = (low & 0xffff) * 0x1b3;
      const b = (low >>> 16) * 0x1b3 + (a >>> 16);
      high = (Math.imul(high, 0x1b3) + (low << 8) + (b >>> 16)) | 0;
      low = (a & 0xffff) | (b << 16);
    }
    this.#high = high;
    this.#low = low;
  }

  get value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }
}
