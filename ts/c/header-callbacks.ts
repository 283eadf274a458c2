import type { Pointer } from "../module/abi.ts";
import { show } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { failure, invalid } from "../module/error.ts";

/** Returns the length of the message whose header it gets. */
type ReadHeader = (header: Uint8Array) => number;

const byEngine = /* @__PURE__ */ new WeakMap<Engine, HeaderCallbacks>();

/** The header callbacks of an engine's msgbufs, under numbers that C can keep. */
export class HeaderCallbacks {
  readonly #engine: Engine;
  readonly #callbacks = new Map<number, ReadHeader>();
  #next = 1;
  #thrown: { error: unknown } | undefined;

  private constructor(engine: Engine) {
    this.#engine = engine;
    engine.onHeader = (reader, at, length) => this.#header(reader, at, length);
  }

  /** The callbacks of an engine. */
  static of(engine: Engine): HeaderCallbacks {
    let callbacks = byEngine.get(engine);
    if (callbacks === undefined) {
      callbacks = new HeaderCallbacks(engine);
      byEngine.set(engine, callbacks);
    }
    return callbacks;
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
  #header(reader: number, at: Pointer, length: number): number {
    const engine = this.#engine;
    const { onEnter } = engine;
    try {
      const callback = this.#callbacks.get(reader);
      if (callback === undefined) return 0;
      engine.onEnter = (syscall) => {
        throw failure("ERR_IMSG_REENTRANT", syscall);
      };
      const total = callback(engine.memory.copy(at, length));
      if (total >>> 0 === total && total >= length) return total;
      const detail = `the length of a message must be an integer of at least ${length}, not ${show(total)}`;
      throw invalid("msgbuf_read", detail);
    } catch (error) {
      this.#thrown = { error };
    } finally {
      engine.onEnter = onEnter;
    }
    return 0;
  }
}
