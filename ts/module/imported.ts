import module from "#imsg.wasm";

/**
 * The module, imported from its file: takes the place of embedded.ts in the
 * build for workerd, which compiles no bytes at run time.
 */
export function defaultModule(): WebAssembly.Module {
  return module;
}
