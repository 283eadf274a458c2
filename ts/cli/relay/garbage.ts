import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of buffers that are garbage after a connection: what its sockets have read into. */
export const OF_CONNECTION = 256 * 1024;
/** Bytes of dropped buffers after which young garbage is collected. */
const STEP = 2 * 1024 * 1024;

type Collect = (options: { type: "minor" }) => void;

let collect: Collect | undefined;
let dropped = 0;

/**
 * Counts bytes of buffers that were made for one chunk each. V8 lets 32 MB and
 * more of them wait, since they take no room in its own heap: the relay's memory
 * would double under load. A collection of young objects takes less than a
 * millisecond here.
 */
export function drop(bytes: number): void {
  dropped += bytes;
  if (dropped < STEP) return;
  dropped = 0;
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
  }
  collect({ type: "minor" });
}
