import type { ImsgChannel, MessageInit } from "../entry/index.ts";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { type Dialect, dialectOptions } from "./dialect.ts";
import { shownOf } from "./dump.ts";
import { linesOf, longestLine } from "./lines.ts";
import { parseMessage } from "./message.ts";
import { Output, report, type Streams } from "./output.ts";
import { formatFor, type PrintOptions } from "./printing.ts";
import { Prompt } from "./prompt.ts";
import type { WebSocketOptions } from "./relay/websocket.ts";
import { checkSize, type Request } from "./requests.ts";
import { SilenceHint } from "./silence.ts";
import { messageOf, Status, UsageError } from "./status.ts";
import { type OpenTarget, openTarget, type Target } from "./target.ts";
import type { TypeNames } from "./values.ts";

/** The options of `imsg connect`. */
export interface ConnectOptions extends PrintOptions {
  target: Target;
  /** Messages as JSON, sent before those on stdin. */
  send: readonly Request[];
  /** Types of messages after which the command exits. */
  until: ReadonlySet<number>;
  /** Milliseconds after which the command exits. */
  timeout?: number;
  pid?: number;
  maxSize: number;
  dialect?: Dialect;
  /** Prints the time at which each message arrived. */
  timestamps?: boolean;
  /** Whether the channel half-closes after the end of stdin. */
  end?: boolean;
  webSocket?: WebSocketOptions;
}

/** The outcome: a status, and a text for stderr. */
interface Outcome {
  status: number;
  why?: string;
}

/** Talks to a target, and resolves with the exit status. */
export async function connectCommand(options: ConnectOptions, streams: Streams): Promise<number> {
  const { names, protocol } = options;
  // check every --send before anything is sent
  const first = options.send.map(({ text, from }) => {
    try {
      return checkSize(parseMessage(text, names, protocol), options.maxSize);
    } catch (error) {
      throw new UsageError(`${from}: ${messageOf(error)}`);
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
  let prompt: Prompt | undefined;
  const ends = watchEnds(options, stop);
  const output = new Output(streams.stdout);
  try {
    const work = (async (): Promise<Outcome> => {
      open = await openTarget(options.target, { ...channelOptions, signal: stop.signal });
      const { channel } = open;
      // the command ended while it connected: close the connection here
      if (stop.signal.aborted) await open.dispose();
      else prompt = Prompt.open(streams, names, protocol, ends.interrupt);
      prompt?.attach(output);
      const report = (text: string): void => tell(streams, prompt, text);
      const silence = new SilenceHint(names, protocol, report);
      return converse({ channel, first, options, streams, output, prompt, silence, report });
    })();
    work.catch(() => {});
    // the command reports the stream's error when it ends
    const broken = output.broken.then((): Outcome => ({ status: Status.ok }));
    const { status, why } = await Promise.race([work, ends.outcome, broken]);
    prompt?.close();
    if (why !== undefined) await say(streams, output, why);
    return status;
  } catch (error) {
    prompt?.close();
    await say(streams, output, messageOf(error));
    return Status.failed;
  } finally {
    ends.forget();
    stop.abort(new Error("no longer wanted"));
    await output.flush().catch(() => {});
    await open?.dispose();
  }
}

/** A connection with its input and its outputs. */
interface Conversation {
  channel: ImsgChannel;
  /** The messages of --send. */
  first: readonly MessageInit[];
  options: ConnectOptions;
  streams: Streams;
  output: Output;
  /** Absent if stdin is no terminal. */
  prompt: Prompt | undefined;
  silence: SilenceHint;
  /** Writes a line to stderr, above the prompt. */
  report(text: string): void;
}

/** Writes a line to stderr, above the prompt if there is one. */
function tell(streams: Streams, prompt: Prompt | undefined, text: string): void {
  const write = (): void => report(streams, text);
  if (prompt === undefined || streams.stderr.isTTY !== true) write();
  else prompt.above(write);
}

/** Reports an error after the messages that were printed before it. */
async function say(streams: Streams, output: Output, text: string): Promise<void> {
  await output.flush().catch(() => {});
  report(streams, text);
}

/** Signals that end the command. An exec target has its own process group and gets none of them. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `outcome` resolves when the time-out passes or a signal arrives. */
function watchEnds(
  { timeout, until }: ConnectOptions,
  stop: AbortController,
): { outcome: Promise<Outcome>; interrupt(): void; forget(): void } {
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
    interrupt: () => interrupted(),
    forget() {
      clearTimeout(timer);
      for (const name of SIGNALS) process.off(name, interrupted);
    },
  };
}

/** Sends and prints until the peer ends, or a message of --until comes. */
async function converse(conversation: Conversation): Promise<Outcome> {
  const { channel, prompt, silence } = conversation;
  const printing = print(conversation);
  printing.catch(() => {});
  const sending = prompt === undefined ? sendAll(conversation) : sendEntered(conversation, prompt);
  const failed = sending.then(
    () => printing,
    async (error) => {
      // if the channel has ended, print the messages that came before the end first
      if (await isOver(channel)) return printing;
      throw error;
    },
  );
  try {
    return await Promise.race([printing, failed]);
  } finally {
    silence.stop();
  }
}

function isOver(channel: ImsgChannel): Promise<boolean> {
  const over = (): boolean => true;
  return Promise.race([
    channel.closed.then(over, over),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
}

/** Sends the messages of --send and of stdin. */
async function sendAll(conversation: Conversation): Promise<void> {
  const { channel, first, options, streams } = conversation;
  const { names, protocol, end, maxSize } = options;
  for (const message of first) await sendOne(conversation, message);
  for await (const message of messagesOf(streams.stdin, names, protocol, maxSize)) {
    await sendOne(conversation, message);
  }
  if (end) await channel.end();
}

async function sendOne({ channel, silence }: Conversation, message: MessageInit): Promise<void> {
  silence.sent(message);
  await channel.send(message);
}

/** Sends the messages of --send and of a prompt; half-closes when the prompt ends. */
async function sendEntered(conversation: Conversation, prompt: Prompt): Promise<void> {
  const { channel, first, options } = conversation;
  for (const message of first) await sendOne(conversation, message);
  for await (const line of prompt.lines()) {
    if (line.trim() === "") continue;
    try {
      const message = parseMessage(line, options.names, options.protocol);
      await sendOne(conversation, checkSize(message, options.maxSize));
    } catch (error) {
      if (await isOver(channel)) throw error;
      conversation.report(messageOf(error));
    }
  }
  await channel.end();
}

/** The messages of a stream of JSON lines. Throws errors that name the line. */
async function* messagesOf(
  input: NodeJS.ReadableStream,
  names: TypeNames,
  protocol: AnyProtocol | undefined,
  maxSize: number,
): AsyncGenerator<MessageInit, void, undefined> {
  let number = 1;
  try {
    for await (const line of linesOf(input as AsyncIterable<Buffer>, longestLine(maxSize))) {
      if (line.trim() !== "") yield checkSize(parseMessage(line, names, protocol), maxSize);
      number++;
    }
  } catch (error) {
    throw new Error(`stdin, line ${number}: ${messageOf(error)}`);
  }
}

async function print({
  channel,
  options,
  streams,
  output,
  silence,
}: Conversation): Promise<Outcome> {
  const { names, timestamps = false, until } = options;
  const format = formatFor(options, streams, { offsets: false, timestamps }, "receive");
  let n = 0;
  for await (const message of channel) {
    silence.stop();
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
