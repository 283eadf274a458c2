// Communities of all three kinds: as bgpctl prints them, and as a request names them.

import { parseIPv4 } from "imsg-wasm/protocol";
import { routerId } from "./addresses.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { Community } from "imsg-wasm/protocols/bgpd" */
/** @typedef {Decoded<typeof Community>} CommunityFields */

const KIND = { BASIC: 8, EXT: 16, LARGE: 32 };
/** The words that match more than one number in a request, by bgpd's number for each. */
const WILD = new Map([
  ["*", 1],
  ["neighbor-as", 2],
  ["local-as", 3],
]);

const WELL_KNOWN_AS = 0xffff;
const WELL_KNOWN = new Map([
  [0x0000, "GRACEFUL_SHUTDOWN"],
  [0x029a, "BLACKHOLE"],
  [0xff01, "NO_EXPORT"],
  [0xff02, "NO_ADVERTISE"],
  [0xff03, "NO_EXPORT_SUBCONFED"],
  [0xff04, "NO_PEER"],
]);

/** The meanings of well-known communities, by the names that bgpctl prints; IANA registers them. */
const MEANINGS = new Map([
  ["GRACEFUL_SHUTDOWN", "the session goes down soon: prefer another route (RFC 8326)"],
  ["BLACKHOLE", "packets to the prefix are dropped (RFC 7999)"],
  ["NO_EXPORT", "not announced outside the AS or its confederation (RFC 1997)"],
  ["NO_ADVERTISE", "not announced to any neighbor (RFC 1997)"],
  ["NO_EXPORT_SUBCONFED", "not announced to external neighbors (RFC 1997)"],
  ["NO_PEER", "not announced to bilateral peers (RFC 3765)"],
  ["65535:1", "ACCEPT_OWN: accepted by its own originator (RFC 7611)"],
  ["65535:2", "ROUTE_FILTER_TRANSLATED_v4"],
  ["65535:3", "ROUTE_FILTER_v4"],
  ["65535:4", "ROUTE_FILTER_TRANSLATED_v6"],
  ["65535:5", "ROUTE_FILTER_v6"],
  ["65535:6", "LLGR_STALE: kept by long-lived graceful restart (RFC 9494)"],
  ["65535:7", "NO_LLGR: not kept by long-lived graceful restart (RFC 9494)"],
  ["65535:8", "accept-own-nexthop"],
  ["65535:9", "standby PE (RFC 9026)"],
  ["ovs valid", "the origin is valid, says a router of this AS (RFC 8097)"],
  ["ovs not-found", "no ROA covers the route, says a router of this AS (RFC 8097)"],
  ["ovs invalid", "the origin is invalid, says a router of this AS (RFC 8097)"],
]);

/**
 * Describes a well-known community in words; undefined for any other one.
 *
 * @param {string} text as bgpctl prints it, such as NO_EXPORT, 65535:6 or `ovs valid`
 */
export const communityMeaning = (text) => MEANINGS.get(text);

/** The types of extended communities, which give the six bytes of the value their meaning. */
const EXT = {
  AS2: 0x00,
  IPV4: 0x01,
  AS4: 0x02,
  OPAQUE: 0x03,
  EVPN: 0x06,
  LOCAL_OPAQUE: 0x43,
  GENERIC_AS2: 0x80,
  GENERIC_IPV4: 0x81,
  GENERIC_AS4: 0x82,
};
const { AS2, IPV4, AS4, OPAQUE, EVPN, LOCAL_OPAQUE, GENERIC_AS2, GENERIC_IPV4, GENERIC_AS4 } = EXT;

/** The names of the subtypes, with the types in which they exist; the numbers are IANA's. */
const SUBTYPES = /** @type {[name: string, subtype: number, ...types: number[]][]} */ ([
  ["rt", 0x02, AS2, AS4, IPV4],
  ["soo", 0x03, AS2, AS4, IPV4],
  ["odi", 0x05, AS2, AS4, IPV4],
  ["bdc", 0x08, AS2, AS4],
  ["srcas", 0x09, AS2, AS4],
  ["l2vid", 0x0a, AS2, IPV4],
  ["ori", 0x07, IPV4],
  ["vrfri", 0x0b, IPV4],
  ["ort", 0x06, OPAQUE],
  ["encap", 0x0c, OPAQUE],
  ["defgw", 0x0d, OPAQUE],
  ["ovs", 0x00, LOCAL_OPAQUE],
  ["mac-mob", 0x00, EVPN],
  ["esi-lab", 0x01, EVPN],
  ["esi-rt", 0x02, EVPN],
  ["flow-rate", 0x06, GENERIC_AS2],
  ["flow-pps", 0x0c, GENERIC_AS2],
  ["flow-action", 0x07, GENERIC_AS2],
  ["flow-rt-redir", 0x08, GENERIC_AS2, GENERIC_IPV4, GENERIC_AS4],
  ["flow-dscp", 0x09, GENERIC_AS2],
]);
/** The results of origin validation; the index is the number in an extended community. */
const OVS = ["valid", "not-found", "invalid"];

