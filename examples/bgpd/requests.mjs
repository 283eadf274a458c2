// The requests, in bgpd's own terms.

import { aid, bgpd, requestFlags } from "imsg-wasm/protocols/bgpd";
import { parseAddress, parseDestination, withZoneNumber } from "./addresses.mjs";
import {
  parseCommunity,
  parseDistinguisher,
  parseExtCommunity,
  parseLargeCommunity,
} from "./communities.mjs";

/** @import { Encodable } from "imsg-wasm/protocol" */
/** @import { CtlKrouteReq, CtlShowRibRequest, FilterSet, NetworkConfig } from "imsg-wasm/protocols/bgpd" */
/** @import { Attributes, Family, FibFilter, NeighborFilter, RibFilter } from "./types.ts" */
/** @typedef {Exclude<Encodable<typeof CtlShowRibRequest>, Uint8Array>} RibRequest */
/** @typedef {keyof typeof requestFlags} RequestFlag */

/** The longest message that bgpd sends or takes, with its header. */
export const MAX_SIZE = bgpd.maxSize;

/** AF_INET is 2 everywhere; AF_INET6 is a number of the daemon's system. */
const AF_INET = 2;
/** @type {Record<string, number>} */
const AF_INET6 = { linux: 10, openbsd: 24, freebsd: 28, netbsd: 24, darwin: 30 };

/** @type {Record<Family, keyof typeof aid>} */
const AIDS = { 4: "INET", 6: "INET6", VPNv4: "VPN_IPv4", VPNv6: "VPN_IPv6" };

/**
 * Which neighbors are meant.
 *
 * @param {NeighborFilter} filter
 */
export function neighborRequest({ neighbor, group }) {
  if (group !== undefined) return { descr: group, is_group: 1 };
  if (neighbor === undefined) return {};
  const isAddress = parseAddress(neighbor.replace(/%.*/, "")) !== undefined;
  return isAddress ? { addr: withZoneNumber(neighbor) } : { descr: neighbor };
}

/**
 * The flags of a filter: for each member that is set, the flag of that member.
 *
 * @param {RibFilter} filter
 * @returns {RequestFlag[]}
 */
function ribFlags(filter) {
  const { include, ovs = [], avs = [] } = filter;
  /** @type {[boolean | undefined, RequestFlag][]} */
  const all = [
    [filter.detail, "CTL_DETAIL"],
    [filter.in, "CTL_ADJ_IN"],
    [filter.out, "CTL_ADJ_OUT"],
    [filter.best, "CTL_BEST"],
    [filter.invalid, "CTL_INVALID"],
    [filter.leaked, "CTL_LEAKED"],
    [filter.filtered, "CTL_FILTERED"],
    [filter.disqualified, "CTL_INELIGIBLE"],
    [filter.pathId !== undefined, "CTL_HAS_PATHID"],
    [include === "or-longer", "LONGER"],
    [include === "or-shorter", "SHORTER"],
    [ovs.includes("valid"), "CTL_OVS_VALID"],
    [ovs.includes("invalid"), "CTL_OVS_INVALID"],
    [ovs.includes("not-found"), "CTL_OVS_NOTFOUND"],
    [avs.includes("valid"), "CTL_AVS_VALID"],
    [avs.includes("invalid"), "CTL_AVS_INVALID"],
    [avs.includes("unknown"), "CTL_AVS_UNKNOWN"],
  ];
  return all.filter(([isSet]) => isSet).map(([, flag]) => flag);
}

/** @type {Record<NonNullable<RibFilter["as"]>["place"], "ALL" | "SOURCE" | "TRANSIT" | "PEER" | "EMPTY">} */
const PLACES = { any: "ALL", source: "SOURCE", transit: "TRANSIT", peer: "PEER", empty: "EMPTY" };

/** @param {NonNullable<RibFilter["as"]>} as */
function asRequest(as) {
  const number = as.place === "empty" ? 0 : as.number;
  return { type: PLACES[as.place], as_min: number, as_max: number };
}

/**
 * The community that is asked for; a request has room for one. Throws a TypeError for a wrong one.
 *
 * @param {RibFilter} filter
 */
export function communityRequest({ community, largeCommunity, extCommunity }) {
  const found = [
    ...(community === undefined ? [] : [parseCommunity(community)]),
    ...(largeCommunity === undefined ? [] : [parseLargeCommunity(largeCommunity)]),
    ...(extCommunity === undefined ? [] : [parseExtCommunity(...extCommunity)]),
  ];
  if (found.length > 1) throw new TypeError("bgpd looks for one community at a time");
  return found[0];
}

/**
 * Which routes are asked for.
 *
 * @param {RibFilter} filter
 * @returns {RibRequest}
 */
