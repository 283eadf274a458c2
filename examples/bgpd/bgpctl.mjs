#!/usr/bin/env node
// Shows what a live bgpd 8.8 knows, over its control socket.

import { once } from "node:events";
import { parseArgs } from "node:util";
import { connectBgpd } from "./client.mjs";
import { fibTableTable, memoryTable, neighborTable, ribTable } from "./tables.mjs";

/** @import { BgpdConnection } from "./types.ts" */

const HELP = `Usage: node examples/bgpd/bgpctl.mjs [-s SOCKET] COMMAND [--json]

Commands:
  neighbors              the neighbors and their sessions
  rib [PREFIX]           the routes; only that prefix's if one is given
  rib-mem                what the RIB takes of bgpd's memory
  tables                 the kernel's routing tables

  -s, --socket SOCKET    bgpd's control socket (/run/bgpd.sock.0)
  -n, --neighbor NAME    rib: only routes from the neighbor with this address or description
  -4, -6                 rib: only this address family
  -j, --json             print what \`bgpctl -j\` prints, instead of a table
  -h, --help             print this

Exit code: 0, or 1 if bgpd cannot be reached or refuses, 2 for wrong arguments.
`;

class UsageError extends Error {}

function parse(/** @type {string[]} */ args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        socket: { type: "string", short: "s", default: "/run/bgpd.sock.0" },
        neighbor: { type: "string", short: "n" },
        4: { type: "boolean", short: "4" },
        6: { type: "boolean", short: "6" },
        json: { type: "boolean", short: "j" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @template T
 * @param {AsyncIterable<T>} records
 */
async function collect(records) {
  const all = [];
  for await (const record of records) all.push(record);
  return all;
}

const print = async (/** @type {string} */ text) => {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
};
const printJson = (/** @type {unknown} */ value) => print(`${JSON.stringify(value, null, "\t")}\n`);

/**
 * A listing, as a table or as the document of `bgpctl -j`, which has no member without elements.
 *
 * @template T
 * @param {AsyncIterable<T>} records
 * @param {string} name
 * @param {(all: T[]) => string} table
 * @param {boolean} json
 */
async function list(records, name, table, json) {
  const all = await collect(records);
  if (json) await printJson(all.length === 0 ? {} : { [name]: all });
  else await print(table(all));
}

/**
 * @param {ReturnType<typeof parse>} parsed
 * @returns {(bgpd: BgpdConnection) => Promise<void>}
 */
function command({ positionals: [name, ...rest], values }) {
  const json = values.json === true;
  const [prefix] = rest;
  if (rest.length > (name === "rib" ? 1 : 0)) throw new UsageError(`what is "${rest.at(-1)}"?`);
  if (values[4] && values[6]) throw new UsageError("-4 and -6 exclude each other");
  if (name === "neighbors") {
    return (bgpd) => list(bgpd.neighbors(), "neighbors", neighborTable, json);
  }
  if (name === "rib") {
    /** @type {import("./types.ts").RibFilter} */
    const filter = {};
    if (prefix !== undefined) filter.prefix = prefix;
    if (values.neighbor !== undefined) filter.neighbor = values.neighbor;
    if (values[4] || values[6]) filter.family = values[4] ? 4 : 6;
    return (bgpd) => list(bgpd.rib(filter), "rib", ribTable, json);
  }
  if (name === "rib-mem") {
    return async (bgpd) => {
      const memory = await bgpd.ribMemory();
      await (json ? printJson(memory) : print(memoryTable(memory)));
    };
  }
  if (name === "tables") {
    return (bgpd) => list(bgpd.fibTables(), "fibtables", fibTableTable, json);
  }
  throw new UsageError(name === undefined ? "no command" : `there is no command "${name}"`);
}

try {
  const parsed = parse(process.argv.slice(2));
  if (parsed.values.help) {
    await print(HELP);
  } else {
    const run = command(parsed);
    const bgpd = await connectBgpd(parsed.values.socket);
    try {
      await run(bgpd);
    } finally {
      await bgpd.close();
    }
  }
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bgpctl.mjs: ${text}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${HELP}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
