// A table of routes as a neighbor announces it: prefixes in order, with a path for each few of them.

import { basics, communities, type Speaker, update } from "../../daemons/speaker.ts";

/** How many neighboring prefixes have one path, which is the size of an UPDATE. */
const TOGETHER = 10;
/** The first number of a prefix: 10/8 is left to the demonstration's routers. */
const FIRST = 11;
/** The most routes that the prefixes of {@link prefixAt} have room for, below 127/8. */
export const MOST = (127 - FIRST) * 65_536;

/** The AS number of the neighbor. */
export const NEIGHBOR = 65_002;
/** How many different ASes the routes come from. */
const SOURCES = 50_000;
const FIRST_SOURCE = 100_000;

const bytesAt = (index: number): [number, number, number] => [
  FIRST + (index >> 16),
  (index >> 8) & 255,
  index & 255,
];

/** The prefix of a route: 11.0.0.0/24, 11.0.1.0/24 and so on. */
export const prefixAt = (index: number): string => `${bytesAt(index).join(".")}.0/24`;

/** The AS that a route comes from. */
export const sourceAt = (index: number): number =>
  FIRST_SOURCE + (Math.floor(index / TOGETHER) % SOURCES);

/** The AS path of a route, of three to six numbers. */
function pathAt(index: number): number[] {
  const group = Math.floor(index / TOGETHER);
  const between = Array.from({ length: 1 + (group % 4) }, (_, i) => 3000 + ((group >> i) % 700));
  return [NEIGHBOR, ...between, sourceAt(index)];
}

/** How many routes are announced before the event loop runs: the socket sends them then. */
const BURST = 2000;

/** Announces so many routes. Resolves when they have been handed to the socket. */
export async function announce(speaker: Speaker, count: number): Promise<void> {
  for (let at = 0; at < count; at += TOGETHER) {
    const here = Math.min(TOGETHER, count - at);
    const nlri = Array.from({ length: here }, (_, i) => [24, ...bytesAt(at + i)]).flat();
    const group = at / TOGETHER;
    const marks = communities([NEIGHBOR, group % 1000], [NEIGHBOR, 7]);
    speaker.send(update([...basics([[2, pathAt(at)]]), marks], nlri));
    if (at % BURST === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
