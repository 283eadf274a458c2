import type { Engine, ObjectKind } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";

/** What a forgotten object leaves to the collector. */
interface Remains {
  engine: Engine;
  kind: ObjectKind;
  free: (engine: Engine) => void;
}

const registry = new FinalizationRegistry<Remains>(({ engine, kind, free }) => {
  engine.live[kind]--;
  if (engine.trapped !== undefined) return;
  free(engine);
  // descriptors in it are lost, but no value is closed by the collector
  engine.values.forget();
});

/**
 * What views borrow from: as long as the version stands, the memory that a
 * view was made of is where it was.
 */
export interface Root {
  version: number;
}

/**
 * An object of C's that belongs to JavaScript until C takes it (it is then
 * moved) or it is disposed. Either way its use is an error that says so.
 */
export abstract class Owner {
  /** @internal */
  readonly engine: Engine;
  readonly #kind: ObjectKind;
  #at: Pointer;
  #state: "live" | "moved" | "disposed" = "live";
  #created: string | undefined;
  #ended: string | undefined;

  /** @internal */
  protected constructor(
    engine: Engine,
    kind: ObjectKind,
    at: Pointer,
    free: (engine: Engine) => void,
  ) {
    this.engine = engine;
    this.#kind = kind;
    this.#at = at;
    engine.live[kind]++;
    registry.register(this, { engine, kind, free }, this);
    if (engine.debug) this.#created = trace();
  }

  /** Whether the object has been given to C. */
  get moved(): boolean {
    return this.#state === "moved";
  }

  /** Whether the object has been disposed. */
  get disposed(): boolean {
    return this.#state === "disposed";
  }

  /**
   * The address, for a call that is about to be made.
   * @internal
   */
  at(syscall: string): Pointer {
    if (this.#state !== "live") throw this.#gone(syscall);
    return this.#at;
  }

  #gone(syscall: string): ImsgError {
    const detail =
      this.#created === undefined
        ? undefined
        : `created ${this.#created}\n${this.#state} ${this.#ended}`;
    return new ImsgError(this.#state === "moved" ? "ERR_IMSG_MOVED" : "ERR_IMSG_DISPOSED", {
      syscall,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /**
   * Ends the ownership; false if it had ended before.
   * @internal
   */
  protected retire(state: "moved" | "disposed"): boolean {
    if (this.#state !== "live") return false;
    this.#state = state;
    this.engine.live[this.#kind]--;
    registry.unregister(this);
    if (this.engine.debug) this.#ended = trace();
    return true;
  }
}

function trace(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/[/\\]core[/\\]owner\./.test(line)).join("\n");
}

/** Lets `using` end objects of a class, where the engine knows Symbol.dispose. */
export function disposable(prototype: { dispose(): void }): void {
  const { dispose } = Symbol as { dispose?: symbol };
  if (dispose === undefined) return;
  Object.defineProperty(prototype, dispose, {
    configurable: true,
    writable: true,
    value(this: { dispose(): void }) {
      this.dispose();
    },
  });
}
