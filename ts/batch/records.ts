import { HEADER_SIZE, type Pointer, WINDOW_SIZE } from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import type { Memory } from "../module/memory.ts";

/** The encoder whose records are in the window. */
interface Holder {
  /** Composes the records, so that the window is free. Throws nothing. */
  commit(): void;
}

const { set } = Uint8Array.prototype;

/**
 * The records of messages that batch_compose has not read yet, in the window of
 * an engine. They stay there until the window is full, until their bytes are
 * asked for, or until another batch needs the window. So many messages cross
 * the border in one call.
 *
 * Only batches use the window, and each of them calls {@link free} before it
 * writes there.
 */
export class Records {
  readonly #memory: Memory;
  readonly #window: Pointer;
  // views of the window alone, so that a copy into them cannot write beyond it
  #bytes: Uint8Array<ArrayBuffer>;
  #view!: DataView<ArrayBuffer>;
  #at = 0;
  #count = 0;
  /** The encoder that has records in the window, if one has. */
  holder: Holder | undefined;

  private constructor({ memory, exports }: Engine) {
    this.#memory = memory;
    this.#window = exports.batch_window();
    this.#bytes = new Uint8Array(0);
  }

  /** The records of an engine. */
  static of(engine: Engine): Records {
    engine.records ??= new Records(engine);
    return engine.records as Records;
  }

  /**
   * Adds a small message of the holder, without a descriptor, whose payload has
   * `length` bytes. Returns false if the payload is detached.
   */
  add(type: number, peerid: number, pid: number, data: Uint8Array, length: number): boolean {
    const size = HEADER_SIZE + length;
    let at = this.#at;
    if (at + size > WINDOW_SIZE) at = this.hold(this.holder);
    try {
      set.call(this.#bytes, data, at + HEADER_SIZE);
    } catch {
      return false; // a detached array, for which set throws even if it is empty
    }
    const view = this.#view;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, size, true);
    view.setUint32(at + 8, peerid, true);
    view.setUint32(at + 12, pid, true);
    this.#at = at + size;
    this.#count++;
    return true;
  }

  /** Composes the records in the window, makes an encoder their holder, and returns where its first one begins. */
  hold(holder: Holder | undefined): number {
    this.free();
    this.holder = holder;
    // growth of the memory detaches the views
    if (this.#bytes.length === 0) {
      const { buffer } = this.#memory.u8;
      this.#bytes = new Uint8Array(buffer, this.#window, WINDOW_SIZE);
      this.#view = new DataView(buffer, this.#window, WINDOW_SIZE);
    }
    return 0;
  }

  /** Composes the records in the window, if there are any, so that the window can be overwritten. */
  free(): void {
    this.holder?.commit();
  }

  /** Forgets the records and returns how many there were. All of them were the holder's. */
  release(): number {
    const count = this.#count;
    this.#at = 0;
    this.#count = 0;
    this.holder = undefined;
    return count;
  }
}
