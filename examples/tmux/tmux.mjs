#!/usr/bin/env node
// Carries out a command in a running tmux server.

import { buffer } from "node:stream/consumers";
import { Tmux } from "./client.mjs";

const HELP = `Usage: node examples/tmux/tmux.mjs -S SOCKET COMMAND [ARGUMENT ...]
       node examples/tmux/tmux.mjs -S SOCKET --run SHELL-COMMAND

  COMMAND                one of tmux's commands, such as list-sessions, capture-pane -p or
                         load-buffer -, which reads standard input
  --run SHELL-COMMAND    runs it in a pane of its own and prints what the pane showed

  -S SOCKET              the server's socket: tmux display-message -p '#{socket_path}' prints it
  -h, --help             print this

Exit code: that of the command; 1 if the server cannot be reached, 2 for wrong arguments.
`;

/** Only a command that reads standard input waits for it. */
const readsStdin = (/** @type {string[]} */ args) => args.includes("-");

async function main(/** @type {string[]} */ args) {
  if (args[0] === "-h" || args[0] === "--help") {
    process.stdout.write(HELP);
    return 0;
  }
  const [option, socket, ...command] = args;
  const run = command[0] === "--run";
  if (option !== "-S" || command.length < 1 || (run && command.length !== 2)) {
    process.stderr.write(HELP);
    return 2;
  }
  const tmux = new Tmux(socket);
  if (run) {
    const { status, output } = await tmux.run(command[1]);
    process.stdout.write(output);
    return status;
  }
  const stdin = readsStdin(command) ? await buffer(process.stdin) : undefined;
  const result = await tmux.execute(command, stdin && { stdin });
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  return result.status;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`tmux.mjs: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