/** @param {number} as @param {number} value */
const basic = (as, value) =>
  (as === WELL_KNOWN_AS ? WELL_KNOWN.get(value) : undefined) ?? `${as}:${value}`;

/** @param {number} type @param {number} subtype */
function subtypeName(type, subtype) {
  const [name] = SUBTYPES.find(([, n, ...types]) => n === subtype && types.includes(type)) ?? [];
  return name ?? `[${type.toString(16)}:${subtype.toString(16)}]`;
}

/** An extended community by the bytes that a BGP message has of it. */
function extended(/** @type {bigint} */ bytes) {
  const type = Number(bytes >> 56n);
  const subtype = Number((bytes >> 48n) & 0xffn);
  const value = bytes & 0xffffffffffffn;
  const name = subtypeName(type, subtype);
  switch (type) {
    case AS2:
    case GENERIC_AS2:
      return `${name} ${value >> 32n}:${value & 0xffffffffn}`;
    case AS4:
    case GENERIC_AS4:
      return `${name} ${value >> 16n}:${value & 0xffffn}`;
    case IPV4:
    case GENERIC_IPV4:
      return `${name} ${routerId(Number(value >> 16n))}:${value & 0xffffn}`;
    case LOCAL_OPAQUE:
      if (subtype === 0 && value < 3n) return `${name} ${OVS[Number(value)]}`;
      return `${name} 0x${value.toString(16)}`;
    case OPAQUE:
    case EVPN:
      return `${name} 0x${value.toString(16)}`;
    default:
      return `0x${bytes.toString(16)}`;
  }
}

/** The bytes of an extended community that bgpd keeps as three numbers. */
function extendedBytes(/** @type {CommunityFields} */ { data1, data2, data3 }) {
  const head = BigInt(data3 & 0xffff) << 48n;
  switch ((data3 >> 8) & 0x3f) {
    case AS2:
    case OPAQUE:
    case EVPN:
      return head | (BigInt(data1 & 0xffff) << 32n) | BigInt(data2);
    case AS4:
    case IPV4:
      return head | (BigInt(data1) << 16n) | BigInt(data2 & 0xffff);
    default:
      return head;
  }
}

/**
 * The communities of a route by their kinds, as the lists of `bgpctl -j`; a kind that the route has
 * none of has no list.
 *
 * @param {readonly CommunityFields[]} communities
 * @returns {import("./types.ts").CommunityLists}
 */
export function printCommunities(communities) {
  /** @type {import("./types.ts").CommunityLists} */
  const lists = {};
  for (const community of communities) {
    const { flags, data1, data2, data3 } = community;
    if (flags === KIND.BASIC) {
      lists.communities ??= [];
      lists.communities.push(basic(data1 & 0xffff, data2 & 0xffff));
    } else if (flags === KIND.LARGE) {
      lists.large_communities ??= [];
      lists.large_communities.push(`${data1}:${data2}:${data3}`);
    } else if (flags === KIND.EXT) {
      lists.extended_communities ??= [];
      lists.extended_communities.push(extended(extendedBytes(community)));
    }
  }
  return lists;
}

/** @param {string} text @param {string} why */
const wrong = (text, why) => new TypeError(`"${text}" is no community: ${why}`);

/**
 * One number of a community, or a word that stands for several numbers.
 *
 * @param {string} whole
 * @param {string} text
 * @param {number} bits
 */
function part(whole, text, bits) {
  const wild = WILD.get(text) ?? 0;
  const value = wild === 0 ? Number(text) : 0;
  if (wild === 0 && (!/^\d+$/.test(text) || value >= 2 ** bits)) {
    throw wrong(whole, `"${text}" is no number below ${2 ** bits}, * or a word for an AS`);
  }
  return { value, wild };
}

/** A community such as 65001:100, 65001:* or NO_EXPORT. */
export function parseCommunity(/** @type {string} */ text) {
  const known = [...WELL_KNOWN].find(([, name]) => name === text.toUpperCase());
  if (known !== undefined) {
    return { flags: KIND.BASIC, data1: WELL_KNOWN_AS, data2: known[0], data3: 0 };
  }
  const [first, second, ...more] = text.split(":");
  if (first === undefined || second === undefined || more.length > 0) {
    throw wrong(text, "65001:100 and NO_EXPORT are");
  }
  const [as, value] = [part(text, first, 16), part(text, second, 16)];
  const flags = KIND.BASIC | (as.wild << 8) | (value.wild << 16);
  return { flags, data1: as.value, data2: value.value, data3: 0 };
}

