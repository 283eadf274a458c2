import type { Pointer } from "./abi.ts";
import type { Engine, ObjectKind } from "./engine.ts";
import { failure, type ImsgError } from "./error.ts";
import type { Origin } from "./origins.ts";

/** The values with which the FinalizationRegistry callback frees an object. */
interface Remains {
  engine: Engine;
  kind: ObjectKind;
  origin: Origin | undefined;
  free: (engine: Engine) => void;
}

function count({ live }: Engine, kind: ObjectKind, more: 1 | -1): void {
  live[kind] = (live[kind] ?? 0) + more;
}

/** Frees an object that the garbage collector has found. */
function freeCollected({ engine, kind, origin, free }: Remains): void {
  count(engine, kind, -1);
  origin?.forget();
  if (engine.trapped !== undefined) return;
  engine.onEnter?.();
  free(engine);
  // the collector closes no values, so the values of closed descriptors are dropped
  engine.values.forget();
}

/** A backstop for objects that are never disposed; absent where the engine has no such registry. */
const registry =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : /* @__PURE__ */ new FinalizationRegistry<Remains>(freeCollected);

/**
 * Memory that views borrow. The version changes when the memory moves or is
 * freed, which makes the views of an older version stale.
 */
export interface Root {
  version: number;
}

/**
 * An object of C that JavaScript owns until C takes it (then it has moved) or
 * until it is disposed. After that every use throws ERR_IMSG_MOVED or
 * ERR_IMSG_DISPOSED.
 */
export abstract class Owner {
  readonly #engine: Engine;
  readonly #kind: ObjectKind;
  readonly #pointer: Pointer;
  #state: "live" | "moved" | "disposed" = "live";
  readonly #origin: Origin | undefined;

  /** @internal */
  protected constructor(
    engine: Engine,
    kind: ObjectKind,
    pointer: Pointer,
    free: (engine: Engine) => void,
  ) {
    this.#engine = engine;
    this.#kind = kind;
    this.#pointer = pointer;
    count(engine, kind, 1);
    this.#origin = engine.origins?.add(kind);
    // free must not capture `this`, or the object is never collected
    registry?.register(this, { engine, kind, origin: this.#origin, free }, this);
  }

  /** Frees the object. Does nothing if it has been disposed or moved before. */
  abstract dispose(): void;

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  get engine(): Engine {
    return this.#engine;
  }

  /** Whether C has taken the object. */
  get moved(): boolean {
    return this.#state === "moved";
  }

  /** Whether the object has been disposed. */
  get disposed(): boolean {
    return this.#state === "disposed";
  }

  /**
   * The address of the object, for a call that is about to be made. Throws
   * ERR_IMSG_MOVED or ERR_IMSG_DISPOSED.
   * @internal
   */
  pointerFor(syscall: string): Pointer {
    if (this.#state !== "live") throw this.#gone(syscall);
    return this.#pointer;
  }

  #gone(syscall: string): ImsgError {
    const code = this.#state === "moved" ? "ERR_IMSG_MOVED" : "ERR_IMSG_DISPOSED";
    return failure(code, syscall, this.#origin?.describe(this.#state));
  }

  /**
   * Ends the ownership. Returns false if it had ended before.
   * @internal
   */
  protected retire(state: "moved" | "disposed"): boolean {
    if (this.#state !== "live") return false;
    this.#state = state;
    count(this.#engine, this.#kind, -1);
    registry?.unregister(this);
    this.#origin?.end();
    return true;
  }
}
