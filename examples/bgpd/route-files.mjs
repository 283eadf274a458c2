// Routes as files: CSV for a spreadsheet, and the JSON of `bgpctl -j show rib detail`.

/** @import { RibEntry } from "./types.ts" */

/** @type {readonly (readonly [title: string, value: (entry: RibEntry) => string | number | undefined])[]} */
const COLUMNS = [
  ["prefix", (r) => r.prefix],
  ["aspath", (r) => r.aspath],
  ["origin", (r) => r.origin],
  ["exit_nexthop", (r) => r.exit_nexthop],
  ["true_nexthop", (r) => r.true_nexthop],
  ["neighbor", (r) => r.neighbor.description],
  ["remote_addr", (r) => r.neighbor.remote_addr],
  ["bgp_id", (r) => r.neighbor.bgp_id],
  ["path_id", (r) => r.path_id],
  ["best", (r) => String(r.best === true)],
  ["valid", (r) => String(r.valid)],
  ["source", (r) => r.source],
  ["ovs", (r) => r.ovs],
  ["avs", (r) => r.avs],
  ["communities", (r) => r.communities?.join(" ")],
  ["large_communities", (r) => r.large_communities?.join(" ")],
  ["extended_communities", (r) => r.extended_communities?.join(", ")],
  ["localpref", (r) => r.localpref],
  ["metric", (r) => r.metric],
  ["weight", (r) => r.weight],
  // unknown away from the daemon's machine
  ["last_update_sec", (r) => (Number.isNaN(r.last_update_sec) ? undefined : r.last_update_sec)],
];

/** A field of RFC 4180. A spreadsheet would take text that begins with =, +, - or @ as a formula. */
function field(/** @type {string | number | undefined} */ value) {
  if (typeof value === "number") return String(value);
  const text = value ?? "";
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const row = (/** @type {readonly (string | number | undefined)[]} */ values) =>
  `${values.map(field).join(",")}\r\n`;

/**
 * The pieces of a CSV file, whose first row has the names of the columns.
 *
 * @param {Iterable<RibEntry>} entries
 */
export function* routesAsCsv(entries) {
  yield row(COLUMNS.map(([title]) => title));
  for (const entry of entries) yield row(COLUMNS.map(([, value]) => value(entry)));
}

/**
 * The pieces of a JSON document with the members and values of `bgpctl -j show rib detail`.
 *
 * @param {Iterable<RibEntry>} entries
 */
export function* routesAsJson(entries) {
  let before = '{\n\t"rib": [\n';
  for (const entry of entries) {
    yield `${before}${JSON.stringify(entry, null, "\t").replace(/^/gm, "\t\t")}`;
    before = ",\n";
  }
  yield before === ",\n" ? "\n\t]\n}\n" : "{\n}\n";
}
