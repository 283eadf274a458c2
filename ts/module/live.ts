import type { Engine, ObjectKind } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";

/** What a forgotten object leaves to the collector. */
interface Remains {
  engine: Engine;
  kind: ObjectKind;
  created: Created | undefined;
  free: (engine: Engine) => void;
}

const registry = /* @__PURE__ */ new FinalizationRegistry<Remains>(
  ({ engine, kind, created, free }) => {
    engine.live[kind]--;
    if (created !== undefined) engine.created.delete(created);
    if (engine.trapped !== undefined) return;
    engine.expire?.();
    free(engine);
    // descriptors in it are lost, but no value is closed by the collector
    engine.values.forget();
  },
);

/**
 * What views borrow from: as long as the version stands, the memory that a
 * view was made of is where it was.
 */
export interface Root {
  version: number;
}

/** In debug mode: the kind of a live object, and where it was made. */
export interface Created {
  readonly kind: ObjectKind;
  readonly trace: string;
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
  #created: Created | undefined;
  #ended: string | undefined;

  /** @internal */
  static is(value: unknown): value is Owner {
    return typeof value === "object" && value !== null && #state in value;
  }

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
    if (engine.debug) {
      this.#created = { kind, trace: trace() };
      engine.created.add(this.#created);
    }
    registry.register(this, { engine, kind, created: this.#created, free }, this);
  }

  /** Ends the use of the object; nothing if it has ended before. */
  abstract dispose(): void;

  /** The same as {@link dispose}, for `using`. An engine without the symbol has it as "undefined". */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  get kind(): ObjectKind {
    return this.#kind;
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
        : `created\n${this.#created.trace}\n${this.#state}\n${this.#ended}`;
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
    if (this.#created !== undefined) {
      this.engine.created.delete(this.#created);
      this.#ended = trace();
    }
    return true;
  }
}

function trace(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/[/\\]module[/\\]live\./.test(line)).join("\n");
}

/** An argument that must be of a kind, and of the same instance if one is given. */
export function checkOwner(
  value: unknown,
  kind: ObjectKind,
  engine: Engine | undefined,
  syscall: string,
): Owner {
  if (!Owner.is(value) || value.kind !== kind) {
    const name = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    throw new ImsgError("EINVAL", { syscall, detail: `an object of class ${name} is needed` });
  }
  if (engine !== undefined && value.engine !== engine) {
    throw new ImsgError("EINVAL", {
      syscall,
      detail: "the objects belong to different instances",
    });
  }
  return value;
}
