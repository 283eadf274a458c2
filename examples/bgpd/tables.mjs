// Records as tables for a terminal.

/** @import { FibTable, Neighbor, RibEntry, RibMemory } from "./types.ts" */

/**
 * Columns as wide as their widest cell; numbers stand on the right.
 *
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const right = head.map((_, i) => rows.length > 0 && rows.every((r) => typeof r[i] === "number"));
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

/** A peer chooses some of the texts: none may steer the terminal. */
const printable = (/** @type {string} */ text) => text.replace(/\p{Cc}/gu, "?");

/** @param {Neighbor[]} neighbors */
export const neighborTable = (neighbors) =>
  table(
    ["Neighbor", "Address", "AS", "MsgRcvd", "MsgSent", "Up/Down", "State/PrfRcvd"],
    neighbors.map((n) => [
      n.description ?? n.group ?? "",
      n.remote_addr,
      Number(n.remote_as),
      n.stats.message.received.total,
      n.stats.message.sent.total,
      n.last_updown,
      n.config.template
        ? "Template"
        : n.state === "Established"
          ? String(n.stats.prefixes.received)
          : n.state,
    ]),
  );

/** @param {RibEntry} r */
const flags = (r) =>
  [
    [r.filtered, "F"],
    [r.announced, "A"],
    [r.source === "internal", "I"],
    [r.stale, "S"],
    [r.valid, "*"],
    [r.best, ">"],
  ]
    .map(([set, letter]) => (set ? letter : ""))
    .join("");

/** @param {RibEntry[]} entries */
export const ribTable = (entries) =>
  `* valid, > best, I internal, A announced here, S stale, F filtered\n\n${table(
    ["Flags", "Destination", "Gateway", "LocalPref", "Metric", "AS path", "Origin"],
    entries.map((r) => [
      flags(r),
      r.prefix,
      r.exit_nexthop,
      r.localpref,
      r.metric,
      r.aspath,
      r.origin,
    ]),
  )}`;

/** @param {RibMemory} memory */
export const memoryTable = ({ memory, sets }) =>
  ["memory", "sets"]
    .map((title, i) =>
      table(
        [title, "Count", "Bytes", "References"],
        Object.entries(i === 0 ? memory : sets).map(([name, use]) => [
          name,
          use.count ?? "",
          use.size ?? "",
          use.references ?? "",
        ]),
      ),
    )
    .join("\n");

/** @param {FibTable[]} tables */
export const fibTableTable = (tables) =>
  table(
    ["Table", "Description", "State"],
    tables.map((t) => [
      t.rtableid,
      t.description,
      `${t.coupled ? "coupled" : "decoupled"}${t.admin_change ? ", to be changed" : ""}`,
    ]),
  );
