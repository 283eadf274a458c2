// The columns of the routes, and the words for a route.

import { pathNumbers } from "../../bgpd/aspath.mjs";
import { span } from "../../bgpd/times.mjs";
import type { RibEntry } from "../../bgpd/types.ts";
import { type Column, fitWords } from "./columns.ts";
import type { RouteRow } from "./route.ts";

/** bgpctl's letters for it. */
export const flagsOf = (entry: RibEntry): string =>
  [
    entry.filtered ? "F" : "",
    entry.announced ? "A" : "",
    entry.source === "internal" ? "I" : "",
    entry.stale ? "S" : "",
    entry.valid ? "*" : "",
    entry.best ? ">" : "",
    entry.ecmp ? "m" : "",
  ].join("");

/** The word for the rank of a route. */
export function rankOf(entry: RibEntry): string {
  if (entry.best) return "best";
  if (entry.filtered) return "filtered";
  if (entry.stale) return "stale";
  return entry.valid ? "valid" : "ineligible";
}

/** The neighbor that a route is from. */
export const neighborOf = (entry: RibEntry): string =>
  entry.announced ? "this router" : (entry.neighbor.description ?? entry.neighbor.remote_addr);

/** Without an address, bgpctl has question marks. */
export const known = (address: string): string => (address === "???" ? "–" : address);

/** All communities of a route, as bgpctl prints them. */
const communitiesOf = (entry: RibEntry): string[] =>
  [entry.communities, entry.large_communities, entry.extended_communities].flatMap(
    (list) => list ?? [],
  );

/** The present age of a route: its age in the listing, and the time since then. */
export function ageOf({ last_update, last_update_sec }: RibEntry, askedAt: number): string {
  if (Number.isNaN(last_update_sec)) return last_update;
  return span(last_update_sec + Math.floor((Date.now() - askedAt) / 1000));
}

/** @param askedAt returns when bgpd was asked */
export const routeColumns = (askedAt: () => number): Column<RouteRow>[] => [
  {
    key: "flags",
    title: "Flags",
    description: "bgpctl’s flags",
    text: ({ entry }) => flagsOf(entry),
    kind: ({ entry }) => rankOf(entry),
    width: 5,
    measured: true,
    rank: 0,
  },
  {
    key: "prefix",
    title: "Prefix",
    text: ({ entry }) => entry.prefix,
    order: ({ order }) => order,
    width: 14,
    measured: true,
    rank: 0,
  },
  {
    key: "path",
    title: "AS path",
    text: ({ entry }, room) => fitWords(entry.aspath.split(" "), room, "middle") || "–",
    whole: ({ entry }) => entry.aspath,
    order: (row) => pathNumbers(row.decode().entry.aspath).length,
    width: 24,
    measured: true,
    most: 42,
    elastic: true,
    grow: 2,
    rank: 0,
  },
  {
    key: "rpki",
    title: "RPKI",
    description: "Origin validation",
    text: ({ entry }) => entry.ovs,
    kind: ({ entry }) => entry.ovs,
    order: (row) => row.decode().entry.ovs,
    width: 13,
    rank: 1,
  },
  {
    key: "communities",
    title: "Communities",
    text: ({ entry }, room) => fitWords(communitiesOf(entry), room, "end") || "–",
    whole: ({ entry }) => communitiesOf(entry).join(" "),
    kind: ({ entry }) => (communitiesOf(entry).length === 0 ? "none" : "some"),
    width: 22,
    measured: true,
    most: 42,
    elastic: true,
    grow: 1,
    rank: 4,
  },
  {
    key: "neighbor",
    title: "From",
    text: ({ entry }) => neighborOf(entry),
    order: (row) => neighborOf(row.decode().entry),
    width: 13,
    measured: true,
    most: 24,
    rank: 2,
  },
  {
    key: "nexthop",
    title: "Next hop",
    text: ({ entry }) => known(entry.exit_nexthop),
    order: (row) => row.decode().entry.exit_nexthop,
    width: 11,
    measured: true,
    rank: 6,
  },
  {
    key: "aspa",
    title: "ASPA",
    description: "Path validation",
    text: ({ entry }) => entry.avs,
    kind: ({ entry }) => entry.avs,
    order: (row) => row.decode().entry.avs,
    width: 11,
    rank: 5,
  },
  {
    key: "localpref",
    title: "Pref",
    description: "Local preference",
    text: ({ entry }) => String(entry.localpref),
    order: (row) => row.decode().entry.localpref,
    width: 5,
    measured: true,
    rank: 7,
  },
  {
    key: "med",
    title: "MED",
    text: ({ entry }) => String(entry.metric),
    order: (row) => row.decode().entry.metric,
    width: 4,
    measured: true,
    rank: 8,
  },
  {
    key: "origin",
    title: "Origin",
    text: ({ entry }) => entry.origin,
    order: (row) => row.decode().entry.origin,
    width: 10,
    rank: 9,
  },
  {
    key: "age",
    title: "Age",
    description: "Since the last update",
    text: ({ entry }) => ageOf(entry, askedAt()),
    order: (row) => row.decode().entry.last_update_sec,
    width: 9,
    measured: true,
    rank: 3,
  },
];
