// Changes of bgpd: each is described, confirmed by the user, and sent.

import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { UsageError } from "../common/printer.mjs";
import { parseDestination } from "./addresses.mjs";
import { printRule } from "./flowspec.mjs";
import { printDocument } from "./json.mjs";
import { BgpdError } from "./turns.mjs";

/** @import { Printer } from "../common/printer.mjs" */
/** @import { Change } from "./commands.ts" */
/** @import { BgpdConnection, NeighborFilter } from "./types.ts" */

/** @param {NeighborFilter} filter */
const named = ({ group, neighbor }) =>
  group === undefined ? `neighbor ${neighbor}` : `all neighbors of group ${group}`;

const NEIGHBOR = {
  up: "start the session of",
  down: "end the session of",
  clear: "end and restart the session of",
  refresh: "ask for all routes again of",
  destroy: "remove the cloned",
};

/**
 * Returns a change as an order in words, for the question.
 *
 * @param {Change} command
 * @returns {string}
 */
export function describe(command) {
  switch (command.action) {
    case "neighbor":
      return `${NEIGHBOR[command.change]} ${named(command.filter)}`;
    case "fib-sync":
      return command.coupled
        ? `put bgpd's routes into the kernel's table ${command.table}`
        : `take bgpd's routes out of the kernel's table ${command.table}`;
    case "network":
      return command.change === "add"
        ? `announce ${command.prefix}`
        : `no longer announce ${command.prefix}`;
    case "flowspec": {
      const rule = printRule(command.rule, command.family === 6);
      return command.change === "add" ? `announce the rule ${rule}` : `withdraw the rule ${rule}`;
    }
    case "network-bulk":
      return command.change === "add"
        ? "announce the prefixes of standard input"
        : "no longer announce the prefixes of standard input";
    case "network-flush":
      return "withdraw all networks that were announced by commands";
    case "flowspec-flush":
      return "withdraw all flowspec rules that were announced by commands";
    case "log":
      return command.verbose ? "log more" : "log less";
    case "reload":
      return "read the configuration again";
  }
}

/**
 * The prefixes of a text, as `bgpctl network bulk` reads it: blanks stand between them, and a `#` begins
 * the rest of a line that is skipped. Throws a UsageError for a word that is no prefix.
 *
 * @param {string} text
 */
function prefixesOf(text) {
  const words = text.split("\n").flatMap((line) => {
    const all = line.split(/\s+/).filter(Boolean);
    const comment = all.findIndex((word) => word.startsWith("#"));
    return comment === -1 ? all : all.slice(0, comment);
  });
  for (const word of words) {
    try {
      parseDestination(word);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
  return words;
}

/**
 * @param {BgpdConnection} bgpd
 * @param {Extract<Change, { action: "network-bulk" }>} command
 */
async function bulk(bgpd, { change, attributes }) {
  // all of them are read first: a wrong one leaves bgpd as it was
  const prefixes = prefixesOf(await text(process.stdin));
  return change === "add" ? bgpd.announce(prefixes, attributes) : bgpd.withdraw(prefixes);
}

/**
 * @param {BgpdConnection} bgpd
 * @param {Change} command
 * @returns {Promise<void>}
 */
function carryOut(bgpd, command) {
  switch (command.action) {
    case "neighbor":
      return bgpd.changeNeighbors(command.change, command.filter, command.reason);
    case "fib-sync":
      return bgpd.coupleFib(command.coupled, command.table);
    case "network": {
      const { change, prefix, attributes } = command;
      if (change === "add") return bgpd.announce([prefix], attributes);
      return bgpd.withdraw([prefix], attributes.rd);
    }
    case "network-bulk":
      return bulk(bgpd, command);
    case "flowspec": {
      const { change, family, rule, attributes } = command;
      if (change === "add") return bgpd.announceRule(family, rule, attributes);
      return bgpd.withdrawRule(family, rule);
    }
    case "network-flush":
      return bgpd.flushNetworks();
    case "flowspec-flush":
      return bgpd.flushRules();
    case "log":
      return bgpd.setVerbose(command.verbose);
    case "reload":
      return bgpd.reload(command.reason);
  }
}

/** The changes that bgpd answers with a RESULT. It answers no other change, so nothing is awaited. */
const ANSWERED = ["neighbor", "reload"];

/**
 * Asks whether a change is wanted. Throws a UsageError without a terminal.
 *
 * @param {Change} command
 */
export async function confirm(command) {
  if (!process.stdin.isTTY) {
    throw new UsageError(`there is no terminal to ask on: --yes means yes, ${describe(command)}`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Shall bgpd ${describe(command)}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/**
 * Sends a change to bgpd, and prints bgpd's answer if the change has one.
 *
 * @param {BgpdConnection} bgpd
 * @param {Change} command
 * @param {boolean} json
 * @param {Printer} out
 */
export async function change(bgpd, command, json, out) {
  const write = (/** @type {string} */ text) => out.write(text);
  try {
    await carryOut(bgpd, command);
  } catch (error) {
    if (json && error instanceof BgpdError) await printDocument(error.document, write);
    throw error;
  }
  const isAnswered = ANSWERED.includes(command.action);
  // a reply to something else shows that bgpd has read the change
  if (!isAnswered) await bgpd.ribMemory();
  if (json) await printDocument({ status: "OK" }, write);
  else await write(isAnswered ? "request processed\n" : "request sent\n");
}
