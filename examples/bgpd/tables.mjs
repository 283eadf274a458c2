// Records as tables for a terminal.

import stringWidth from "string-width";

/** @import { FibEntry, FibTable, FlowspecRule, Interface, MemoryUse, NeighborSummary, Neighbor, Nexthop, RibMemory, Route, Rtr, SetRecord } from "./types.ts" */

/** How many rows decide how wide the columns are: a table begins before its last row is known. */
const SAMPLE = 500;
/** No cell makes a column wider than this: a longer one moves the rest of its own row. */
const WIDEST = 45;

/** Characters that would move the cursor or turn the direction of the text behind them. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
/** A peer chooses some of the texts: none may steer the terminal. */
export const printable = (/** @type {string} */ text) => text.replace(UNSAFE, "?");

/**
 * @template T
 * @typedef {[title: string, cell: (record: T) => string | number | undefined][]} Columns
 */

/** @typedef {{ text: string, width: number, right: boolean }} Cell */

/** @type {Cell} */
const NO_CELL = { text: "", width: 0, right: false };

/** @param {string | number | undefined} value @returns {Cell} */
function cellOf(value) {
  const text = printable(String(value ?? ""));
  return { text, width: stringWidth(text), right: typeof value === "number" };
}

/**
 * One row: every cell but the last is as wide as its column; numbers stand on the right.
 *
 * @param {readonly Cell[]} cells
 * @param {readonly number[]} widths
 */
function line(cells, widths) {
  const texts = cells.map(({ text, width, right }, i) => {
    const room = " ".repeat(Math.max(0, (widths[i] ?? 0) - width));
    if (right) return room + text;
    return i === cells.length - 1 ? text : text + room;
  });
  return `${texts.join("  ").trimEnd()}\n`;
}

/**
 * Prints records as they come, under the titles of their columns.
 *
 * @template T
 * @param {Columns<T>} columns
 * @param {AsyncIterable<T> | Iterable<T>} records
 * @param {(text: string) => Promise<void>} write
 */
export async function printTable(columns, records, write) {
  /** @type {Cell[][]} */
  let sample = [];
  /** @type {number[] | undefined} */
  let widths;
  const begin = async () => {
    // a column of numbers has its title on the right, too
    const titles = columns.map(([title], i) => ({
      ...cellOf(title),
      right: sample[0]?.[i]?.right ?? false,
    }));
    const rows = [titles, ...sample];
    const widthOf = (/** @type {Cell | undefined} */ { width } = NO_CELL) =>
      width > WIDEST ? 0 : width;
    const found = columns.map((_, i) => Math.max(...rows.map((row) => widthOf(row[i]))));
    for (const row of rows) await write(line(row, found));
    sample = [];
    return found;
  };
  for await (const record of records) {
    const cells = columns.map(([, cell]) => cellOf(cell(record)));
    if (widths !== undefined) await write(line(cells, widths));
    else if (sample.push(cells) === SAMPLE) widths = await begin();
  }
  if (widths === undefined) await begin();
}

/** @type {Columns<NeighborSummary>} */
const NAME = [["Neighbor", (n) => n.description ?? n.group]];

/**
 * @param {boolean} addresses whether the description is left out
 * @returns {Columns<NeighborSummary & Partial<Neighbor>>}
 */
export const neighborColumns = (addresses) => [
  ...(addresses ? [] : NAME),
  ["Address", (n) => n.remote_addr],
  ["AS", (n) => Number(n.remote_as)],
  ["MsgRcvd", (n) => n.stats?.message.received.total],
  ["MsgSent", (n) => n.stats?.message.sent.total],
  ["Up/Down", (n) => n.last_updown],
  ["State/PrfRcvd", stateOf],
];

/** @param {NeighborSummary & Partial<Neighbor>} neighbor */
function stateOf({ state, config, stats }) {
  if (config?.template) return "Template";
  return state === "Established" && stats ? String(stats.prefixes.received) : state;
}

/**
 * @param {boolean} addresses whether the address stands for the description
 * @returns {Columns<NeighborSummary>}
 */
export const terseColumns = (addresses) => [
  ["Neighbor", (n) => (addresses ? undefined : n.description) ?? n.remote_addr],
  ["AS", (n) => Number(n.remote_as)],
  ["State", (n) => n.state],
];

/** bgpctl's letters for the flags of a route, in bgpctl's order. */
const LETTERS = /** @type {const} */ ([
  ["FILTERED", "F"],
  ["INVALID", "E"],
  ["OTC_LEAK", "L"],
  ["ANNOUNCE", "A"],
  ["INTERNAL", "I"],
  ["STALE", "S"],
  ["ELIGIBLE", "*"],
  ["BEST", ">"],
  ["ECMP", "m"],
  ["AS_WIDE", "w"],
]);

