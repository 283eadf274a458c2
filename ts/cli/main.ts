import { CommanderError } from "commander";
import { version } from "../../package.json";
import type { Streams } from "./output.ts";
import { createProgram } from "./program.ts";
import { messageOf, Status, UsageError } from "./status.ts";

/** Runs the command with its arguments and resolves with the exit status. */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  let status: number = Status.ok;
  const program = createProgram(version, streams, (result) => {
    status = result;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.ok : Status.usage;
    const usage = error instanceof UsageError;
    streams.stderr.write(`imsg: ${messageOf(error)}\n`);
    return usage ? Status.usage : Status.failed;
  }
}
