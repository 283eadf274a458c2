import { CommanderError } from "commander";
import { version } from "../../package.json";
import { failureOf, Output, report, type Streams } from "./output.ts";
import { createProgram } from "./program.ts";
import { messageOf, Status, UsageError } from "./status.ts";

/**
 * Runs the command with its arguments and resolves with the exit status. Every subcommand ends
 * here: success is decided after the last byte of stdout is written, and an error of stdout that no
 * subcommand has reported is reported.
 */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  // an error of stderr cannot be reported anywhere, and must not end the process
  streams.stderr.on("error", () => {});
  const output = new Output(streams.stdout); // handles the stream's errors from now on
  const status = await run(args, streams, output);
  const failure = await failureOf(streams.stdout);
  const isReported = status !== Status.ok && status !== Status.interrupted;
  if (failure === undefined || isReported) return status;
  report(streams, `standard output: ${messageOf(failure)}`);
  return Status.failed;
}

async function run(args: readonly string[], streams: Streams, output: Output): Promise<number> {
  let status: number = Status.ok;
  const program = createProgram(version, streams, output, (result) => {
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
