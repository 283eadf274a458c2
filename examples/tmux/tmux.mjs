#!/usr/bin/env node
// Carries out a command in a running tmux server.

import { buffer } from "node:stream/consumers";
import { Printer, runMain, UsageError } from "../common/printer.mjs";
import { Tmux } from "./client.mjs";

const HELP = `Usage: node examples/tmux/tmux.mjs -S SOCKET COMMAND [ARGUMENT ...]
       node examples/tmux/tmux.mjs -S SOCKET --run SHELL-COMMAND
       node examples/tmux/tmux.mjs -S SOCKET --output PANE

  COMMAND                one of tmux's commands, such as list-sessions, capture-pane -p or
                         load-buffer -, which reads standard input
  --run SHELL-COMMAND    runs it in a pane of its own and prints what the pane showed
  --output PANE          prints what a pane writes from now on, until it closes: control mode

  -S SOCKET              the server's socket: tmux display-message -p '#{socket_path}' prints it
  -h, --help             print this

Exit code: that of the command; 1 if the server cannot be reached or does not answer, 2 for wrong
arguments.
`;

/** Only a command that reads standard input waits for it. */
const readsStdin = (/** @type {string[]} */ args) => args.includes("-");

/**
 * Prints the output of a pane until the pane closes.
 *
 * @param {Tmux} tmux
 * @param {string} target
 * @param {Printer} out
 */
async function printOutput(tmux, target, out) {
  const format = "#{session_id} #{pane_id}";
  const [session = "", pane = ""] = (
    await tmux.command(["display-message", "-p", "-t", target, format])
  )
    .trim()
    .split(" ");
  const control = await tmux.control(session);
  try {
    for await (const bytes of control.output(pane)) await out.writeNow(bytes);
  } finally {
    await control.close();
  }
}

async function main(/** @type {Printer} */ out) {
  const args = process.argv.slice(2);
  if (args[0] === "-h" || args[0] === "--help") {
    await out.write(HELP);
    return 0;
  }
  const [option, socket, ...command] = args;
  const [word, argument, ...more] = command;
  if (option !== "-S" || socket === undefined || word === undefined)
    throw new UsageError("-S SOCKET and a command are wanted");
  const tmux = new Tmux(socket);
  if (word === "--run" || word === "--output") {
    if (argument === undefined || more.length > 0)
      throw new UsageError(`${word} wants one argument`);
    if (word === "--output") {
      await printOutput(tmux, argument, out);
      return 0;
    }
    const { status, output } = await tmux.run(argument);
    await out.write(output);
    return status;
  }
  const stdin = readsStdin(command) ? await buffer(process.stdin) : undefined;
  const result = await tmux.execute(command, stdin && { stdin });
  await out.writeNow(result.stdout);
  process.stderr.write(result.stderr);
  return result.status;
}

await runMain("tmux.mjs", HELP, main);
