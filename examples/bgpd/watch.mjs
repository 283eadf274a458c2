// `watch neighbors`: the changes of neighbors as they happen.

import { setTimeout } from "node:timers/promises";
import { printable } from "./tables.mjs";

/** @import { Printer } from "../common/printer.mjs" */
/** @import { BgpdConnection, Neighbor } from "./types.ts" */

/**
 * One change of a neighbor's value. `from` or `to` is undefined while the neighbor does not exist.
 *
 * @typedef {{ time: string, neighbor: string, remote_addr: string, what: string, from?: string | number, to?: string | number }} ChangeRecord
 */

/** The values that are watched. @type {[what: string, read: (n: Neighbor) => string | number | undefined][]} */
const WATCHED = [
  ["state", (n) => n.state],
  ["prefixes received", (n) => n.stats.prefixes.received],
  ["prefixes sent", (n) => n.stats.prefixes.sent],
  ["marked down", (n) => String(n.config.down)],
  ["last error sent", (n) => n.last_error_sent],
  ["last error received", (n) => n.last_error_received],
  ["shutdown reason received", (n) => n.last_shutdown_reason],
];

/** Identifies a neighbor. */
const keyOf = (/** @type {Neighbor} */ n) => `${n.remote_addr} ${n.remote_as}`;

/**
 * The changes between two looks at all neighbors.
 *
 * @param {Map<string, Neighbor>} before
 * @param {Map<string, Neighbor>} after
 * @param {string} time
 */
export function changes(before, after, time) {
  /** @type {ChangeRecord[]} */
  const found = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)];
    const { description, remote_addr } = /** @type {Neighbor} */ (now ?? old);
    for (const [what, read] of WATCHED) {
      const [from, to] = [old && read(old), now && read(now)];
      if (from === to) continue;
      const record = { time, neighbor: description ?? remote_addr, remote_addr, what };
      found.push({
        ...record,
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      });
    }
  }
  return found;
}

/** @param {ChangeRecord} change */
function lineOf({ time, neighbor, remote_addr, what, from = "none", to = "none" }) {
  const who = neighbor === remote_addr ? neighbor : `${neighbor} (${remote_addr})`;
  return `${time} ${printable(`${who}: ${what} ${from} -> ${to}`)}\n`;
}

/** @param {BgpdConnection} bgpd */
async function look(bgpd) {
  /** @type {Map<string, Neighbor>} */
  const all = new Map();
  for await (const n of bgpd.neighbors()) all.set(keyOf(n), n);
  return all;
}

/**
 * Prints the neighbors as they are, and then each change, until the signal aborts. Rejects when the
 * connection to bgpd is lost.
 *
 * @param {BgpdConnection} bgpd
 * @param {{ json: boolean, interval: number, signal: AbortSignal }} options the interval in milliseconds
 * @param {Printer} out
 */
export async function watch(bgpd, { json, interval, signal }, out) {
  /** @type {Map<string, Neighbor>} */
  let before = new Map();
  while (!signal.aborted) {
    const after = await look(bgpd);
    for (const change of changes(before, after, new Date().toISOString())) {
      await out.write(json ? `${JSON.stringify(change)}\n` : lineOf(change));
    }
    await out.flush();
    before = after;
    await setTimeout(interval, undefined, { signal }).catch(() => {});
  }
}