/** A large community such as 65001:1:2, with * for any number. */
export function parseLargeCommunity(/** @type {string} */ text) {
  const [first, second, third, ...more] = text.split(":");
  if (first === undefined || second === undefined || third === undefined || more.length > 0) {
    throw wrong(text, "65001:1:2 is a large one");
  }
  const number = (/** @type {string} */ each) => part(text, each, 32);
  const [a, b, c] = [number(first), number(second), number(third)];
  const flags = (KIND.LARGE | (a.wild << 8) | (b.wild << 16) | (c.wild << 24)) >>> 0;
  return { flags, data1: a.value, data2: b.value, data3: c.value };
}

/** Which type an extended community has whose subtype exists in several, by its first part. */
function typeOf(/** @type {string} */ first) {
  if (WILD.has(first) && first !== "*") return AS2;
  const dots = first.split(".").length - 1;
  if (dots > 1) return IPV4;
  return dots === 1 || Number(first) > 0xffff ? AS4 : AS2;
}

/**
 * The first part of an extended community: an AS number, which may have a dot, or an address.
 *
 * @param {string} whole
 * @param {string} text
 * @param {number} type
 */
function administrator(whole, text, type) {
  if ((type & 0x3f) === IPV4) {
    const bytes = parseIPv4(text);
    if (bytes === undefined) throw wrong(whole, `"${text}" is no IPv4 address`);
    return { value: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), wild: 0 };
  }
  const [, high, low] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  if ((type & 0x3f) === AS4 && high !== undefined && low !== undefined) {
    const value = part(whole, high, 16).value * 65536 + part(whole, low, 16).value;
    return { value, wild: 0 };
  }
  return part(whole, text, (type & 0x3f) === AS2 ? 16 : 32);
}

/**
 * An extended community by its subtype and value, such as `rt` and `65001:100`; `*` and `*` for any.
 *
 * @param {string} name
 * @param {string} text
 */
export function parseExtCommunity(name, text) {
  if (name === "*" && text === "*") {
    return { flags: (KIND.EXT | (1 << 24)) >>> 0, data1: 0, data2: 0, data3: 0 };
  }
  const whole = `${name} ${text}`;
  const [, subtype, ...found] = SUBTYPES.find(([each]) => each === name) ?? [];
  if (subtype === undefined) throw wrong(whole, `there is no subtype "${name}"`);
  const types = /** @type {number[]} */ (found);
  // -1: a subtype of several types gets its type from the form of the value, below
  const [only = -1, ...others] = types;
  const type = others.length === 0 ? only : -1;
  const number = (/** @type {number} */ known) => ((known << 8) | subtype) >>> 0;
  if (text === "*") return { flags: KIND.EXT | (1 << 8), data1: 0, data2: 0, data3: number(type) };
  if (type === OPAQUE || type === EVPN) {
    if (!/^(0x[\da-f]{1,12}|\d+)$/i.test(text)) throw wrong(whole, `"${text}" is no number`);
    const value = BigInt(text);
    if (value >= 1n << 48n) throw wrong(whole, "the value has more than 48 bits");
    const [data1, data2] = [Number(value >> 32n), Number(value & 0xffffffffn)];
    return { flags: KIND.EXT, data1, data2, data3: number(type) };
  }
  if (type === LOCAL_OPAQUE) {
    const data2 = OVS.indexOf(text);
    if (data2 === -1) throw wrong(whole, `one of ${OVS.join(", ")} is`);
    return { flags: KIND.EXT, data1: 0, data2, data3: number(type) };
  }
  const [first, second, ...more] = text.split(":");
  if (first === undefined || second === undefined || more.length > 0)
    throw wrong(whole, "rt 65001:100 is an extended one");
  // the subtypes of flow specifications are in the generic types, which bgpctl overlooks
  const generic = types.every((each) => each >= GENERIC_AS2) ? GENERIC_AS2 : 0;
  const final = type === -1 ? typeOf(first) | generic : type;
  if (!types.includes(final)) throw wrong(whole, `"${first}" is not of a type that ${name} has`);
  const as = administrator(whole, first, final);
  const value = part(whole, second, (final & 0x3f) === AS2 ? 32 : 16);
  const flags = KIND.EXT | (as.wild << 8) | (value.wild << 16);
  return { flags, data1: as.value, data2: value.value, data3: number(final) };
}

/** The number that a network's route distinguisher is stored as, such as that of 65001:100. */
export function parseDistinguisher(/** @type {string} */ text) {
  const { data1, data2, data3 } = parseExtCommunity("rt", text);
  const type = data3 >> 8;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint16(0, type);
  if (type === AS2) {
    bytes.setUint16(2, data1);
    bytes.setUint32(4, data2);
  } else {
    bytes.setUint32(2, data1);
    bytes.setUint16(6, data2);
  }
  return bytes.getBigUint64(0, true);
}
