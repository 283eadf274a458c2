import type { Pointer } from "../module/exports.ts";
import type { Memory } from "../module/memory.ts";

/** Bytes of struct batch_record, which stands before each payload. */
export const RECORD = 16;

/** Who has records in the window. */
interface Holder {
  /** Has the module compose them, so that the window is free. Throws nothing. */
  commit(): void;
}

/**
 * Messages that are to be composed, as batch_compose reads them from the
 * module's window. They wait there until somebody else needs the module, the
 * window is full, or their bytes are asked for: so many messages cross the
 * border in one call.
 */
export class Records {
  readonly #memory: Memory;
  readonly #window: Pointer;
  readonly #size: number;
  // the window alone: what is copied here cannot reach beyond it
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Uint32Array<ArrayBuffer>;
  #at = 0;
  /** How many there are. */
  count = 0;
  /** Whose they are, if there are any. */
  holder: Holder | undefined;

  /** Throws nothing. */
  constructor(memory: Memory, window: Pointer, size: number) {
    this.#memory = memory;
    this.#window = window;
    this.#size = size;
    this.#bytes = new Uint8Array(0);
    this.#words = new Uint32Array(0);
  }

  /**
   * Adds a message without a descriptor; false if there is no room, or if the
   * payload has changed its length meanwhile, as shared memory may.
   */
  add(
    holder: Holder,
    type: number,
    peerid: number,
    pid: number,
    data: Uint8Array,
    length: number,
  ): boolean {
    if (this.holder !== holder) this.#hold(holder);
    const at = this.#at;
    const end = (at + RECORD + length + 3) & ~3;
    if (end > this.#bytes.length) return false;
    // also where there is nothing to copy: a detached array shows itself
    if (!this.#copy(data, at + RECORD, length)) return false;
    const words = this.#words;
    const w = at >> 2;
    words[w] = type;
    words[w + 1] = peerid;
    words[w + 2] = pid;
    words[w + 3] = length;
    this.#at = end;
    this.count++;
    return true;
  }

  #copy(data: Uint8Array, at: number, length: number): boolean {
    try {
      this.#bytes.set(data, at);
      return data.length === length;
    } catch {
      return false;
    }
  }

  #hold(holder: Holder): void {
    this.holder?.commit();
    this.holder = holder;
    // growth detaches the views
    if (this.#bytes.length === 0) this.#refresh();
  }

  #refresh(): void {
    const { buffer } = this.#memory.u8;
    this.#bytes = new Uint8Array(buffer, this.#window, this.#size);
    this.#words = new Uint32Array(buffer, this.#window, this.#size >> 2);
  }

  /** Gives the window away: how many records there were, all of them the holder's. */
  release(): number {
    const { count } = this;
    this.#at = 0;
    this.count = 0;
    this.holder = undefined;
    return count;
  }
}
