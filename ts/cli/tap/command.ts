import { constants } from "node:os";
import type { Transport } from "../../entry/index.ts";
import { fieldsBy } from "../../inspect/fields.ts";
import type { AnyProtocol } from "../../inspect/protocols.ts";
import type { Dialect } from "../dialect.ts";
import { jsonFormat, tableFormat } from "../format.ts";
import { colorsFor, Output, type Streams } from "../output.ts";
import { messageOf, Status } from "../status.ts";
import type { TypeNames } from "../values.ts";
import { join } from "./join.ts";
import { connectTo, listenOn, loadSockets, type Place, type Sockets, wrapChild } from "./open.ts";
import { Recorder } from "./recorder.ts";
import { type Filter, type Sinks, watchConnection } from "./watch.ts";

/** What `imsg tap` is asked for. */
export interface TapOptions {
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
  names: TypeNames;
  protocol?: AnyProtocol;
  json?: boolean;
  color?: boolean;
  bytes?: number;
}

/** Sits between two programs until it is interrupted, or the child has ended. */
export async function tapCommand(options: TapOptions, streams: Streams): Promise<number> {
  const { write, dialect } = options;
  const recorder = write === undefined ? undefined : await Recorder.open(write, dialect);
  const output = new Output(streams.stdout);
  const sinks = sinksOf(options, streams, output, recorder);
  const sockets = await loadSockets();
  if (sockets.unix === undefined) {
    streams.stderr.write(`imsg: descriptors cannot pass, and are closed: ${sockets.why}\n`);
  }
  try {
    if (sinks.format !== undefined) await output.write(sinks.format.head());
    output.soon();
    const { between, command } = options;
    return between === undefined
      ? await wrap(command!, sinks, sockets)
      : await listen(between, sinks, sockets, streams);
  } finally {
    await output.flush().catch(() => {});
    await recorder?.close();
  }
}

function sinksOf(
  options: TapOptions,
  streams: Streams,
  output: Output,
  recorder: Recorder | undefined,
): Sinks {
  const { names, json, color, bytes, protocol, quiet, filter, maxSize, dialect, headersOnly } =
    options;
  const read = protocol === undefined ? undefined : fieldsBy(protocol);
  const table = {
    offsets: false,
    recorded: true,
    ...(bytes === undefined ? {} : { bytes }),
    ...(read === undefined ? {} : { read }),
  };
  const colors = colorsFor(streams.stdout, streams.env, color);
  const format = json ? jsonFormat(names, read) : tableFormat(names, colors, table);
  let messages = 0;
  return {
    ...(quiet ? {} : { format }),
    ...(recorder === undefined ? {} : { recorder }),
    ...{ output, headersOnly, filter, maxSize, dialect },
    say: (connection, text) =>
      void streams.stderr.write(`imsg: connection ${connection}: ${text}\n`),
    next: () => messages++,
  };
}

async function listen(
  { listen, to }: { listen: Place; to: Place },
  sinks: Sinks,
  sockets: Sockets,
  { stderr }: Streams,
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
  stderr.write(`imsg: tapping ${where}\n`);
  await interrupted();
  for (const breakOff of open) breakOff(new Error("the tap was interrupted"));
  await new Promise((resolve) => server.close(resolve));
  return Status.interrupted;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

async function wrap(command: string, sinks: Sinks, sockets: Sockets): Promise<number> {
  const { parent, child, process: process_ } = await wrapChild(command, sockets);
  const exited = new Promise<number>((resolve) => {
    process_.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const over = new Promise<void>((resolve) => {
    join(parent, child, watchConnection(1, sinks, resolve));
  });
  // a daemon ends its child by a signal: the child gets it, and the tap ends after it
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => process_.kill(signal));
  }
  const [status] = await Promise.all([exited, over]);
  return status;
}
