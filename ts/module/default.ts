import { coreModule } from "./embedded.ts";
import { Engine } from "./engine.ts";

let make = (): Engine => new Engine(coreModule());
let engine: Engine | undefined;

/** The engine of the top-level classes, which is made from the embedded bytes on first use. */
export function defaultEngine(): Engine {
  engine ??= make();
  return engine;
}

/**
 * Sets the function that makes the default engine. Returns false if the engine
 * has been made already: it stays, because objects belong to it.
 */
export function chooseDefault(maker: () => Engine): boolean {
  if (engine !== undefined) return false;
  make = maker;
  return true;
}
