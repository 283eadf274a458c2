import type { Pointer } from "../module/abi.ts";
import { show } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { invalid } from "../module/error.ts";

/** Returns the length of the message whose header it gets. */
type ReadHeader = (header: Uint8Array) => number;

/** The header callbacks of an engine's msgbufs, under numbers that C can keep. */
export class HeaderCallbacks {
  readonly #engine: Engine;
  readonly #callbacks = new Map<number, ReadHeader>();
  #next = 1;
  #thrown: { error: unknown } | undefined;

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The callbacks of an engine. */
  static of(engine: Engine): HeaderCallbacks {
    engine.headerCallbacks ??= new HeaderCallbacks(engine);
    return engine.headerCallbacks as HeaderCallbacks;
  }

  /** Registers a callback and returns its number. */
  add(callback: ReadHeader): number {
    const id = this.#next++;
    this.#callbacks.set(id, callback);
    return id;
  }

  /** Removes a callback. */
  remove(id: number): void {
    this.#callbacks.delete(id);
  }

  /** Takes the error that a callback threw during the last call, so that the caller can throw it. */
  takeThrown(): { error: unknown } | undefined {
    const thrown = this.#thrown;
    this.#thrown = undefined;
    return thrown;
  }

  /** Called by the module, below a frame of C: it must not throw. */
  header(reader: number, at: Pointer, length: number): number {
    const engine = this.#engine;
    try {
      const callback = this.#callbacks.get(reader);
      if (callback === undefined) return 0;
      engine.inCallback = true;
      const total = callback(engine.memory.copy(at, length));
      if (total >>> 0 === total && total >= length) return total;
      const detail = `the length of a message must be an integer of at least ${length}, not ${show(total)}`;
      throw invalid("msgbuf_read", detail);
    } catch (error) {
      this.#thrown = { error };
    } finally {
      engine.inCallback = false;
    }
    return 0;
  }
}
