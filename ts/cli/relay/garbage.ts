import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of buffers that are garbage after a connection: the read buffers of its sockets. */
const OF_CONNECTION = 256 * 1024;
/** Connections after whose ends old garbage is collected: 16 MB of buffers. */
const CONNECTIONS = 64;
/** Bytes of dropped instances after which old garbage is collected. */
const INSTANCES = 32 * 1024 * 1024;
/** Bytes of dropped buffers after which young garbage is collected. */
const STEP = 2 * 1024 * 1024;
/** Bytes by which V8's heap may grow before old garbage is collected, if it is small. */
const GROWTH = 4 * 1024 * 1024;
/** The part of itself by which a large heap may grow instead. */
const PART = 1 / 4;

type Collect = (options: { type: "minor" | "major"; execution?: "async" }) => unknown;

let collector: Collect | undefined;
let dropped = 0;
let ended = 0;
let instances = 0;
/** The smallest size of V8's heap in bytes since old garbage was collected. */
let least = Infinity;

function collect(options: Parameters<Collect>[0]): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as Collect;
  }
  collector(options);
}

/**
 * Keeps V8's space for young objects as large as it is. Under load V8 doubles that
 * space up to 48 MB, all of which stay resident, although few of the relay's
 * objects live for longer than a chunk. Other V8s ignore the flag.
 */
export function keepYoungSpace(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/**
 * Counts bytes of buffers that were made for one chunk each. V8 lets 32 MB and
 * more of them wait, since they take no room in its own heap: the relay's memory
 * would double under load. A collection of young objects takes less than a
 * millisecond here. Each leaves some garbage in the old space, which V8 would let
 * grow by 20 MB: it is collected, too, in less than 10 ms, when the heap has grown.
 */
export function drop(bytes: number): void {
  dropped += bytes;
  if (dropped < STEP) return;
  dropped = 0;
  collect({ type: "minor" });
  const used = getHeapStatistics().used_heap_size;
  least = Math.min(least, used);
  if (used < least + Math.max(GROWTH, least * PART)) return;
  least = Infinity;
  collect({ type: "major", execution: "async" });
}

/**
 * Counts the buffers of a connection that has ended. Those that have survived a
 * collection of young objects wait for V8's next full collection, which it puts
 * off: under an attack of short connections the relay would hold more than 100 MB
 * of them. A full collection takes some 15 ms here, and less than 5 % of the
 * time under the quickest such attack. `memory` is the linear memory of the connection's
 * instance in bytes, if it is not used again: V8 does not see how much of it is resident.
 */
export function dropConnection(memory: number): void {
  drop(OF_CONNECTION);
  instances += memory;
  if (++ended < CONNECTIONS && instances < INSTANCES) return;
  ended = 0;
  instances = 0;
  // V8 frees no memory of an instance in a synchronous collection, in which its stack may refer to it
  collect({ type: "major", execution: "async" });
}
