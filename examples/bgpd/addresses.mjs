// Addresses and prefixes as people write them.

import { parseIPv4, parseIPv6 } from "imsg-wasm/protocol";
import { aid } from "imsg-wasm/protocols/bgpd";

/** @import { AddressFields } from "imsg-wasm/protocols/bgpd" */

/**
 * Reads an address; undefined for any other text.
 *
 * @param {string} text
 * @returns {{ aid: number, bytes: Uint8Array, bits: number, text: string } | undefined}
 */
export function parseAddress(text) {
  const v4 = parseIPv4(text);
  if (v4 !== undefined) return { aid: aid.INET, bytes: v4, bits: 32, text };
  const v6 = parseIPv6(text);
  return v6 && { aid: aid.INET6, bytes: v6, bits: 128, text };
}

/**
 * Reads a prefix such as 192.0.2.0/24 or 2001:db8::/32.
 *
 * @param {string} text
 */
export function parsePrefix(text) {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = address === undefined ? undefined : parseAddress(address);
  const prefixlen = Number(length);
  if (parsed === undefined || prefixlen > parsed.bits) {
    throw new TypeError(`"${text}" is no prefix: 192.0.2.0/24 and 2001:db8::/32 are`);
  }
  return { ...parsed, prefixlen };
}

/**
 * The address, or "???" for a family that this client does not print.
 *
 * @param {string | AddressFields} address
 */
export const printAddress = (address) =>
  typeof address === "string" && address !== "" ? address : "???";

/** A BGP identifier, which is a number that is printed as an address. */
export const routerId = (/** @type {number} */ id) =>
  [id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255].join(".");
