import type { Engine, ObjectKind } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import { Owner } from "../module/live.ts";

/**
 * Checks an argument that must be an object of the library of a certain kind.
 * Throws EINVAL for anything else, and for an object of another engine if one is
 * given.
 */
export function checkOwner(
  value: unknown,
  kind: ObjectKind,
  engine: Engine | undefined,
  syscall: string,
): Owner {
  const found = Owner.identify(value);
  let detail = `the argument must be of class ${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  if (found?.kind === kind) {
    if (engine === undefined || found.engine === engine) return found.owner;
    detail = "the objects belong to different instances";
  }
  throw new ImsgError("EINVAL", { syscall, detail });
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
