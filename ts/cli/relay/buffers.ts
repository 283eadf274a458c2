/** The bytes that are decoded at a time: as many as the module's window takes. */
export const SLICE = 65520;
/** From this number of encoded bytes on, a buffer that is used again pays. */
const WORTHWHILE = SLICE / 2;
/** Free buffers that a relay keeps. */
const KEPT = 8;

/**
 * Buffers for encoded bytes, which are used again when the system has taken the
 * bytes. Under load they keep the relay's memory from growing by garbage.
 */
export class Buffers {
  readonly #size: number;
  readonly #free: Buffer[] = [];

  /** @param maxSize the longest message in bytes */
  constructor(maxSize: number) {
    // a slice, the begun message that it completes, and one message more: with less
    // room the codec would have to measure each of the last messages
    this.#size = SLICE + 2 * Math.min(maxSize, 65536);
  }

  /**
   * A buffer with room for so many bytes; undefined where a buffer of exactly
   * that size is better: for few bytes, since many small pieces may wait for a
   * slow peer, and for very many.
   */
  take(bytes: number): Buffer | undefined {
    if (bytes < WORTHWHILE || bytes > this.#size) return undefined;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Keeps a buffer that nothing reads any more, to be used again. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}
