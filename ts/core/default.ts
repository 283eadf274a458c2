import { bytes } from "../generated/imsg.ts";
import { Engine } from "./engine.ts";

let engine: Engine | undefined;

/** The engine of the top-level classes, made of the embedded bytes on first use. */
export function defaultEngine(): Engine {
  engine ??= new Engine(new WebAssembly.Module(bytes()));
  return engine;
}
