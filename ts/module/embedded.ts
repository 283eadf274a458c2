import { bytes } from "../generated/imsg-core.ts";
import { ImsgError } from "./error.ts";

/**
 * Compiles bytes that the package embeds. Throws ERR_IMSG_COMPILE where that is
 * forbidden.
 */
export function compileEmbedded(code: Uint8Array<ArrayBuffer>): WebAssembly.Module {
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

/**
 * Compiles the part of the module that codecs and channels call. Throws
 * ERR_IMSG_COMPILE where that is forbidden.
 */
export function coreModule(): WebAssembly.Module {
  return compileEmbedded(bytes());
}
