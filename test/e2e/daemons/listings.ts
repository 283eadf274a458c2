// Everything that can be asked of a bgpd, in bgpctl's words, by what it has.

import type { RunningBgpd } from "./bgpd.ts";
import type { Json } from "./compare.ts";

type Args = readonly string[];

interface Neighbor {
  remote_addr: string;
  description?: string;
  group?: string;
}

interface Route {
  prefix: string;
  aspath: string;
  path_id?: number;
  communities?: string[];
  large_communities?: string[];
  extended_communities?: string[];
}

const unique = <T>(all: readonly T[]): T[] => [...new Set(all)];

async function records<T>(bgpd: RunningBgpd, name: string, ...args: string[]): Promise<T[]> {
  const document = (await bgpd.json(...args)) as { [name: string]: Json };
  return (document[name] ?? []) as T[];
}

/** Every listing but those of the RIB, for each neighbor and family. */
export async function plainListings(bgpd: RunningBgpd): Promise<Args[]> {
  const neighbors = await records<Neighbor>(bgpd, "neighbors", "show", "neighbor");
  const named = neighbors.flatMap(({ remote_addr, description }): Args[] => [
    ...(remote_addr.includes("/") ? [] : [[remote_addr]]),
    ...(description === undefined ? [] : [[description]]),
  ]);
  const groups = unique(neighbors.flatMap(({ group }) => group ?? [])).map(
    (g): Args => ["group", g],
  );
  const families = ["inet", "inet6", "VPNv4", "VPNv6"];
  return [
    ["show"],
    ["show", "summary"],
    ["show", "summary", "terse"],
    ["show", "neighbor"],
    ...[...named, ...groups].flatMap((who): Args[] =>
      [[], ["messages"], ["terse"], ["timers"]].map((how) => ["show", "neighbor", ...who, ...how]),
    ),
    ["show", "interfaces"],
    ["show", "nexthop"],
    ["show", "tables"],
    ["show", "sets"],
    ["show", "rtr"],
    ["show", "rib", "memory"],
    ["show", "fib"],
    ["show", "fib", "0.0.0.0"],
    ["show", "fib", "127.0.0.1"],
    ["show", "fib", "::1"],
    ...["bgp", "connected", "nexthop", "static", ...families].map(
      (word): Args => ["show", "fib", word],
    ),
    ["show", "fib", "inet", "connected"],
    ["show", "network"],
    ...families.map((word): Args => ["show", "network", word]),
  ];
}

/** Words that a listing of routes may have for the routes that there are. */
function filters(routes: readonly Route[], neighbors: readonly Neighbor[]): Args[] {
  const numbers = unique(routes.flatMap(({ aspath }) => aspath.match(/\d+/g) ?? []));
  const ids = unique(routes.flatMap(({ path_id: id }) => (id === undefined ? [] : [String(id)])));
  return [
    [],
    ...["best", "selected", "in", "error", "filtered", "leaked", "disqualified", "empty-as"].map(
      (word) => [word],
    ),
    ...["valid", "invalid", "not-found"].map((state) => ["ovs", state]),
    ...["valid", "invalid", "unknown"].map((state) => ["avs", state]),
    ["ovs", "valid", "ovs", "invalid"],
    ...["inet", "inet6", "IPv4", "VPNv4", "VPNv6"].map((word) => [word]),
    ...numbers
      .slice(0, 8)
      .flatMap((number) =>
        ["as", "source-as", "transit-as", "peer-as"].map((word) => [word, number]),
      ),
    ...unique(routes.flatMap((r) => r.communities ?? [])).map((c) => ["community", c]),
    ...unique(routes.flatMap((r) => r.large_communities ?? [])).map((c) => ["large-community", c]),
    ...unique(routes.flatMap((r) => r.extended_communities ?? []))
      // bgpctl does not read communities that it prints as numbers, and reads flow-rt-redir as bdc
      .filter((c) => /^[a-z]/.test(c) && !c.startsWith("flow-rt-redir"))
      .map((c) => ["ext-community", ...c.split(" ")]),
    ["community", "65001:*"],
    ["community", "*:*"],
    ["large-community", "*:1:*"],
    ["ext-community", "rt", "*"],
    ["ext-community", "*", "*"],
    ["community", "local-as:*"],
    ...ids.slice(0, 3).map((id) => ["path-id", id]),
    ...neighbors.flatMap(({ remote_addr, description, group }): Args[] => [
      ...(remote_addr.includes("/") ? [] : [["neighbor", remote_addr]]),
      ...(description === undefined ? [] : [["neighbor", description]]),
      ...(group === undefined ? [] : [["neighbor", "group", group]]),
    ]),
    ...neighbors
      .filter(({ remote_addr }) => !remote_addr.includes("/"))
      .map(({ remote_addr }) => ["out", "neighbor", remote_addr]),
    ["table", "Adj-RIB-In"],
    ["table", "Loc-RIB"],
  ];
}

/** The prefixes that bgpctl reads, of those that it prints. */
const asked = (routes: readonly Route[]): string[] =>
  unique(routes.map(({ prefix }) => prefix)).filter((prefix) => /^[\da-f.:]+\/\d+$/.test(prefix));

function destinations(routes: readonly Route[]): Args[] {
  const prefixes = asked(routes);
  return [
    ...prefixes.map((prefix) => [prefix]),
    ...prefixes.map((prefix) => [prefix.replace(/\/.*/, "")]),
    ...[...prefixes, "0.0.0.0/0", "::/0", "10.0.0.0/8"].map((prefix) => [prefix, "or-longer"]),
    ...prefixes.map((prefix) => [prefix, "or-shorter"]),
    ["198.18.0.0/15"],
    ["192.0.2.1", "or-shorter"],
    ["192.0.2.0/24", "all"],
  ];
}

/** Every listing of the RIB: each filter, with and without details, and pairs of filters. */
export async function ribListings(bgpd: RunningBgpd): Promise<Args[]> {
  const routes = await records<Route>(bgpd, "rib", "show", "rib", "in", "detail");
  const all = [...routes, ...(await records<Route>(bgpd, "rib", "show", "rib", "detail"))];
  const neighbors = await records<Neighbor>(bgpd, "neighbors", "show", "neighbor");
  const single = [...filters(all, neighbors), ...destinations(all)];
  const pairs = single.map((filter, i): Args => {
    const other = single[(7 * i + 3) % single.length]!;
    return isPair(filter, other) ? [...filter, ...other, "detail"] : [...filter, "detail"];
  });
  return [...single, ...pairs].map((words) => ["show", "rib", ...words]);
}

/** Whether two filters conflict: bgpctl keeps the last community and prefix. */
function isPair([first]: Args, [second]: Args): boolean {
  const kind = (word: string | undefined): string =>
    word === undefined
      ? ""
      : /community$/.test(word)
        ? "community"
        : /^[\da-f.:/]+$/.test(word)
          ? "prefix"
          : word;
  const [one, other] = [kind(first), kind(second)];
  const needsPeer = [first, second].some((word) => word === "out" || word === "table");
  return one !== other && !needsPeer && !(one.endsWith("as") && other.endsWith("as"));
}
