import type { Pointer } from "./abi.ts";
import type { Engine, ObjectKind } from "./engine.ts";
import { ImsgError } from "./error.ts";

/** The values with which the FinalizationRegistry callback frees an object. */
interface Remains {
  engine: Engine;
  kind: ObjectKind;
  created: Created | undefined;
  free: (engine: Engine) => void;
}

/** Frees an object that the garbage collector has found. */
function freeCollected({ engine, kind, created, free }: Remains): void {
  engine.live[kind]--;
  if (created !== undefined) engine.created.delete(created);
  if (engine.trapped !== undefined) return;
  engine.expire?.();
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

/** In debug mode: the kind of a live object, and the stack trace of its construction. */
export interface Created {
  readonly kind: ObjectKind;
  readonly trace: string;
}

/** The result of {@link Owner.identify}. */
export interface Identity {
  readonly owner: Owner;
  readonly kind: ObjectKind;
  readonly engine: Engine;
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
  #created: Created | undefined;
  #ended: string | undefined;

  /**
   * The kind and the engine of an object of the library; undefined for any other value. It reads
   * private fields, so no property of the value can lie.
   * @internal
   */
  static identify(value: unknown): Identity | undefined {
    if (typeof value !== "object" || value === null || !(#state in value)) return undefined;
    return { owner: value, kind: value.#kind, engine: value.#engine };
  }

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
    engine.live[kind]++;
    if (engine.debug) {
      this.#created = { kind, trace: trace() };
      engine.created.add(this.#created);
    }
    // free must not capture `this`, or the object is never collected
    registry?.register(this, { engine, kind, created: this.#created, free }, this);
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
    const detail =
      this.#created === undefined
        ? undefined
        : `created\n${this.#created.trace}\n${this.#state}\n${this.#ended}`;
    return new ImsgError(this.#state === "moved" ? "ERR_IMSG_MOVED" : "ERR_IMSG_DISPOSED", {
      syscall,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /**
   * Ends the ownership. Returns false if it had ended before.
   * @internal
   */
  protected retire(state: "moved" | "disposed"): boolean {
    if (this.#state !== "live") return false;
    this.#state = state;
    this.#engine.live[this.#kind]--;
    registry?.unregister(this);
    if (this.#created !== undefined) {
      this.#engine.created.delete(this.#created);
      this.#ended = trace();
    }
    return true;
  }
}

function trace(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/[/\\]module[/\\]live\./.test(line)).join("\n");
}
