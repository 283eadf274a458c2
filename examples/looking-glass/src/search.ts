import { parseAddress } from "../../bgpd/addresses.mjs";
import type { RibEntry } from "../../bgpd/types.ts";

/** A route with what it is found and sorted by. */
export interface Route {
  readonly entry: RibEntry;
  /** All that a word may be in. */
  readonly text: string;
  readonly path: readonly string[];
  readonly hops: number;
  /** Sorts as addresses do. */
  readonly order: string;
  readonly network: { aid: number; bytes: Uint8Array; prefixlen: number };
}

export function routeOf(entry: RibEntry, network: Route["network"]): Route {
  const { neighbor, prefix, exit_nexthop, aspath, origin } = entry;
  const path = aspath.match(/\d+/g) ?? [];
  const hex = [...network.bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    entry,
    network,
    path,
    hops: path.length,
    order: `${network.aid}${hex}${String(network.prefixlen).padStart(3, "0")}`,
    text: [prefix, exit_nexthop, neighbor.description, neighbor.remote_addr, aspath, origin]
      .join(" ")
      .toLowerCase(),
  };
}

/** What a search asks for. */
export interface Filter {
  /** Whether it asks for nothing. */
  all: boolean;
  matches: (route: Route) => boolean;
}

/**
 * Every word has to match: an address by the network it is in, the beginning of one by that, AS and
 * a number by the path, others as text anywhere.
 */
export function filterOf(search: string): Filter {
  const tests = search.trim().toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return { all: tests.length === 0, matches: (route) => tests.every((test) => test(route)) };
}

function testOf(word: string): (route: Route) => boolean {
  const [, as] = /^as:?(\d+)$/.exec(word) ?? [];
  if (as !== undefined) return ({ path }) => path.includes(as);
  const address = parseAddress(word);
  // the beginning of an address, not its middle: 10.7 is no part of 192.10.7.0
  if (address === undefined && /^[\da-f]*[.:][\da-f.:/]*$/.test(word)) {
    return ({ text }) => ` ${text}`.includes(` ${word}`);
  }
  if (address === undefined) return ({ text }) => text.includes(word);
  return ({ network, text }) => covers(network, address) || text.split(" ").includes(word);
}

function covers(
  { aid, bytes, prefixlen }: Route["network"],
  address: { aid: number; bytes: Uint8Array },
): boolean {
  if (aid !== address.aid) return false;
  const whole = prefixlen >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address.bytes[i]) return false;
  const rest = prefixlen & 7;
  return rest === 0 || (bytes[whole] ^ address.bytes[whole]) >> (8 - rest) === 0;
}
