import { readFileSync } from "node:fs";
import { createInstance, type ImsgInstance } from "../../../ts/c/index.ts";

/** An instance of its own, of the module as it was last built. */
export function loadInstance(): ImsgInstance {
  return createInstance(readFileSync("wasm/imsg.wasm"));
}
