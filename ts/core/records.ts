import type { Pointer } from "./exports.ts";

/** Bytes of struct batch_record, which stands before each payload. */
export const RECORD = 20;

/**
 * Messages to compose, in the form that batch_compose reads from the window.
 * They are gathered outside of the module: what a caller's getters and iterators
 * do meanwhile cannot reach them.
 */
export class Records {
  readonly #u8: Uint8Array<ArrayBuffer>;
  readonly #u32: Uint32Array<ArrayBuffer>;
  #at = 0;
  /** How many there are. */
  count = 0;

  constructor(size: number) {
    this.#u8 = new Uint8Array(size);
    this.#u32 = new Uint32Array(this.#u8.buffer);
  }

  /** Adds a message without a descriptor; false if there is no room. */
  add(type: number, peerid: number, pid: number, data: Uint8Array): boolean {
    const length = data.length;
    const payload = this.#at + RECORD;
    const end = payload + ((length + 3) & ~3);
    if (end > this.#u8.length) return false;
    const words = this.#u32;
    const w = this.#at >> 2;
    words[w] = type;
    words[w + 1] = peerid;
    words[w + 2] = pid;
    words[w + 3] = 0xffffffff;
    words[w + 4] = length;
    if (length > 64) this.#u8.set(data, payload);
    else for (let i = 0; i < length; i++) this.#u8[payload + i] = data[i]!;
    this.#at = end;
    this.count++;
    return true;
  }

  /** Writes them to the window, and starts anew; returns how many they were. */
  moveTo(memory: Uint8Array<ArrayBuffer>, window: Pointer): number {
    memory.set(this.#u8.subarray(0, this.#at), window);
    const { count } = this;
    this.#at = 0;
    this.count = 0;
    return count;
  }

  /** Forgets them. */
  clear(): void {
    this.#at = 0;
    this.count = 0;
  }
}
