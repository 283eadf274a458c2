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

/** The members of an attribute that are not its value. */
const HEAD = ["type", "flags", "length"];

/** @param {RibAttribute} attribute */
function attributeLine(attribute) {
  const values = Object.entries(attribute).filter(([name]) => !HEAD.includes(name));
  const text = values
    .map(([, value]) => (Array.isArray(value) ? value.join(" ") : value))
    .join(" ");
  return `${attribute.type}: ${text}`;
}

/**
 * A route with all of its attributes.
 *
 * @param {Route} route
 */
export function routeDetail({ entry, flags }) {
  const { neighbor } = entry;
  const from = neighbor.description ?? neighbor.remote_addr;
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
    ...(entry.attributes ?? []).map(attributeLine),
  ];
  const body = lines.map((line) => `    ${printable(line)}\n`).join("");
  return `\nBGP routing table entry for ${printable(entry.prefix)}\n${body}`;
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
