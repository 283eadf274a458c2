// The payloads of requests, written with the original's own ibuf functions.

import { Ibuf } from "imsg-wasm/c";
import { ADDRESS, AID, parseAddress, parsePrefix } from "./addresses.mjs";

/** @import { RibFilter } from "./types.ts" */

/** Message types of bgpd's control socket. */
export const Type = {
  END: 1,
  RESULT: 12,
  SHOW_NEIGHBOR: 13,
  SHOW_RIB: 16,
  SHOW_RIB_PREFIX: 17,
  SHOW_RIB_MEM: 22,
  SHOW_FIB_TABLES: 26,
  NETWORK_ADD: 30,
  NETWORK_REMOVE: 33,
  NETWORK_DONE: 35,
};

/** The longest message that bgpd sends or takes, with its header. */
export const MAX_SIZE = 131072;

const DESCRIPTION = 64;

/**
 * Fills a structure of zeros and hands out its bytes.
 *
 * @param {number} size
 * @param {(ibuf: Ibuf) => void} fill
 */
function write(size, fill) {
  const ibuf = Ibuf.open(size);
  try {
    ibuf.addZero(size);
    fill(ibuf);
    return ibuf.data();
  } finally {
    ibuf.dispose();
  }
}

/** @param {Ibuf} ibuf @param {number} at @param {{ aid: number, bytes: Uint8Array }} address */
function setAddress(ibuf, at, { aid, bytes }) {
  ibuf.set(at, bytes);
  ibuf.setN8(at + ADDRESS.aid, aid);
}

/**
 * Asks for the RIB, or a part of it: a struct ctl_show_rib_request.
 *
 * @param {RibFilter} filter
 */
export function ribRequest({ prefix, neighbor, family }) {
  const data = write(728, (ibuf) => {
    if (neighbor !== undefined) {
      const address = parseAddress(neighbor);
      if (address !== undefined) setAddress(ibuf, 64, address);
      else ibuf.set(64 + ADDRESS.size, text(neighbor, DESCRIPTION));
    }
    if (prefix !== undefined) {
      const parsed = parsePrefix(prefix);
      setAddress(ibuf, 464, parsed);
      ibuf.setN8(721, parsed.prefixlen);
    }
    if (family !== undefined) ibuf.setN8(722, family === 4 ? AID.ipv4 : AID.ipv6);
  });
  return { type: prefix === undefined ? Type.SHOW_RIB : Type.SHOW_RIB_PREFIX, data };
}

/** Announces or withdraws a prefix: a struct network_config. */
export function network(/** @type {string} */ prefix) {
  const parsed = parsePrefix(prefix);
  return write(240, (ibuf) => {
    setAddress(ibuf, 0, parsed);
    ibuf.setN8(230, parsed.prefixlen);
  });
}

/** The bytes of a string that fit a char array with its NUL. */
function text(/** @type {string} */ value, /** @type {number} */ size) {
  const bytes = new TextEncoder().encode(value);
  if (bytes.length < size && !bytes.includes(0)) return bytes;
  throw new RangeError(`"${value}" is too long: ${size - 1} bytes fit`);
}
