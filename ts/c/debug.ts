import { bytes } from "../generated/imsg-debug.ts";
import { chooseDefault } from "../module/default.ts";
import { Engine } from "../module/engine.ts";
import { Origins } from "../module/origins.ts";
import { ImsgInstance } from "./instance.ts";

let module: WebAssembly.Module | undefined;

function debugEngine(): Engine {
  module ??= new WebAssembly.Module(bytes());
  return new Engine(module, new Origins());
}

// the only side effect of the package: package.json lists the entry under sideEffects
if (!chooseDefault(debugEngine)) {
  console.warn(
    "imsg-wasm/debug: the default instance was made before this import, so it does not watch its users",
  );
}

/** Makes another instance like the default one of this entry, with memory of its own. Throws ENOMEM. */
export function createDebugInstance(): ImsgInstance {
  return new ImsgInstance(debugEngine());
}
