// bgpd's replies as records with the names and values of `bgpctl -j`.

import { printAddress, routerId } from "./addresses.mjs";
import { printAttribute } from "./attributes.mjs";
import { printCommunities } from "./communities.mjs";
import { span } from "./times.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { CtlShowRib, RdeMemstats } from "imsg-wasm/protocols/bgpd" */
/** @import { CommunityFields } from "./communities.mjs" */
/** @import { MemoryUse, RibEntry, RibMemory } from "./types.ts" */

/** The address families by their numbers, in bgpctl's words. */
export const FAMILIES = [
  "unspec",
  "IPv4 unicast",
  "IPv6 unicast",
  "IPv4 vpn",
  "IPv6 vpn",
  "IPv4 flowspec",
  "IPv6 flowspec",
  "EVPN",
];

/**
 * The address families for which an array has a value, by their numbers.
 *
 * @param {readonly number[]} values
 */
export function families(values) {
  return FAMILIES.map((family, aid) => ({ family, value: values[aid] ?? 0 })).filter(
    ({ value }, aid) => aid > 0 && value !== 0,
  );
}

/** bgpctl's words for the results of origin validation (OVS) and path validation (AVS). */
const OVS = { NOTFOUND: "not-found", INVALID: "invalid", VALID: "valid" };
const AVS = { UNKNOWN: "unknown", INVALID: "invalid", VALID: "valid", NEVER_KNOWN: "unknown" };
const ORIGINS = { IGP: "IGP", EGP: "EGP", INCOMPLETE: "incomplete" };

/**
 * The word for a name; `otherwise` for a number that has none.
 *
 * @template {string} Name
 * @param {Record<Name, string>} words
 * @param {Name | number} name
 * @param {string} otherwise
 */
const word = (words, name, otherwise) => (typeof name === "number" ? otherwise : words[name]);

/**
 * An entry of the RIB, with its AS path, and with what was asked for as details.
 *
 * @param {Decoded<typeof CtlShowRib>} route
 * @param {readonly CommunityFields[]} [communities]
 * @param {readonly Uint8Array[]} [attributes] each with the flags, type and length of a BGP message
 * @returns {RibEntry}
 */
export function ribEntry(route, communities = [], attributes = []) {
  const has = (/** @type {typeof route.flags[number]} */ flag) => route.flags.includes(flag);
  return {
    prefix: `${printAddress(route.prefix)}/${route.prefixlen}`,
    aspath: route.aspath,
    exit_nexthop: printAddress(route.exit_nexthop),
    true_nexthop: printAddress(route.true_nexthop),
    neighbor: {
      ...(route.descr !== "" && { description: route.descr }),
      remote_addr: printAddress(route.remote_addr),
      bgp_id: routerId(route.remote_id),
    },
    ...(has("PATH_ID") && { path_id: route.path_id }),
    valid: has("ELIGIBLE"),
    ...(has("FILTERED") && { filtered: true }),
    ...(has("BEST") && { best: true }),
    ...(has("ECMP") && { ecmp: true }),
    ...(has("AS_WIDE") && { "as-wide": true }),
    source: has("INTERNAL") ? "internal" : "external",
    ...(has("STALE") && { stale: true }),
    ...(has("ANNOUNCE") && { announced: true }),
    ovs: word(OVS, route.roa_validation_state, "not-found"),
    avs: word(AVS, route.aspa_validation_state, "unknown"),
    origin: word(ORIGINS, route.origin, "bad origin"),
    metric: route.med,
    localpref: route.local_pref,
    weight: route.weight,
    dmetric: route.dmetric,
    last_update: span(route.age),
    last_update_sec: route.age,
    ...printCommunities(communities),
    ...(attributes.length > 0 && { attributes: attributes.map(printAttribute) }),
  };
}

/** Sizes of the daemon's own structures, by which it counts. */
const SIZE = { ribEntry: 64, prefix: 128, path: 80, communities: 56, community: 16, attribute: 48 };

/**
 * Returns the memory that the RIB uses in the daemon.
 *
 * @param {Decoded<typeof RdeMemstats>} stats
 * @returns {RibMemory}
 */
export function ribMemory(stats) {
  const networks = FAMILIES.map((name, aid) => ({
    name,
    count: stats.pt_cnt[aid] ?? 0,
    size: stats.pt_size[aid] ?? 0,
  })).filter(({ count }) => count !== 0);
  const total =
    networks.reduce((sum, { size }) => sum + size, 0) +
    stats.prefix_cnt * SIZE.prefix +
    stats.rib_cnt * SIZE.ribEntry +
    stats.path_cnt * SIZE.path +
    stats.aspath_size +
    stats.attr_cnt * SIZE.attribute +
    stats.attr_data;
  /** @type {Record<string, MemoryUse>} */
  const byFamily = Object.fromEntries(networks.map(({ name, ...use }) => [name, use]));
  return {
    memory: {
      ...byFamily,
      rib: { count: stats.rib_cnt, size: stats.rib_cnt * SIZE.ribEntry },
      prefix: { count: stats.prefix_cnt, size: stats.prefix_cnt * SIZE.prefix },
      rde_aspath: {
        count: stats.path_cnt,
        size: stats.path_cnt * SIZE.path,
        references: stats.path_refs,
      },
      aspath: { count: stats.aspath_cnt, size: stats.aspath_size },
      community_entries: { count: stats.comm_cnt, size: stats.comm_cnt * SIZE.communities },
      community: {
        count: stats.comm_nmemb,
        size: stats.comm_size * SIZE.community,
        references: stats.comm_refs,
      },
      attributes_entries: {
        count: stats.attr_cnt,
        size: stats.attr_cnt * SIZE.attribute,
        references: stats.attr_refs,
      },
      attributes: { count: stats.attr_dcnt, size: stats.attr_data },
      total: { size: total },
    },
    sets: {
      as_set: { count: stats.aset_nmemb, size: stats.aset_size },
      as_set_tables: { count: stats.aset_cnt },
      prefix_set: { count: stats.pset_cnt, size: stats.pset_size },
      total: { size: stats.aset_size + stats.pset_size },
    },
  };
}
