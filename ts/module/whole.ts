import { bytes } from "../generated/imsg.ts";
import { compileEmbedded } from "./embedded.ts";

/**
 * Compiles the whole module, with all functions of C's API. Throws
 * ERR_IMSG_COMPILE where that is forbidden.
 */
export function wholeModule(): WebAssembly.Module {
  return compileEmbedded(bytes());
}
