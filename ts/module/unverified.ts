/**
 * Prints a warning if a module has the custom section by which the build marks altered C. It is for
 * modules of the caller: the embedded ones print the same by themselves (scripts/lib/embedding.mjs).
 * Returns the module.
 */
export function warnIfUnverified(module: WebAssembly.Module): WebAssembly.Module {
  const sections = WebAssembly.Module.customSections(module, "imsg-unverified");
  if (sections.length > 0) {
    console.warn("imsg-wasm: this module was built from altered C, not from the verified original");
  }
  return module;
}
