import type { Pointer } from "../module/abi.ts";
import type { Engine, ObjectKind } from "../module/engine.ts";
import { invalid, isObject } from "../module/error.ts";
import { Owner } from "../module/live.ts";

/** An object of C's API, which other functions of the API take as an argument. */
export abstract class Owned extends Owner {
  readonly #kind: ObjectKind;
  readonly #engine: Engine;

  /** @internal */
  protected constructor(
    engine: Engine,
    kind: ObjectKind,
    pointer: Pointer,
    free: (engine: Engine) => void,
  ) {
    super(engine, kind, pointer, free);
    this.#kind = kind;
    this.#engine = engine;
  }

  /**
   * Checks an argument that must be an object of the library of a certain kind.
   * Throws EINVAL for anything else, and for an object of another engine if one is
   * given. It reads private fields, so no property of the value can lie.
   * @internal
   */
  static check(
    value: unknown,
    kind: ObjectKind,
    engine: Engine | undefined,
    syscall: string,
  ): Owned {
    let detail = `the argument must be of class ${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    if (isObject(value) && #kind in value && value.#kind === kind) {
      if (engine === undefined || value.#engine === engine) return value;
      detail = "the objects belong to different instances";
    }
    throw invalid(syscall, detail);
  }
}

/**
 * Runs a function and disposes closed values only after it, so that a disposer
 * finds every object in the state that C left it in.
 */
export function deferDisposers<T>(engine: Engine, run: () => T): T {
  engine.deferrals++;
  try {
    return run();
  } finally {
    engine.deferrals--;
    if (engine.values.pending) engine.settle();
  }
}