const flagsOf = (/** @type {Route} */ { flags }) =>
  LETTERS.map(([flag, letter]) => (flags.includes(flag) ? letter : "")).join("");

/** @type {Record<string, string>} */
const VALIDATION = { valid: "V", invalid: "!", "not-found": "N", unknown: "?" };
/** @type {Record<string, string>} */
const ORIGINS = { IGP: "i", EGP: "e", incomplete: "?" };

export const ROUTE_LEGEND = `flags: * valid, > best, I internal, A announced here, S stale, E error, F filtered, L leaked, m ecmp
vs: origin and path validation: V valid, ! invalid, N not found, ? unknown
origin: i IGP, e EGP, ? incomplete

`;

/** The path is the last column, because its length has no limit. @type {Columns<Route>} */
export const routeColumns = [
  ["flags", flagsOf],
  ["vs", ({ entry }) => `${VALIDATION[entry.ovs]}-${VALIDATION[entry.avs]}`],
  ["destination", ({ entry }) => entry.prefix],
  ["gateway", ({ entry }) => entry.exit_nexthop],
  ["lpref", ({ entry }) => entry.localpref],
  ["med", ({ entry }) => entry.metric],
  ["aspath origin", ({ entry }) => `${entry.aspath} ${ORIGINS[entry.origin] ?? "X"}`.trimStart()],
];

/** @type {Columns<FibEntry>} */
export const fibColumns = [
  ["origin", (r) => r.origin],
  ["prio", (r) => r.priority],
  ["destination", (r) => r.prefix],
  ["gateway", (r) => r.nexthop],
  [
    "",
    (r) =>
      ["used_by_nexthop", "blackhole", "reject"]
        .filter((name) => name in r && r[/** @type {"reject"} */ (name)])
        .join(" "),
  ],
];

/** @type {Columns<FibTable>} */
export const fibTableColumns = [
  ["Table", (t) => t.rtableid],
  ["Description", (t) => t.description],
  [
    "State",
    (t) => `${t.coupled ? "coupled" : "decoupled"}${t.admin_change ? ", to be changed" : ""}`,
  ],
];

/** @type {Columns<Interface>} */
export const interfaceColumns = [
  ["Interface", (i) => i.name],
  ["rdomain", (i) => i.rdomain],
  ["Nexthop", (i) => (i.nh_reachable ? "ok" : "invalid")],
  ["Flags", (i) => (i.is_up ? "UP" : "")],
  [
    "Link state",
    (i) => [i.media, i.linkstate, i.baudrate && `${i.baudrate} bit/s`].filter(Boolean).join(", "),
  ],
];

/** @type {Columns<Nexthop>} */
export const nexthopColumns = [
  ["", (n) => (n.valid ? "*" : "")],
  ["Nexthop", (n) => n.address],
  ["Route", (n) => n.prefix],
  ["Prio", (n) => n.priority],
  ["Gateway", (n) => (n.connected ? "connected" : n.nexthop)],
  ["Iface", (n) => n.interface && `${n.interface.name} (${n.interface.is_up ? "UP" : "DOWN"})`],
];

/** @type {Columns<SetRecord>} */
export const setColumns = [
  ["Type", (s) => s.type],
  ["Name", (s) => s.name],
  ["#IPv4", (s) => s.num_IPv4],
  ["#IPv6", (s) => s.num_IPv6],
  ["#ASnum", (s) => s.num_ASnum],
  ["Last Change", (s) => s.last_change],
];

/** @type {Columns<Rtr>} */
export const rtrColumns = [
  ["Cache", (r) => r.descr],
  ["Address", (r) => r.remote_addr],
  ["Port", (r) => r.remote_port],
  ["State", (r) => r.state],
  ["Serial", (r) => r.serial],
  ["Last error", (r) => r.last_recv_error ?? r.last_sent_error],
];

/** @type {Columns<FlowspecRule>} */
export const flowspecColumns = [
  ["static", (r) => (r.static ? "S" : "")],
  ["family", (r) => r.family],
  ["rule", (r) => r.rule],
];

/** @type {Columns<[name: string, use: MemoryUse]>} */
const memoryColumns = [
  ["", ([name]) => name],
  ["Count", ([, use]) => use.count],
  ["Bytes", ([, use]) => use.size],
  ["References", ([, use]) => use.references],
];

/**
 * @param {RibMemory} memory
 * @param {(text: string) => Promise<void>} write
 */
export async function printMemory({ memory, sets }, write) {
  for (const [title, uses] of Object.entries({ memory, sets })) {
    await write(`${title}\n`);
    await printTable(memoryColumns, Object.entries(uses), write);
    await write("\n");
  }
}
