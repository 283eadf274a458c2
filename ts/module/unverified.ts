/**
 * Warns of a module that was built from altered C, which its build has marked. The texts that the
 * package embeds warn by themselves (scripts/lib/embedding.mjs). Returns the module.
 */
export function warnIfUnverified(module: WebAssembly.Module): WebAssembly.Module {
  const sections = WebAssembly.Module.customSections(module, "imsg-unverified");
  if (sections.length > 0) {
    console.warn("imsg-wasm: this module was built from altered C, not from the verified original");
  }
  return module;
}