export function ribRequest(filter) {
  const { prefix, family, table, as, pathId } = filter;
  const wanted = prefix === undefined ? undefined : parseDestination(prefix);
  const community = communityRequest(filter);
  return {
    neighbor: neighborRequest(filter),
    flags: ribFlags(filter),
    ...(wanted && { prefix: wanted.text, prefixlen: wanted.prefixlen }),
    ...(family !== undefined && { aid: AIDS[family] }),
    ...(table !== undefined && { rib: table }),
    ...(as !== undefined && { as: asRequest(as) }),
    ...(community !== undefined && { community }),
    ...(pathId !== undefined && { path_id: pathId }),
  };
}

/**
 * The request for networks or flowspec rules.
 *
 * @param {Family | undefined} family
 * @param {"network" | "flowspec"} what
 * @returns {RibRequest}
 */
export function announcedRequest(family, what) {
  if (family === undefined) return {};
  if (what === "network") return { aid: AIDS[family] };
  if (family !== 4 && family !== 6) throw new TypeError("flowspec rules are of IPv4 or IPv6");
  return { aid: ruleFamily(family) };
}

/**
 * The address family of a flowspec rule.
 *
 * @param {4 | 6} family
 * @returns {"FLOWSPECv4" | "FLOWSPECv6"}
 */
const ruleFamily = (family) => (family === 4 ? "FLOWSPECv4" : "FLOWSPECv6");

/**
 * Which routes of the kernel are asked for.
 *
 * @param {FibFilter} filter
 * @returns {Encodable<typeof CtlKrouteReq>}
 */
export function fibRequest({ family, kinds = [] }) {
  const system = /** @type {{ process?: { platform: string } }} */ (globalThis).process?.platform;
  const v6 = AF_INET6[system ?? "linux"] ?? AF_INET6.linux;
  // a family without kernel routes of its own stands for its addresses' family, as in bgpctl
  const af = family === undefined ? 0 : family === 4 || family === "VPNv4" ? AF_INET : v6;
  return { flags: kinds, af };
}

/**
 * A network to announce or withdraw.
 *
 * @param {string} prefix
 * @param {string | undefined} rd
 * @returns {Encodable<typeof NetworkConfig>}
 */
export function networkRequest(prefix, rd) {
  const { text, prefixlen } = parseDestination(prefix);
  return { prefix: text, prefixlen, ...(rd !== undefined && { rd: parseDistinguisher(rd) }) };
}

/** @typedef {Encodable<typeof FilterSet>} SetRequest */

/** @param {string} nexthop @returns {SetRequest} */
function nexthopSet(nexthop) {
  if (nexthop === "blackhole") return { type: "SET_NEXTHOP_BLACKHOLE" };
  if (nexthop === "reject") return { type: "SET_NEXTHOP_REJECT" };
  if (nexthop === "no-modify") return { type: "SET_NEXTHOP_NOMODIFY" };
  if (parseAddress(nexthop) === undefined) throw new TypeError(`"${nexthop}" is no nexthop`);
  return { type: "SET_NEXTHOP", action: { nexthop } };
}

/**
 * Returns one request for each attribute with which a network or rule is announced.
 *
 * @param {Attributes} attributes
 * @returns {SetRequest[]}
 */
export function attributeSets(attributes) {
  const { community = [], largeCommunity = [], extCommunity = [] } = attributes;
  const { localpref, med, weight, prependSelf, prependNeighbor, nexthop, pftable } = attributes;
  const communities = [
    ...community.map(parseCommunity),
    ...largeCommunity.map(parseLargeCommunity),
    ...extCommunity.map(([name, value]) => parseExtCommunity(name, value)),
  ];
  /** @type {(SetRequest | false)[]} */
  const all = [
    ...communities.map(
      (each) => /** @type {SetRequest} */ ({ type: "SET_COMMUNITY", action: { community: each } }),
    ),
    localpref !== undefined && { type: "SET_LOCALPREF", action: { metric: localpref } },
    med !== undefined && { type: "SET_MED", action: { metric: med } },
    weight !== undefined && { type: "SET_WEIGHT", action: { metric: weight } },
    prependSelf !== undefined && { type: "SET_PREPEND_SELF", action: { prepend: prependSelf } },
    prependNeighbor !== undefined && {
      type: "SET_PREPEND_PEER",
      action: { prepend: prependNeighbor },
    },
    nexthop !== undefined && nexthopSet(nexthop),
    pftable !== undefined && { type: "PFTABLE", action: { pftable } },
  ];
  return all.filter((each) => each !== false);
}

/** The address whose route is asked for. */
export function addressRequest(/** @type {string} */ text) {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`"${text}" is no address`);
  return parsed.aid === aid.INET
    ? { address: { v4: text }, aid: /** @type {const} */ ("INET") }
    : { address: { v6: text }, aid: /** @type {const} */ ("INET6") };
}

/** A flowspec rule by its bytes. */
export const ruleRequest = (/** @type {4 | 6} */ family, /** @type {Uint8Array} */ data) => ({
  len: data.length,
  aid: ruleFamily(family),
  data,
});
