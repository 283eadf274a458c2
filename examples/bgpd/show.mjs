// Prints listings as JSON documents, as tables, or as full records.

import { outline, routeDetail } from "./details.mjs";
import { printDocument, printRecords } from "./json.mjs";
import { metrics } from "./metrics.mjs";
import * as tables from "./tables.mjs";

/** @import { Printer } from "../common/printer.mjs" */
/** @import { Show } from "./commands.ts" */
/** @import { DetailOptions } from "./details.mjs" */
/** @import { BgpdConnection } from "./types.ts" */
/** @typedef {(text: string) => Promise<void>} Write */

/**
 * A listing: the name of its array in the document, its records, and how people see them.
 *
 * @typedef {{ name: string, records: AsyncIterable<unknown>, print: (write: Write) => Promise<void> }} Listing
 */

/**
 * @template T
 * @param {string} name
 * @param {AsyncIterable<T>} records
 * @param {tables.Columns<T>} columns
 * @returns {Listing}
 */
const table = (name, records, columns) => ({
  name,
  records,
  print: (write) => tables.printTable(columns, records, write),
});

/**
 * @template T
 * @param {string} name
 * @param {AsyncIterable<T>} records
 * @param {(record: T) => string} text
 * @returns {Listing}
 */
const inFull = (name, records, text) => ({
  name,
  records,
  async print(write) {
    for await (const record of records) await write(text(record));
  },
});

/**
 * @param {BgpdConnection} bgpd
 * @param {import("./types.ts").RibFilter} filter
 * @param {DetailOptions} how
 * @returns {Listing}
 */
function rib(bgpd, filter, how) {
  const routes = bgpd.routes(filter);
  const records = (async function* () {
    for await (const { entry } of routes) yield entry;
  })();
  if (filter.detail) {
    return { ...inFull("rib", routes, (route) => routeDetail(route, how)), records };
  }
  return {
    name: "rib",
    records,
    async print(write) {
      await write(tables.ROUTE_LEGEND);
      await tables.printTable(tables.routeColumns, routes, write);
    },
  };
}

/**
 * The listing of a command. With `addresses`, people see neighbors' addresses instead of their
 * descriptions; the records have both.
 *
 * @param {BgpdConnection} bgpd
 * @param {Show} command
 * @param {boolean} [addresses]
 * @returns {Listing}
 */
export function listingOf(bgpd, command, addresses = false) {
  switch (command.action) {
    case "summary":
      if (command.terse) {
        return table("neighbors", bgpd.summary({ terse: true }), tables.terseColumns(addresses));
      }
      return {
        // people see the counters, which the document of a summary has not
        ...table("neighbors", bgpd.neighbors(), tables.neighborColumns(addresses)),
        records: command.full ? bgpd.neighbors() : bgpd.summary(),
      };
    case "neighbors":
      return inFull("neighbors", bgpd.neighbors(command.filter), (n) => `${outline(n)}\n`);
    case "rib":
      return rib(bgpd, command.filter, { addresses, oneLine: command.oneLine ?? false });
    case "fib":
      return table("fib", bgpd.fib(command.filter), tables.fibColumns);
    case "networks":
      return table("fib", bgpd.networks(command.family), tables.fibColumns);
    case "flowspecs":
      return table("flowspec", bgpd.flowspecs(command.family), tables.flowspecColumns);
    case "interfaces":
      return table("interfaces", bgpd.interfaces(), tables.interfaceColumns);
    case "nexthops":
      return table("nexthops", bgpd.nexthops(), tables.nexthopColumns);
    case "rtrs":
      return table("rtrs", bgpd.rtrs(), tables.rtrColumns);
    case "sets":
      return table("sets", bgpd.sets(), tables.setColumns);
    case "tables":
      return table("fibtables", bgpd.fibTables(), tables.fibTableColumns);
  }
}

/**
 * Prints the answer to a command that shows something.
 *
 * @param {BgpdConnection} bgpd
 * @param {Show | { action: "memory" } | { action: "metrics" }} command
 * @param {{ json: boolean, addresses: boolean }} options
 * @param {Printer} out
 */
export async function show(bgpd, command, { json, addresses }, out) {
  const write = (/** @type {string} */ text) => out.write(text);
  if (command.action === "metrics") {
    await write(await metrics(bgpd));
  } else if (command.action === "memory") {
    const memory = await bgpd.ribMemory();
    await (json ? printDocument(memory, write) : tables.printMemory(memory, write));
  } else {
    const { name, records, print } = listingOf(bgpd, command, addresses);
    await (json ? printRecords(name, records, write) : print(write));
  }
}
