/**
 * `imsg-wasm/debug`: the same exports as `imsg-wasm` and `imsg-wasm/c`, with a default instance
 * that watches its users.
 *
 * - Errors of moved and disposed objects say where the object was made and where
 *   it was moved or disposed.
 * - What reserve() and seek() return throws ERR_IMSG_STALE when it is used after
 *   the next call into the library.
 * - The allocator of the module checks its invariants, and traps when memory is
 *   freed twice or written after it was freed.
 * - `defaultInstance().assertNoLeaks()` says where what is alive was made.
 *
 * Importing this anywhere makes the default instance of the whole program such
 * a one, also for those who import `imsg-wasm`: `node --import imsg-wasm/debug`
 * is enough. It has to be imported before the default instance is first used.
 *
 * @module
 */

import { ImsgInstance } from "../c/instance.ts";
import { bytes } from "../generated/imsg-debug.ts";
import { chooseDefault } from "../module/default.ts";
import { Engine } from "../module/engine.ts";

let module: WebAssembly.Module | undefined;

function debugEngine(): Engine {
  module ??= new WebAssembly.Module(bytes());
  return new Engine(module, true);
}

// the one side effect of the package: package.json names this file under sideEffects
if (!chooseDefault(debugEngine)) {
  console.warn(
    "imsg-wasm/debug: the default instance was made before this was imported, and stays as it is",
  );
}

/** Another instance like the default one of this entry, with memory of its own. */
export function createDebugInstance(): ImsgInstance {
  return new ImsgInstance(debugEngine());
}

export * from "./c.ts";
export * from "./index.ts";
