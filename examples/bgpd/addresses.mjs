// Addresses and prefixes as people write them, and as bgpctl prints them.

import { parseIPv4, parseIPv6, printIPv4, printIPv6 } from "imsg-wasm/protocol";
import { aid } from "imsg-wasm/protocols/bgpd";

/** @import { AddressFields } from "imsg-wasm/protocols/bgpd" */
/** @typedef {{ aid: number, bytes: Uint8Array, bits: number, text: string }} ParsedAddress */

/** The text that bgpctl prints in place of an address that it cannot print. */
const UNKNOWN = "???";

/**
 * Reads an address; undefined for any other text.
 *
 * @param {string} text
 * @returns {ParsedAddress | undefined}
 */
export function parseAddress(text) {
  const v4 = parseIPv4(text);
  if (v4 !== undefined) return { aid: aid.INET, bytes: v4, bits: 32, text };
  const v6 = parseIPv6(text);
  return v6 && { aid: aid.INET6, bytes: v6, bits: 128, text };
}

/**
 * Reads a prefix such as 192.0.2.0/24 or 2001:db8::/32; undefined for any other text, such as that
 * of an EVPN route.
 *
 * @param {string} text
 * @returns {(ParsedAddress & { prefixlen: number }) | undefined}
 */
export function readPrefix(text) {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = address === undefined ? undefined : parseAddress(address);
  const prefixlen = Number(length);
  return parsed === undefined || prefixlen > parsed.bits ? undefined : { ...parsed, prefixlen };
}

/**
 * The network of a printed prefix, of any family, to sort and search by: a VPN's is that of the
 * prefix behind the route distinguisher. A route without a network, as EVPN's, has no bytes.
 *
 * @param {string} text
 * @returns {{ aid: number, bytes: Uint8Array, prefixlen: number }}
 */
export function networkOf(text) {
  const found = readPrefix(text.replace(/^rd \S+ /, ""));
  return found ?? { aid: aid.UNSPEC, bytes: new Uint8Array(), prefixlen: 0 };
}

/**
 * Reads a prefix that a person wrote. Throws a TypeError for any other text: use
 * {@link readPrefix} for the prefixes of a listing, which has VPN and EVPN routes, too.
 *
 * @param {string} text
 */
export function parsePrefix(text) {
  const parsed = readPrefix(text);
  if (parsed !== undefined) return parsed;
  throw new TypeError(`"${text}" is no prefix: 192.0.2.0/24 and 2001:db8::/32 are`);
}

/**
 * Reads a prefix, or an address, which stands for the prefix with all of its bits. What stands
 * behind the prefix becomes zero, as in bgpctl's requests.
 *
 * @param {string} text
 */
export function parseDestination(text) {
  const address = parseAddress(text);
  const wanted = address ? { ...address, prefixlen: address.bits } : parsePrefix(text);
  const bytes = wanted.bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, wanted.prefixlen - 8 * i));
    return byte & (0xff00 >> kept);
  });
  return { ...wanted, bytes, text: wanted.bits === 32 ? printIPv4(bytes) : printIPv6(bytes) };
}

/** The names of interfaces by their numbers: only link-local addresses need them. */
const zones = new Map();

/**
 * Names the interfaces of the daemon's machine. Without this, zones are printed as numbers.
 *
 * @param {Iterable<[number, string]>} names
 */
export function nameZones(names) {
  zones.clear();
  for (const [number, name] of names) zones.set(number, name);
}

/** Link-local addresses have the zone's name, others its number. */
function withZoneName(/** @type {string} */ text) {
  const [, address, zone] = /^(fe[89ab][\da-f]:.*|ff[\da-f]2:.*)%(\d+)$/.exec(text) ?? [];
  return address === undefined ? text : `${address}%${zones.get(Number(zone)) ?? zone}`;
}

/** An address as bgpd's structures take it: with the number of its zone. */
export function withZoneNumber(/** @type {string} */ text) {
  const [, address, zone] = /^([^%]+)%([^%]*\D[^%]*)$/.exec(text) ?? [];
  if (address === undefined) return text;
  const [number] = [...zones].find(([, name]) => name === zone) ?? [];
  if (number === undefined) throw new TypeError(`there is no interface "${zone}"`);
  return `${address}%${number}`;
}

const plain = (/** @type {string} */ text, /** @type {number} */ zone) =>
  withZoneName(zone === 0 ? text : `${text}%${zone}`);

/**
 * The IP address within an address of any family, or undefined.
 *
 * @param {AddressFields} fields
 */
function innerAddress({ address, scope_id }) {
  if (address === undefined) return undefined;
  if ("v4" in address) return address.v4;
  if ("v6" in address) return plain(address.v6, scope_id);
  const inner = address.evpn.address;
  if (inner === undefined) return undefined;
  return "v4" in inner ? inner.v4 : plain(inner.v6, scope_id);
}

const hex = (/** @type {Uint8Array} */ bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

/** A route distinguisher, as bgpctl prints it: `rd 65001:100`. */
function printDistinguisher(/** @type {bigint} */ stored) {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, stored, true);
  const type = bytes.getUint16(0);
  if (type === 0) return `rd ${bytes.getUint16(2)}:${bytes.getUint32(4)}`;
  if (type === 1) return `rd ${routerId(bytes.getUint32(2))}:${bytes.getUint16(6)}`;
  if (type === 2) return `rd ${bytes.getUint32(2)}:${bytes.getUint16(6)}`;
  return `rd #${bytes.getBigUint64(0).toString(16).padStart(16, "0")}`;
}

/**
 * An EVPN route of type 2 (MAC and IP advertisement) or 3 (inclusive multicast).
 *
 * @param {AddressFields} fields
 */
function printEvpn(fields) {
  const evpn = fields.address && "evpn" in fields.address ? fields.address.evpn : undefined;
  if (evpn === undefined) return "";
  const rd = printDistinguisher(fields.rd);
  const inner = innerAddress(fields);
  const ending = inner === undefined ? "" : `[${evpn.aid === "INET" ? 32 : 128}]:[${inner}]`;
  if (evpn.type === 3) return ending === "" ? "" : `[3]:[${rd}]:${ending}`;
  if (evpn.type !== 2) return "";
  const [high = 0, middle = 0, low = 0] = fields.labelstack;
  const vni = (high << 16) | (middle << 8) | low;
  const esi = evpn.esi.some((byte) => byte !== 0) ? hex(evpn.esi) : "";
  const route = `[2]:[${rd}]:[${esi}]:[${vni}]:[48]:[${hex(evpn.mac)}]`;
  return ending === "" ? route : `${route}:${ending}`;
}

/**
 * An address as bgpctl prints it: with its route distinguisher for a VPN, all fields of an EVPN
 * route, and "???" for none and for flowspec.
 *
 * @param {string | AddressFields} address
 */
export function printAddress(address) {
  if (typeof address === "string") return address === "" ? UNKNOWN : withZoneName(address);
  if (address.aid === "EVPN") return printEvpn(address);
  const inner = innerAddress(address);
  if (inner === undefined) return UNKNOWN;
  const isVpn = address.aid === "VPN_IPv4" || address.aid === "VPN_IPv6";
  return isVpn ? `${printDistinguisher(address.rd)} ${inner}` : inner;
}

/** A BGP identifier, which is a number that is printed as an address. */
export const routerId = (/** @type {number} */ id) =>
  [id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255].join(".");
