// The attributes of a route beside its communities, as `bgpctl -j show rib detail` has them.

import { FieldError } from "imsg-wasm/protocol";
import { printAsPath } from "imsg-wasm/protocols/bgpd";
import { routerId } from "./addresses.mjs";

/** @import { RibAttribute } from "./types.ts" */
/** @typedef {(view: DataView, bytes: Uint8Array) => object | undefined} Reader returns undefined for a wrong length */

const FLAG = { OPTIONAL: 0x80, TRANSITIVE: 0x40, PARTIAL: 0x20, EXTENDED_LENGTH: 0x10 };
const ORIGINS = ["IGP", "EGP", "incomplete"];

/**
 * A reader of four bytes.
 *
 * @param {string} name
 * @param {(value: number) => number | string} [print]
 * @returns {Reader}
 */
const number =
  (name, print = (value) => value) =>
  (view) =>
    view.byteLength === 4 ? { [name]: print(view.getUint32(0)) } : undefined;

/** @type {Reader} */
const origin = (view) =>
  view.byteLength === 1 ? { origin: ORIGINS[view.getUint8(0)] ?? "bad origin" } : undefined;

/** @type {Reader} */
function path(_view, bytes) {
  try {
    return { aspath: printAsPath(bytes) };
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return { error: "bad AS-Path" };
  }
}

/** @type {Reader} */
function aggregator(view) {
  const { byteLength } = view;
  if (byteLength !== 8 && byteLength !== 6) return undefined;
  return {
    AS: byteLength === 8 ? view.getUint32(0) : view.getUint16(0),
    router_id: routerId(view.getUint32(byteLength - 4)),
  };
}

/** @type {Reader} */
function clusterList(view) {
  if (view.byteLength % 4 !== 0) return undefined;
  const length = view.byteLength / 4;
  return { cluster_list: Array.from({ length }, (_, i) => routerId(view.getUint32(4 * i))) };
}

/** @type {Reader} */
const data = (_view, bytes) =>
  bytes.length === 0
    ? {}
    : { data: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };

/** The attributes by their numbers, which are IANA's. */
const ATTRIBUTES = new Map(
  /** @type {[number, [string, Reader]][]} */ ([
    [1, ["Origin", origin]],
    [2, ["AS-Path", path]],
    [3, ["Nexthop", number("nexthop", routerId)]],
    [4, ["Med", number("metric")]],
    [5, ["Localpref", number("metric")]],
    [6, ["Atomic Aggregate", data]],
    [7, ["Aggregator", aggregator]],
    [9, ["Originator Id", number("originator", routerId)]],
    [10, ["Cluster Id List", clusterList]],
    [17, ["AS4-Path", path]],
    [18, ["AS4-Aggregator", aggregator]],
    [35, ["OTC", number("as")]],
  ]),
);

/** A length that does not fit the attribute, or the message, is an error of the record. */
const BAD_LENGTH = { error: "bad length" };

/**
 * An attribute with the flags, type and length that a BGP message has before it.
 *
 * @param {Uint8Array} bytes
 * @returns {RibAttribute}
 */
export function printAttribute(bytes) {
  const [flags = 0, type = 0] = bytes;
  const [name, read] = ATTRIBUTES.get(type) ?? [`Unknown Attribute #${type}`, data];
  const head = (flags & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = {
    type: name,
    flags: {
      partial: (flags & FLAG.PARTIAL) !== 0,
      transitive: (flags & FLAG.TRANSITIVE) !== 0,
      optional: (flags & FLAG.OPTIONAL) !== 0,
    },
  };
  if (bytes.length < head) return { ...fields, length: 0, ...BAD_LENGTH };
  const length = head === 3 ? view.getUint8(2) : view.getUint16(2);
  if (length > bytes.length - head) return { ...fields, length, ...BAD_LENGTH };
  const value = bytes.subarray(head, head + length);
  const values = new DataView(value.buffer, value.byteOffset, value.length);
  return { ...fields, length, ...(read(values, value) ?? BAD_LENGTH) };
}
