import type { ImsgChannel, MessageInit } from "../entry/index.ts";
import { fieldsBy } from "../inspect/fields.ts";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { type Dialect, dialectOptions } from "./dialect.ts";
import { shownOf } from "./dump.ts";
import { jsonFormat, tableFormat } from "./format.ts";
import { linesOf, longestLine } from "./lines.ts";
import { parseMessage } from "./message.ts";
import { colorsFor, Output, report, type Streams } from "./output.ts";
import type { WebSocketOptions } from "./relay/websocket.ts";
import { messageOf, Status, UsageError } from "./status.ts";
import { type OpenTarget, openTarget, type Target } from "./target.ts";
import type { TypeNames } from "./values.ts";

/** What `imsg connect` is asked for. */
export interface ConnectOptions {
  target: Target;
  /** Messages as JSON, sent before those on stdin. */
  send: readonly string[];
  /** Types that end it. */
  until: ReadonlySet<number>;
  /** Milliseconds. */
  timeout?: number;
  pid?: number;
  maxSize: number;
  dialect?: Dialect;
  /** Reads and writes the payloads. */
  protocol?: AnyProtocol;
  /** Shows when each message came. */
  timestamps?: boolean;
  names: TypeNames;
  /** JSON lines instead of a table. */
  json?: boolean;
  color?: boolean;
  bytes?: number;
  /** Whether our side ends once everything is sent. */
  end?: boolean;
  webSocket?: WebSocketOptions;
}

/** How it ended: a status, and what to say on stderr. */
interface Outcome {
  status: number;
  why?: string;
}

/** Talks to a target, and resolves with the exit status. */
export async function connectCommand(options: ConnectOptions, streams: Streams): Promise<number> {
  const { names, protocol } = options;
  // what is wrong with --send is told before anything is sent
  const first = options.send.map((json) => {
    try {
      return parseMessage(json, names, protocol);
    } catch (error) {
      throw new UsageError(`--send ${json}: ${messageOf(error)}`);
    }
  });
  const channelOptions = {
    maxSize: options.maxSize,
    ...(options.pid === undefined ? {} : { pid: options.pid }),
    ...dialectOptions(options.dialect),
    ...(options.webSocket === undefined ? {} : { webSocket: options.webSocket }),
  };
  const stop = new AbortController();
  let open: OpenTarget | undefined;
  const ends = watchEnds(options, stop);
  const output = new Output(streams.stdout);
  try {
    const work = (async (): Promise<Outcome> => {
      open = await openTarget(options.target, { ...channelOptions, signal: stop.signal });
      // something else has ended it; nobody else will close it
      if (stop.signal.aborted) await open.dispose();
      return converse(open.channel, first, options, streams, output);
    })();
    work.catch(() => {});
    const { status, why } = await Promise.race([work, ends.outcome]);
    if (why !== undefined) await say(streams, output, why);
    return status;
  } catch (error) {
    await say(streams, output, messageOf(error));
    return Status.failed;
  } finally {
    ends.forget();
    stop.abort(new Error("no longer wanted"));
    await output.flush().catch(() => {});
    await open?.dispose();
  }
}

/** Reports an error after the messages that were printed before it. */
async function say(streams: Streams, output: Output, text: string): Promise<void> {
  await output.flush().catch(() => {});
  report(streams, text);
}

/** Signals that end the command. An exec target is in a group of its own: it gets none of them. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when the time-out passes or a signal arrives. */
function watchEnds(
  { timeout, until }: ConnectOptions,
  stop: AbortController,
): { outcome: Promise<Outcome>; forget(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let interrupted = (): void => {};
  const outcome = new Promise<Outcome>((resolve) => {
    const settle = (result: Outcome): void => {
      resolve(result);
      stop.abort(new Error("no longer wanted"));
    };
    interrupted = () => settle({ status: Status.interrupted });
    if (timeout !== undefined) {
      const seconds = timeout / 1000;
      timer = setTimeout(() => {
        if (until.size === 0) settle({ status: Status.ok });
        else settle({ status: Status.timeout, why: `timed out after ${seconds} s` });
      }, timeout);
    }
    for (const name of SIGNALS) process.once(name, interrupted);
  });
  return {
    outcome,
    forget() {
      clearTimeout(timer);
      for (const name of SIGNALS) process.off(name, interrupted);
    },
  };
}

/** Sends and prints until the peer ends, or a message of --until comes. */
async function converse(
  channel: ImsgChannel,
  first: readonly MessageInit[],
  options: ConnectOptions,
  streams: Streams,
  output: Output,
): Promise<Outcome> {
  const printing = print(channel, options, streams, output);
  printing.catch(() => {});
  const failed = sendAll(channel, first, options, streams).then(
    () => printing,
    async (error) => {
      // if it's the channel that has ended, what came before that is printed first
      if (await isOver(channel)) return printing;
      throw error;
    },
  );
  return Promise.race([printing, failed]);
}

function isOver(channel: ImsgChannel): Promise<boolean> {
  const over = (): boolean => true;
  return Promise.race([
    channel.closed.then(over, over),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
}

async function sendAll(
  channel: ImsgChannel,
  first: readonly MessageInit[],
  { names, protocol, end, maxSize }: ConnectOptions,
  { stdin }: Streams,
): Promise<void> {
  for (const message of first) await channel.send(message);
  for await (const message of messagesOf(stdin, names, protocol, longestLine(maxSize))) {
    await channel.send(message);
  }
  if (end) await channel.end();
}

/** The messages of a stream of JSON lines. Throws errors that name the line. */
async function* messagesOf(
  input: NodeJS.ReadableStream,
  names: TypeNames,
  protocol: AnyProtocol | undefined,
  longest: number,
): AsyncGenerator<MessageInit, void, undefined> {
  let number = 1;
  try {
    for await (const line of linesOf(input as AsyncIterable<Buffer>, longest)) {
      if (line.trim() !== "") yield parseMessage(line, names, protocol);
      number++;
    }
  } catch (error) {
    throw new Error(`stdin, line ${number}: ${messageOf(error)}`);
  }
}

async function print(
  channel: ImsgChannel,
  { names, protocol, timestamps = false, json, color, bytes, until }: ConnectOptions,
  { stdout, env }: Streams,
  output: Output,
): Promise<Outcome> {
  const colors = colorsFor(stdout, env, color);
  const read = protocol === undefined ? undefined : fieldsBy(protocol, "receive");
  const table = {
    offsets: false,
    timestamps,
    ...(bytes === undefined ? {} : { bytes }),
    ...(read === undefined ? {} : { read }),
  };
  const format = json ? jsonFormat(names, read) : tableFormat(names, colors, table);
  let n = 0;
  for await (const message of channel) {
    if (n === 0) await output.write(format.head());
    const time = timestamps ? { time: Date.now() / 1000 } : {};
    await output.write(format.message({ ...shownOf(message), ...time, n: n++ }));
    if (until.has(message.type)) return { status: Status.ok };
    if (output.gone) return { status: Status.ok };
    output.soon();
  }
  if (until.size === 0) return { status: Status.ok };
  const wanted = [...until].map((type) => names.nameOf(type) ?? type).join(" or ");
  return { status: Status.failed, why: `the peer ended before a message of type ${wanted} came` };
}
