// The structures in bgpd's replies, as records with the names and values of `bgpctl -j`.
// Offsets are those of OpenBGPD 8.8 on a 64-bit little-endian machine.

import { read } from "./struct.mjs";
import { span } from "./times.mjs";

/** @import { FibTable, MemoryUse, RibEntry, RibMemory } from "./types.ts" */

const FAMILIES = [
  "unspec",
  "IPv4 unicast",
  "IPv6 unicast",
  "IPv4 vpn",
  "IPv6 vpn",
  "IPv4 flowspec",
  "IPv6 flowspec",
  "EVPN",
];

/** The address families that a field of eight bytes names, with their values. */
export function families(/** @type {Uint8Array} */ bytes) {
  return FAMILIES.map((family, aid) => ({ family, value: bytes[aid] })).filter(
    ({ value }, aid) => aid > 0 && value !== 0,
  );
}

const RIB_ENTRY_SIZE = 392;
const RIB = {
  eligible: 0x1,
  best: 0x2,
  internal: 0x4,
  announced: 0x8,
  stale: 0x10,
  pathId: 0x40,
  ecmp: 0x100,
  asWide: 0x200,
  filtered: 0x400,
};
const ORIGINS = ["IGP", "EGP", "incomplete"];

/** What stands around the numbers of an AS path's segment, by the segment's type. */
const SEGMENTS = new Map([
  [1, ["{ ", " }"]],
  [2, ["", ""]],
  [3, ["( ", " )"]],
  [4, ["[ ", " ]"]],
]);

/** @param {import("imsg-wasm/c").Ibuf} path */
function asPath(path) {
  const segments = [];
  while (path.size > 0) {
    const type = path.getN8();
    const count = path.getN8();
    const numbers = Array.from({ length: count }, () => path.getN32());
    const [open, close] = SEGMENTS.get(type) ?? [`!${type} `, ` !${type}`];
    segments.push(open + numbers.join(" ") + close);
  }
  return segments.join(" ");
}

/**
 * An entry of the RIB, with the AS path that follows it.
 *
 * @param {Uint8Array} data
 * @returns {RibEntry}
 */
export function ribEntry(data) {
  return read(["rib entry", data, RIB_ENTRY_SIZE, true], (s) => {
    const description = s.string(288, 64);
    const flags = s.u32(380);
    const age = s.i64(352);
    return {
      prefix: `${s.address(144)}/${s.u8(384)}`,
      aspath: asPath(s.rest(RIB_ENTRY_SIZE)),
      exit_nexthop: s.address(72),
      true_nexthop: s.address(0),
      neighbor: {
        ...(description !== "" && { description }),
        remote_addr: s.address(216),
        bgp_id: s.routerId(360),
      },
      ...(flags & RIB.pathId && { path_id: s.u32(364) }),
      valid: (flags & RIB.eligible) !== 0,
      ...(flags & RIB.filtered && { filtered: true }),
      ...(flags & RIB.best && { best: true }),
      ...(flags & RIB.ecmp && { ecmp: true }),
      ...(flags & RIB.asWide && { "as-wide": true }),
      source: flags & RIB.internal ? "internal" : "external",
      ...(flags & RIB.stale && { stale: true }),
      ...(flags & RIB.announced && { announced: true }),
      ovs: ["not-found", "invalid", "valid"][s.u8(386)] ?? "not-found",
      avs: ["unknown", "invalid", "valid"][s.u8(387)] ?? "unknown",
      origin: ORIGINS[s.u8(385)] ?? "bad origin",
      metric: s.u32(372),
      localpref: s.u32(368),
      weight: s.u32(376),
      dmetric: s.i8(388),
      last_update: span(age),
      last_update_sec: age,
    };
  });
}

/** Sizes of the daemon's own structures, by which it counts. */
const SIZE = { ribEntry: 64, prefix: 128, path: 80, communities: 56, community: 16, attribute: 48 };

/**
 * What the RIB takes of the daemon's memory.
 *
 * @param {Uint8Array} data
 * @returns {RibMemory}
 */
export function ribMemory(data) {
  return read(["rib memory", data, 288], (s) => {
    const word = (/** @type {number} */ index) => s.i64(index * 8);
    const [paths, pathRefs, prefixes, ribs] = [0, 1, 2, 3].map(word);
    // 4 to 11 count the networks of each family, 12 to 19 are their sizes, 20 counts nexthops
    const networks = FAMILIES.map((name, aid) => ({
      name,
      count: word(4 + aid),
      size: word(12 + aid),
    })).filter(({ count }) => count !== 0);
    const [aspaths, aspathSize] = [21, 22].map(word);
    const [communities, members, communityRoom, communityRefs] = [23, 24, 25, 26].map(word);
    const [attributes, attributeRefs, attributeData, attributeCount] = [27, 28, 29, 30].map(word);
    const [sets, setSize, setMembers, prefixSets, prefixSetSize] = [31, 32, 33, 34, 35].map(word);
    const total =
      networks.reduce((sum, { size }) => sum + size, 0) +
      prefixes * SIZE.prefix +
      ribs * SIZE.ribEntry +
      paths * SIZE.path +
      aspathSize +
      attributes * SIZE.attribute +
      attributeData;
    /** @type {Record<string, MemoryUse>} */
    const byFamily = Object.fromEntries(networks.map(({ name, ...use }) => [name, use]));
    return {
      memory: {
        ...byFamily,
        rib: { count: ribs, size: ribs * SIZE.ribEntry },
        prefix: { count: prefixes, size: prefixes * SIZE.prefix },
        rde_aspath: { count: paths, size: paths * SIZE.path, references: pathRefs },
        aspath: { count: aspaths, size: aspathSize },
        community_entries: { count: communities, size: communities * SIZE.communities },
        community: {
          count: members,
          size: communityRoom * SIZE.community,
          references: communityRefs,
        },
        attributes_entries: {
          count: attributes,
          size: attributes * SIZE.attribute,
          references: attributeRefs,
        },
        attributes: { count: attributeCount, size: attributeData },
        total: { size: total },
      },
      sets: {
        as_set: { count: setMembers, size: setSize },
        as_set_tables: { count: sets },
        prefix_set: { count: prefixSets, size: prefixSetSize },
        total: { size: setSize + prefixSetSize },
      },
    };
  });
}

/**
 * A table of the kernel's routes.
 *
 * @param {Uint8Array} data
 * @returns {FibTable}
 */
export function fibTable(data) {
  return read(["fib table", data, 136], (s) => {
    const [configured, synced] = [s.u8(128), s.u8(129)];
    return {
      rtableid: s.u32(112),
      description: s.string(0, 64),
      coupled: synced !== 0,
      admin_change: synced !== configured,
    };
  });
}
