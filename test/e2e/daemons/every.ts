// Every command of the clients under one condition, several at once.

import { output } from "./program.ts";

/** How many run at once: more would only wait for the processor. */
const AT_ONCE = 4;

/** How one command has ended. */
export interface End {
  command: string;
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs lines of the shell, in which `$C` is the client, and returns how each has ended. A line that
 * takes longer than `limit` seconds ends with 124.
 */
export async function every(
  client: string,
  commands: readonly string[],
  line: (command: string) => string,
  limit = 20,
): Promise<End[]> {
  const ends: End[] = [];
  const waiting = [...commands];
  const work = async (): Promise<void> => {
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      const text = line(command).replaceAll("$C", client);
      const end = await output("timeout", [String(limit), "bash", "-c", text]);
      ends.push({ command, ...end });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return ends.sort((a, b) => commands.indexOf(a.command) - commands.indexOf(b.command));
}

/** The commands that did not end as expected, with their output. */
export const wrong = (
  ends: readonly End[],
  isRight: (end: End) => boolean,
): [command: string, code: number | null, stderr: string][] =>
  ends
    .filter((end) => !isRight(end))
    .map(({ command, code, stderr }) => [command, code, stderr.slice(0, 300)]);
