import { constants } from "node:os";
import type { Transport } from "../../entry/index.ts";
import type { Dialect } from "../dialect.ts";
import { Output, report, type Streams } from "../output.ts";
import { formatFor, type PrintOptions } from "../printing.ts";
import { messageOf, Status } from "../status.ts";
import { join } from "./join.ts";
import { connectTo, listenOn, loadSockets, type Place, type Sockets, wrapChild } from "./open.ts";
import { Recorder } from "./recorder.ts";
import { type Filter, type Sinks, watchConnection } from "./watch.ts";

/** The options of `imsg tap`. */
export interface TapOptions extends PrintOptions {
  /** Where to listen and where to connect to; absent if a child is wrapped. */
  between?: { listen: Place; to: Place };
  /** The child's command line. */
  command?: string;
  /** A file to record to. */
  write?: string;
  headersOnly: boolean;
  /** Prints nothing. */
  quiet: boolean;
  filter: Filter;
  maxSize: number;
  dialect: Dialect;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Forwards and prints until a signal arrives or the child exits. Resolves with the exit status. */
export async function tapCommand(options: TapOptions, streams: Streams): Promise<number> {
  const { write, dialect } = options;
  const failed = (error: Error): void =>
    report(streams, `${write}: ${messageOf(error)}: nothing more is recorded`);
  const recorder = write === undefined ? undefined : await Recorder.open(write, dialect, failed);
  const output = new Output(streams.stdout);
  const sinks = sinksOf(options, streams, output, recorder);
  const sockets = await loadSockets();
  if (sockets.unix === undefined) {
    report(streams, `descriptors cannot pass, and are closed: ${sockets.why}`);
  }
  let isRecorded: boolean;
  let status: number;
  try {
    if (sinks.format !== undefined) await output.write(sinks.format.head());
    output.soon();
    const { between, command } = options;
    status =
      between === undefined
        ? await wrap(command!, sinks, sockets)
        : await listen(between, sinks, sockets, streams);
  } finally {
    await output.flush().catch(() => {});
    isRecorded = (await recorder?.close()) ?? true;
  }
  return isRecorded ? status : Status.failed;
}

function sinksOf(
  options: TapOptions,
  streams: Streams,
  output: Output,
  recorder: Recorder | undefined,
): Sinks {
  const { quiet, filter, maxSize, dialect, headersOnly } = options;
  const format = formatFor(options, streams, { offsets: false, recorded: true });
  let messages = 0;
  return {
    ...(quiet ? {} : { format }),
    ...(recorder === undefined ? {} : { recorder }),
    ...{ output, headersOnly, filter, maxSize, dialect },
    say: (connection, text) => report(streams, `connection ${connection}: ${text}`),
    next: () => messages++,
  };
}

async function listen(
  { listen, to }: { listen: Place; to: Place },
  sinks: Sinks,
  sockets: Sockets,
  streams: Streams,
): Promise<number> {
  const open = new Set<(reason: unknown) => void>();
  let connections = 0;
  const connected = async (client: Transport): Promise<void> => {
    const number = ++connections;
    let daemon: Transport;
    try {
      daemon = await connectTo(to, sockets);
    } catch (error) {
      sinks.say(number, `the daemon cannot be reached: ${messageOf(error)}`);
      client.abort(error);
      return;
    }
    sinks.say(number, "open");
    const breakOff = join(
      client,
      daemon,
      watchConnection(number, sinks, () => open.delete(breakOff)),
    );
    open.add(breakOff);
  };
  const server = await listenOn(listen, to, sockets, (client) => void connected(client));
  const address = server.address();
  const where =
    typeof address === "object" ? `tcp:${address!.address}:${address!.port}` : `unix:${address}`;
  report(streams, `tapping ${where}`);
  await interrupted();
  for (const breakOff of open) breakOff(new Error("the tap was interrupted"));
  await new Promise((resolve) => server.close(resolve));
  return Status.interrupted;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
}

async function wrap(command: string, sinks: Sinks, sockets: Sockets): Promise<number> {
  const { parent, child, process: process_ } = await wrapChild(command, sockets);
  const exited = new Promise<number>((resolve) => {
    process_.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  let breakOff: (reason: unknown) => void = () => {};
  const over = new Promise<void>((resolve) => {
    const watcher = watchConnection(1, sinks, resolve);
    breakOff = join(parent, child, {
      passed: (direction, chunk) => watcher.passed(direction, chunk),
      over: (error) => watcher.over(error),
      ended(direction, sent) {
        watcher.ended(direction, sent);
        // the parent may wait for the end of its child's process before it closes its own side
        const isLast = direction === "receive";
        if (isLast) void Promise.allSettled([exited, sent]).then(() => resolve());
      },
    });
  });
  // a daemon ends its child by a signal: forward it, and exit after the child
  for (const signal of SIGNALS) {
    process.on(signal, () => process_.kill(signal));
  }
  const [status] = await Promise.all([exited, over]);
  breakOff(new Error("the child has exited"));
  return status;
}
