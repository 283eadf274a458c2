import module from "#imsg.wasm";
import { warnIfUnverified } from "./unverified.ts";

/**
 * The module, imported from its file. The build for workerd uses this file
 * instead of embedded.ts and whole.ts, because workerd compiles no bytes at run
 * time.
 */
export function wholeModule(): WebAssembly.Module {
  return warnIfUnverified(module);
}

export { wholeModule as coreModule };
