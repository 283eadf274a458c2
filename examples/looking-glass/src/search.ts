import { networkOf, parseAddress, readPrefix } from "../../bgpd/addresses.mjs";
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
  /** Of the family 0 and without bytes for EVPN and flowspec routes, whose prefixes are only text. */
  readonly network: Network;
  /** The words for its state: best, valid, filtered, internal, the results of RPKI and ASPA, … */
  readonly states: ReadonlySet<string>;
}

/** An IPv4 or IPv6 network. */
export interface Network {
  aid: number;
  bytes: Uint8Array;
  prefixlen: number;
}

/** The word for the rank of a route. */
export function rankOf(entry: RibEntry): string {
  if (entry.best) return "best";
  if (entry.filtered) return "filtered";
  if (entry.stale) return "stale";
  return entry.valid ? "valid" : "invalid";
}

const orderOf = ({ aid, bytes, prefixlen }: Network): string => {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${aid}${hex}${String(prefixlen).padStart(3, "0")}`;
};

/** A route of the listing with what it is found and sorted by. */
export function routeOf(entry: RibEntry): Route {
  const { neighbor, prefix, exit_nexthop, aspath, origin, ovs, avs } = entry;
  const path = aspath.match(/\d+/g) ?? [];
  const network = networkOf(prefix);
  const flags = ["valid", "filtered", "stale", "announced", "ecmp"] as const;
  return {
    entry,
    network,
    path,
    hops: path.length,
    // what is no IP prefix stands behind all that are
    order: network.aid === 0 ? `~${prefix}` : orderOf(network),
    states: new Set([
      ...flags.filter((flag) => entry[flag]),
      ...[rankOf(entry), entry.source, `rpki:${ovs}`, `ovs:${ovs}`, `aspa:${avs}`, `avs:${avs}`],
    ]),
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
 * Every word has to match: an address by the network it is in, a prefix by the networks that it
 * covers or that cover it, the beginning of an address by that, AS and a number by the path, ^64500,
 * _64510_ and 64510$ by the path's beginning, any place and end, best or rpki:invalid by the state,
 * others as text anywhere.
 */
export function filterOf(search: string): Filter {
  const words = search
    .trim()
    .toLowerCase()
    .replace(/\bas\s+(?=\d)/g, "as")
    .split(/\s+/);
  const tests = words.filter(Boolean).map(testOf);
  return { all: tests.length === 0, matches: (route) => tests.every((test) => test(route)) };
}

function testOf(word: string): (route: Route) => boolean {
  const [, as] = /^as:?(\d+)$/.exec(word) ?? [];
  if (as !== undefined) return ({ path }) => path.includes(as);
  const pattern = /^([\^_])?(\d+(?:_\d+)*)([$_])?$/.exec(word);
  if (pattern?.[1] !== undefined || pattern?.[3] !== undefined) return pathTest(pattern);
  const prefix = readPrefix(word);
  if (prefix !== undefined) return ({ network }) => overlap(network, prefix);
  const address = parseAddress(word);
  // the beginning of an address, not its middle: 10.7 is no part of 192.10.7.0
  if (address === undefined && /^[\da-f]*[.:][\da-f.:/]*$/.test(word)) {
    return ({ text }) => ` ${text}`.includes(` ${word}`);
  }
  if (address === undefined) return ({ states, text }) => states.has(word) || text.includes(word);
  return ({ network, text }) => covers(network, address) || text.split(" ").includes(word);
}

/** Finds AS numbers that follow one another in a path: at its beginning (^), its end ($), anywhere (_). */
function pathTest([, from, numbers, to]: RegExpExecArray): (route: Route) => boolean {
  const wanted = (numbers ?? "").split("_");
  const isAt = (path: readonly string[], at: number): boolean =>
    wanted.every((number, i) => path[at + i] === number);
  return ({ path }) => {
    const last = path.length - wanted.length;
    if (last < 0 || (from === "^" && to === "$" && last > 0)) return false;
    if (from === "^") return isAt(path, 0);
    if (to === "$") return isAt(path, last);
    return path.some((_, at) => isAt(path, at));
  };
}

/** Whether one of two networks covers the other. */
const overlap = (a: Network, b: Network): boolean =>
  a.prefixlen <= b.prefixlen ? covers(a, b) : covers(b, a);

function covers(
  { aid, bytes, prefixlen }: Network,
  address: { aid: number; bytes: Uint8Array },
): boolean {
  if (aid !== address.aid) return false;
  const whole = prefixlen >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address.bytes[i]) return false;
  const rest = prefixlen & 7;
  return rest === 0 || (bytes[whole] ^ address.bytes[whole]) >> (8 - rest) === 0;
}
