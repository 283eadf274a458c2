import { ImsgError } from "./error.ts";
import type { RawExports } from "./exports.ts";

/** The functions that the module imports. They run below frames of C and must not throw. */
export interface ModuleImports {
  /** Records that a descriptor was closed (-1: one that had been sent already), and a value unless that is 0. */
  host_close(fd: number, value: number): void;
  /** Returns the length of the message whose header lies at `at`; 0 refuses it. */
  host_header(reader: number, at: number, length: number): number;
}

/**
 * Instantiates the module and runs its start-up code. Throws EINVAL if it is
 * not the module of this library, ENOMEM if there is no address space left.
 */
export function loadModule(module: WebAssembly.Module, env: ModuleImports): RawExports {
  let exports: RawExports;
  try {
    const instance = new WebAssembly.Instance(module, { env: { ...env } });
    exports = instance.exports as unknown as RawExports;
  } catch (cause) {
    // every engine throws a RangeError for a memory that it cannot reserve
    if (!(cause instanceof RangeError)) throw cause;
    throw new ImsgError("ENOMEM", { detail: "no address space is left for an instance", cause });
  }
  if (typeof exports.batch_open !== "function") {
    throw new ImsgError("EINVAL", { detail: "this is not the module of this library" });
  }
  exports._initialize?.();
  return exports;
}
