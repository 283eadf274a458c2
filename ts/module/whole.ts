import { alphabet, text } from "../generated/imsg.ts";
import { decode } from "../generated/imsg-core.ts";
import { compileEmbedded } from "./embedded.ts";
import { warnIfUnverified } from "./unverified.ts";

/**
 * Compiles the whole module, with all functions of C's API. Throws
 * ERR_IMSG_COMPILE where that is forbidden.
 */
export function wholeModule(): WebAssembly.Module {
  return warnIfUnverified(compileEmbedded(decode(text, alphabet)));
}
