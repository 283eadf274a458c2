// The requests, in bgpd's own terms.

import { bgpd } from "imsg-wasm/protocols/bgpd";
import { parseAddress, parsePrefix } from "./addresses.mjs";

/** @import { Encodable } from "imsg-wasm/protocol" */
/** @import { CtlShowRibRequest, NetworkConfig } from "imsg-wasm/protocols/bgpd" */
/** @import { RibFilter } from "./types.ts" */

/** The longest message that bgpd sends or takes, with its header. */
export const MAX_SIZE = bgpd.maxSize;

/**
 * Which routes are asked for.
 *
 * @param {RibFilter} filter
 * @returns {Encodable<typeof CtlShowRibRequest>}
 */
export function ribRequest({ prefix, neighbor, family }) {
  const wanted = prefix === undefined ? undefined : parsePrefix(prefix);
  return {
    ...(neighbor !== undefined && {
      neighbor: parseAddress(neighbor) === undefined ? { descr: neighbor } : { addr: neighbor },
    }),
    ...(wanted && { prefix: wanted.text, prefixlen: wanted.prefixlen }),
    ...(family && { aid: family === 4 ? "INET" : "INET6" }),
  };
}

/**
 * A prefix to announce or withdraw.
 *
 * @param {string} prefix
 * @returns {Encodable<typeof NetworkConfig>}
 */
export function network(prefix) {
  const { text, prefixlen } = parsePrefix(prefix);
  return { prefix: text, prefixlen };
}
