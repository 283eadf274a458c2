#!/usr/bin/env node
// Shows and changes the state of a live bgpd 8.8, over its control socket, in bgpctl's words.

import { parseArgs } from "node:util";
import { runMain, UsageError } from "../common/printer.mjs";
import { change, confirm } from "./change.mjs";
import { connectBgpd, defaultSocket } from "./client.mjs";
import { parseCommand } from "./grammar.mjs";
import { show } from "./show.mjs";
import { watch } from "./watch.mjs";

/** @import { Printer } from "../common/printer.mjs" */
/** @import { Change, Command } from "./commands.ts" */

const HELP = `Usage: node examples/bgpd/bgpctl.mjs [-jny] [-s SOCKET] COMMAND ...

Commands, whose words may be abbreviated:
  show [summary [terse]]
  show neighbor [[group] NAME [messages | terse | timers]]
  show rib [FAMILY] [PREFIX | ADDRESS [or-longer | or-shorter]] [neighbor [group] NAME] [table RIB]
           [in] [out] [best | selected] [invalid] [filtered] [leaked] [disqualified] [detail]
           [ovs valid | invalid | not-found] [avs valid | invalid | unknown] [path-id NUMBER]
           [as | source-as | transit-as | peer-as NUMBER] [empty-as]
           [community AS:NUMBER] [large-community AS:NUMBER:NUMBER] [ext-community TYPE VALUE]
           [ssv]                     with detail: a line for each route, with semicolons
  show rib memory
  show fib [bgp] [connected] [nexthop] [static] [table NUMBER] [FAMILY] [ADDRESS]
  show interfaces | nexthop | sets | rtr | tables | metrics
  show network | flowspec [FAMILY]
  neighbors, rib ..., rib-mem, tables    short forms; neighbors --json is show neighbor
  watch neighbors                    prints each change of a neighbor as it happens

  neighbor [group] NAME up | down [REASON] | clear [REASON] | refresh | destroy
  network add PREFIX [ATTRIBUTES]    and delete PREFIX [rd RD], flush
  network bulk add [ATTRIBUTES]      and bulk delete: the prefixes of standard input
  flowspec add FAMILY RULE [set ATTRIBUTES]    and delete FAMILY RULE, flush
  fib [table NUMBER] couple | decouple
  log brief | verbose
  reload [REASON]

FAMILY is inet, inet6, VPNv4 or VPNv6; NAME a neighbor's address or description, or a group's name.

Options:
  -s, --socket SOCKET      bgpd's control socket; else the first that exists of
                           /run/openbgpd/bgpd.sock.0 and /run/bgpd.sock.0
  -j, --json               print the document of \`bgpctl -j\`; watch prints a line of JSON a change
  -n, --addresses          print neighbors' addresses instead of their descriptions
  --neighbor NAME          show rib: neighbor NAME
  -4, -6                   show rib: inet, inet6
  -y, --yes                change something without a question
  --interval SECONDS       how often watch looks (1)
  --timeout SECONDS        how long bgpd may take for its next message (30)
  -h, --help               print this

Exit code: 0, or 1 if bgpd cannot be reached, is another version or refuses, 2 for wrong arguments.
`;

/** The commands that change something. */
const CHANGES = [
  "neighbor",
  "fib-sync",
  "network",
  "network-bulk",
  "flowspec",
  "network-flush",
  "flowspec-flush",
  "log",
  "reload",
];

/**
 * @param {Command} command
 * @returns {command is Change}
 */
const isChange = (command) => CHANGES.includes(command.action);

function parse(/** @type {string[]} */ args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        socket: { type: "string", short: "s" },
        neighbor: { type: "string" },
        addresses: { type: "boolean", short: "n", default: false },
        4: { type: "boolean", short: "4" },
        6: { type: "boolean", short: "6" },
        json: { type: "boolean", short: "j", default: false },
        yes: { type: "boolean", short: "y", default: false },
        interval: { type: "string", default: "1" },
        timeout: { type: "string", default: "30" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} text @param {string} option */
function milliseconds(text, option) {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new UsageError(`--${option} is "${text}": a number of seconds up to 86400 is wanted`);
}

function commandOf(/** @type {string[]} */ words) {
  try {
    return parseCommand(words);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** An AbortSignal that aborts when the user wants to stop. */
function interrupted() {
  const controller = new AbortController();
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}

/** @param {Printer} out */
async function main(out) {
  const { values, positionals } = parse(process.argv.slice(2));
  if (values.help) {
    await out.write(HELP);
    return 0;
  }
  if (values[4] && values[6]) throw new UsageError("-4 and -6 exclude each other");
  const command = commandOf([
    ...positionals,
    ...(values.neighbor === undefined ? [] : ["neighbor", values.neighbor]),
    ...(values[4] ? ["inet"] : []),
    ...(values[6] ? ["inet6"] : []),
  ]);
  const timeout = milliseconds(values.timeout, "timeout");
  const interval = milliseconds(values.interval, "interval");
  if (isChange(command) && !values.yes && !(await confirm(command))) {
    process.stderr.write("nothing was changed\n");
    return 1;
  }
  const bgpd = await connectBgpd(values.socket ?? defaultSocket(), { timeout });
  try {
    if (command.action === "watch") {
      await watch(bgpd, { json: values.json, interval, signal: interrupted() }, out);
    } else if (isChange(command)) await change(bgpd, command, values.json, out);
    else await show(bgpd, command, values, out);
    await out.flush();
  } finally {
    await bgpd.close();
  }
  return 0;
}

await runMain("bgpctl.mjs", HELP, main);
