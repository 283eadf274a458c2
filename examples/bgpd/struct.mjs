// Reads the C structures in bgpd's messages with the original's own ibuf functions.

import { Ibuf } from "imsg-wasm/c";
import { ADDRESS, AID, ipv4, ipv6 } from "./addresses.mjs";

/** Fields of a C structure on a 64-bit little-endian machine, by their offsets. */
export class Struct {
  #ibuf;
  #at = 0;

  /**
   * @param {string} name for error messages
   * @param {Uint8Array} data
   * @param {number} size of the structure; `data` may be longer only if `trailing` is set
   * @param {boolean} [trailing]
   */
  constructor(name, data, size, trailing = false) {
    if (data.length < size || (data.length > size && !trailing)) {
      const other = "this client knows the structures of OpenBGPD 8.8";
      throw new RangeError(`a ${name} has ${data.length} bytes and not ${size}: ${other}`);
    }
    this.#ibuf = Ibuf.fromBuffer(data);
  }

  /** Moves the read position, which C only moves forward or back to the start. */
  #seek(/** @type {number} */ offset, /** @type {number} */ width) {
    if (offset < this.#at) {
      this.#ibuf.rewind();
      this.#at = 0;
    }
    if (offset > this.#at) this.#ibuf.skip(offset - this.#at);
    this.#at = offset + width;
    return this.#ibuf;
  }

  u8(/** @type {number} */ offset) {
    return this.#seek(offset, 1).getN8();
  }

  i8(/** @type {number} */ offset) {
    return (this.u8(offset) << 24) >> 24;
  }

  flag(/** @type {number} */ offset) {
    return this.u8(offset) !== 0;
  }

  u16(/** @type {number} */ offset) {
    return this.#seek(offset, 2).getH16();
  }

  u32(/** @type {number} */ offset) {
    return this.#seek(offset, 4).getH32();
  }

  /** A 64-bit counter, time or size: none of bgpd's comes near 2^53. */
  i64(/** @type {number} */ offset) {
    return Number(BigInt.asIntN(64, this.#seek(offset, 8).getH64()));
  }

  /** Several bytes, each a flag or a small number. */
  bytes(/** @type {number} */ offset, /** @type {number} */ length) {
    return this.#seek(offset, length).get(length);
  }

  /** A char array, up to its NUL. */
  string(/** @type {number} */ offset, /** @type {number} */ length) {
    return this.#seek(offset, length).getString(length);
  }

  /** A struct bgpd_addr: the address, or "???" for a family that this client does not print. */
  address(/** @type {number} */ offset) {
    const bytes = this.bytes(offset, 16);
    const scope = this.u32(offset + ADDRESS.scope);
    const aid = this.u8(offset + ADDRESS.aid);
    if (aid === AID.ipv4) return ipv4(bytes);
    if (aid === AID.ipv6) return scope === 0 ? ipv6(bytes) : `${ipv6(bytes)}%${scope}`;
    return "???";
  }

  /** A BGP identifier: a number that is printed as an address. */
  routerId(/** @type {number} */ offset) {
    const id = this.u32(offset);
    return [id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255].join(".");
  }

  /** What follows offset, to be read on with the ibuf's own methods. */
  rest(/** @type {number} */ offset) {
    return this.#seek(offset, 0);
  }

  /** Frees the module's copy of the bytes. */
  dispose() {
    this.#ibuf.dispose();
  }
}

/**
 * Decodes one structure and frees it.
 *
 * @template T
 * @param {ConstructorParameters<typeof Struct>} of
 * @param {(struct: Struct) => T} decode
 * @returns {T}
 */
export function read(of, decode) {
  const struct = new Struct(...of);
  try {
    return decode(struct);
  } finally {
    struct.dispose();
  }
}
