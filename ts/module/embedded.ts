import { bytes } from "../generated/imsg.ts";
import { ImsgError } from "./error.ts";

/**
 * Compiles the module from the bytes that the package embeds. Throws
 * ERR_IMSG_COMPILE where that is forbidden.
 */
export function defaultModule(): WebAssembly.Module {
  const code = bytes();
  try {
    return new WebAssembly.Module(code);
  } catch (cause) {
    throw new ImsgError("ERR_IMSG_COMPILE", {
      detail:
        "a CSP needs 'wasm-unsafe-eval' in script-src; where nothing is compiled, import imsg-wasm/imsg.wasm",
      cause,
    });
  }
}
