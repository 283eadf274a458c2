import { existsSync, readFileSync } from "node:fs";
import { createInstance, type ImsgInstance } from "../entry/c.ts";

/** Where the module is: beside the bundled command, or in the repository. */
const PLACES = ["./imsg.wasm", "../../wasm/imsg.wasm"];

/** Free instances that are kept: each holds up to 4 MiB that it never gives back. */
const KEPT = 16;
/** The largest linear memory of a kept instance, in bytes. */
const LARGEST = 4 * 1024 * 1024;

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  const place = PLACES.map((name) => new URL(name, import.meta.url)).find((url) => existsSync(url));
  if (place === undefined) throw new Error("imsg.wasm is missing from the package");
  compiled = new WebAssembly.Module(readFileSync(place));
  return compiled;
}

/**
 * Instances of the module, one for each connection, so that the bytes of one
 * client cannot reach the memory of another. Returned instances are reused.
 */
export class InstancePool {
  readonly #free: ImsgInstance[] = [];

  /** Returns an instance that no other connection has. */
  take(): ImsgInstance {
    return this.#free.pop() ?? createInstance(compile());
  }

  /**
   * Keeps an instance for reuse, unless it has trapped, grown or leaked, or enough are kept. Returns
   * the bytes of linear memory that are left to the garbage collector: 0 if the instance is kept.
   */
  giveBack(instance: ImsgInstance): number {
    try {
      const { objects, memoryBytes } = instance.stats();
      // linear memory never shrinks: the garbage collector frees an instance that had to grow
      const clean = Object.values(objects).every((count) => count === 0);
      if (this.#free.length >= KEPT || !clean || memoryBytes > LARGEST) return memoryBytes;
      this.#free.push(instance);
    } catch {
      return LARGEST; // it has trapped, and cannot be inspected any more
    }
    return 0;
  }
}
