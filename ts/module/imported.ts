import module from "#imsg.wasm";

/**
 * The module, imported from its file. The build for workerd uses this file
 * instead of embedded.ts, because workerd compiles no bytes at run time.
 */
export function defaultModule(): WebAssembly.Module {
  return module;
}
