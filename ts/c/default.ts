import { chooseDefault, defaultEngine } from "../module/default.ts";
import { Engine } from "../module/engine.ts";
import { wholeModule } from "../module/whole.ts";

const makeWhole = (): Engine => new Engine(wholeModule());

// Codecs and channels share this engine, unless they have made theirs before this module was loaded
chooseDefault(makeWhole);

let own: Engine | undefined;

/**
 * The engine of the top-level classes, which is made on first use. It is the
 * default engine of codecs and channels, unless they have made theirs before
 * C's API was imported: that one is without the functions of C's API.
 */
export function apiEngine(): Engine {
  own ??= whole(defaultEngine());
  return own;
}

function whole(engine: Engine): Engine {
  return "ibuf_open" in engine.exports ? engine : makeWhole();
}
