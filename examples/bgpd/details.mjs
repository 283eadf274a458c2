// Records in full, for people: routes as bgpctl prints them, and anything else as an outline.

import { printable } from "./tables.mjs";

/** @import { RibAttribute, Route } from "./types.ts" */

/** A route's flags with bgpctl's word for each, in the order in which bgpctl prints them. */
const WORDS = /** @type {const} */ ([
  ["FILTERED", "filtered"],
  ["INVALID", "invalid"],
  ["OTC_LEAK", "otc leak"],
  ["STALE", "stale"],
  ["ELIGIBLE", "valid"],
  ["BEST", "best"],
  ["ECMP", "ecmp"],
  ["AS_WIDE", "as-wide"],
  ["ANNOUNCE", "announced"],
]);

const TRANSITIVE = "T";
const OPTIONAL = "O";
const OPTIONAL_TRANSITIVE = "OT";
/** The flags that an attribute has by its standard; bgpctl prints others. Partial ones may be partial. */
/** @type {Record<string, { flags: string, mayBePartial?: true }>} */
const USUAL = {
  Origin: { flags: TRANSITIVE },
  "AS-Path": { flags: TRANSITIVE },
  "AS4-Path": { flags: TRANSITIVE },
  Nexthop: { flags: TRANSITIVE },
  Med: { flags: OPTIONAL },
  Localpref: { flags: TRANSITIVE },
  "Atomic Aggregate": { flags: TRANSITIVE },
  Aggregator: { flags: OPTIONAL_TRANSITIVE, mayBePartial: true },
  "AS4-Aggregator": { flags: OPTIONAL_TRANSITIVE, mayBePartial: true },
  "Originator Id": { flags: OPTIONAL },
  "Cluster Id List": { flags: OPTIONAL },
  OTC: { flags: OPTIONAL_TRANSITIVE, mayBePartial: true },
};

/** The attribute's name, with its flags if they are not the usual ones. */
function attributeName(/** @type {RibAttribute} */ { type, flags }) {
  const usual = USUAL[type];
  const letters = `${flags.optional ? "O" : ""}${flags.transitive ? "T" : ""}`;
  const partial = flags.partial ? "P" : "";
  const isUsual =
    usual !== undefined && letters === usual.flags && (partial === "" || usual.mayBePartial);
  return isUsual ? type : `${type} flags [${letters}${partial}]`;
}

/** The members of an attribute that are not its value. */
const HEAD = ["type", "flags", "length"];

/** The bytes of a value that bgpctl has no words for. */
function bytesOf(/** @type {RibAttribute} */ { length, data }) {
  const bytes = data?.match(/../g)?.map((byte) => ` ${byte}`) ?? [];
  return ` len ${length}${bytes.length > 0 ? ":" : ""}${bytes.join("")}`;
}

/** The value of an attribute. */
function attributeValue(/** @type {RibAttribute} */ attribute) {
  const { AS, router_id: id, cluster_list: list } = attribute;
  if (attribute.error !== undefined) return attribute.error;
  if (AS !== undefined) return `${AS} [${id}]`;
  if (Array.isArray(list)) return list.map((each) => ` ${each}`).join("");
  const [value] = Object.entries(attribute).filter(([name]) => !HEAD.includes(name));
  return value === undefined || value[0] === "data" ? bytesOf(attribute) : String(value[1]);
}

/**
 * How bgpctl prints a route in full: with the addresses of neighbors instead of their descriptions, and
 * in one line whose fields end with a semicolon.
 *
 * @typedef {{ addresses?: boolean, oneLine?: boolean }} DetailOptions
 */

/**
 * A route with all of its attributes, as bgpctl prints it.
 *
 * @param {Route} route
 * @param {DetailOptions} [options]
 */
export function routeDetail({ entry, flags }, { addresses = false, oneLine = false } = {}) {
  const { neighbor } = entry;
  const from = (addresses ? undefined : neighbor.description) ?? neighbor.remote_addr;
  const path = entry.path_id === undefined ? "" : ` Path-Id: ${entry.path_id}`;
  const words = WORDS.filter(([flag]) => flags.includes(flag)).map(([, word]) => word);
  const { communities, large_communities: large, extended_communities: extended } = entry;
  const lines = [
    ...(entry.aspath === "" ? [] : [entry.aspath]),
    `Nexthop ${entry.exit_nexthop} (via ${entry.true_nexthop}) Neighbor ${from} (${neighbor.bgp_id})${path}`,
    `Origin ${entry.origin}, metric ${entry.metric}, localpref ${entry.localpref}, weight ${entry.weight}, ovs ${entry.ovs}, avs ${entry.avs}, ${[entry.source, ...words].join(", ")}`,
    `Last update: ${entry.last_update} ago`,
    ...(communities ? [`Communities: ${communities.join(" ")}`] : []),
    ...(extended ? [`Ext. Communities: ${extended.join(" ")}`] : []),
    ...(large ? [`Large Communities: ${large.join(" ")}`] : []),
    ...(entry.attributes ?? []).map((each) => `${attributeName(each)}: ${attributeValue(each)}`),
  ];
  const end = oneLine ? ";" : "\n";
  const all = [
    `BGP routing table entry for ${entry.prefix}`,
    ...lines.map((line) => `    ${line}`),
  ];
  return `\n${all.map((line) => printable(line) + end).join("")}`;
}

/** A name as words. */
const title = (/** @type {string} */ name) => name.replace(/[_-]/g, " ");

/**
 * A record as an outline: a line for each value, those of an object indented below its name.
 *
 * @param {object} record
 * @param {string} [indent]
 * @returns {string}
 */
export function outline(record, indent = "") {
  return Object.entries(record)
    .map(([name, value]) => {
      const head = `${indent}${title(name)}:`;
      if (typeof value !== "object") return `${head} ${printable(String(value))}\n`;
      if (!Array.isArray(value)) return `${head}\n${outline(value, `${indent}  `)}`;
      const texts = value.map((each) =>
        typeof each === "object" ? Object.values(each).join(" ") : String(each),
      );
      return `${head} ${printable(texts.join(", "))}\n`;
    })
    .join("");
}
