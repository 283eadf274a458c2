// The bgpctl command that requests the same routes as a filter.

/** @import { RibFilter } from "./types.ts" */

/** @type {Record<4 | 6 | "VPNv4" | "VPNv6", string>} */
const FAMILIES = { 4: "inet", 6: "inet6", VPNv4: "vpnv4", VPNv6: "vpnv6" };

/** The members of a filter that are a word of their own, in bgpctl's words. */
const SWITCHES = /** @type {const} */ ([
  ["in", "in"],
  ["out", "out"],
  ["best", "best"],
  ["invalid", "error"],
  ["leaked", "leaked"],
  ["filtered", "filtered"],
  ["disqualified", "disqualified"],
  ["detail", "detail"],
]);

/** @type {Record<"any" | "source" | "transit" | "peer", string>} */
const PLACES = { any: "as", source: "source-as", transit: "transit-as", peer: "peer-as" };

/** @param {NonNullable<RibFilter["as"]>} as */
const asWords = (as) =>
  as.place === "empty" ? ["empty-as"] : [PLACES[as.place], String(as.number)];

/**
 * The words of a command of bgpctl, without `bgpctl` itself.
 *
 * @param {RibFilter} filter
 */
export function ribWords(filter) {
  const { neighbor, group, table, family, as, pathId, prefix, include } = filter;
  const { community, largeCommunity, extCommunity, ovs = [], avs = [] } = filter;
  return [
    "show",
    "rib",
    ...SWITCHES.filter(([member]) => filter[member]).map(([, word]) => word),
    ...(family === undefined ? [] : [FAMILIES[family]]),
    ...(table === undefined ? [] : ["table", table]),
    ...(neighbor === undefined ? [] : ["neighbor", neighbor]),
    ...(group === undefined ? [] : ["neighbor", "group", group]),
    ...(as === undefined ? [] : asWords(as)),
    ...(community === undefined ? [] : ["community", community]),
    ...(largeCommunity === undefined ? [] : ["large-community", largeCommunity]),
    ...(extCommunity === undefined ? [] : ["ext-community", ...extCommunity]),
    ...ovs.flatMap((state) => ["ovs", state]),
    ...avs.flatMap((state) => ["avs", state]),
    ...(pathId === undefined ? [] : ["path-id", String(pathId)]),
    ...(prefix === undefined ? [] : [prefix]),
    ...(include === undefined ? [] : [include]),
  ];
}

/** A word as a shell takes it. */
const quoted = (/** @type {string} */ word) =>
  /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * The command for a shell.
 *
 * @param {RibFilter} filter
 */
export const ribCommand = (filter) => ["bgpctl", ...ribWords(filter)].map(quoted).join(" ");
