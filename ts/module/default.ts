import { defaultModule } from "./embedded.ts";
import { Engine } from "./engine.ts";

let make = (): Engine => new Engine(defaultModule());
let engine: Engine | undefined;

/** The engine of the top-level classes, made of the embedded bytes on first use. */
export function defaultEngine(): Engine {
  engine ??= make();
  return engine;
}

/**
 * Decides what the default engine will be made of. One that has been made
 * stays, because objects belong to it: false then.
 */
export function chooseDefault(maker: () => Engine): boolean {
  if (engine !== undefined) return false;
  make = maker;
  return true;
}
