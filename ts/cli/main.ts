import { CommanderError } from "commander";
import { version } from "../../package.json";
import { failureOf, report, type Streams } from "./output.ts";
import { createProgram } from "./program.ts";
import { messageOf, Status, UsageError } from "./status.ts";

/**
 * Runs the command with its arguments and resolves with the exit status. Every
 * way out leads through here: success is decided after the last byte of stdout
 * is written.
 */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  // an error of stderr cannot be reported anywhere, and must not end the process
  streams.stderr.on("error", () => {});
  const status = await run(args, streams);
  const failure = await failureOf(streams.stdout);
  if (failure === undefined || status !== Status.ok) return status;
  report(streams, `standard output: ${messageOf(failure)}`);
  return Status.failed;
}

async function run(args: readonly string[], streams: Streams): Promise<number> {
  let status: number = Status.ok;
  const program = createProgram(version, streams, (result) => {
    status = result;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.ok : Status.usage;
    report(streams, messageOf(error));
    return error instanceof UsageError ? Status.usage : Status.failed;
  }
}
