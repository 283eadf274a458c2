import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import type { Pointer } from "../module/exports.ts";

/** Says how long the message is whose header it gets. */
type ReadHeader = (header: Uint8Array) => number;

/** The header callbacks of an engine's msgbufs, under numbers that C can keep. */
export class Readers {
  readonly #engine: Engine;
  readonly #callbacks = new Map<number, ReadHeader>();
  #next = 1;
  #thrown: { error: unknown } | undefined;

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Those of an engine. */
  static of(engine: Engine): Readers {
    engine.readers ??= new Readers(engine);
    return engine.readers as Readers;
  }

  /** Makes a callback known. */
  add(callback: ReadHeader): number {
    const id = this.#next++;
    this.#callbacks.set(id, callback);
    return id;
  }

  /** Forgets a callback. */
  remove(id: number): void {
    this.#callbacks.delete(id);
  }

  /** What a callback threw during the last call, to be thrown again. */
  takeThrown(): { error: unknown } | undefined {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    return thrown;
  }

  /** Called by the module. It runs below a frame of it: nothing may be thrown from here. */
  header(reader: number, at: Pointer, length: number): number {
    const engine = this.#engine;
    try {
      const callback = this.#callbacks.get(reader);
      if (callback === undefined) return 0;
      engine.inCallback = true;
      const total = callback(engine.memory.copy(at, length));
      if (total >>> 0 === total && total >= length) return total;
      this.#thrown = {
        error: new ImsgError("EINVAL", {
          syscall: "msgbuf_read",
          detail: `the length of a message must be an integer of at least ${length}, not ${String(total)}`,
        }),
      };
    } catch (error) {
      this.#thrown = { error };
    } finally {
      engine.inCallback = false;
    }
    return 0;
  }
}
