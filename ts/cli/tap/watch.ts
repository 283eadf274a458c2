import { ImsgCodec, type ImsgMessage } from "../../entry/index.ts";
import type { Direction } from "../../entry/protocol.ts";
import { isMarked, RawHeaders } from "../../inspect/headers.ts";
import { HEADER_SIZE } from "../../inspect/position.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
import type { Format, Shown } from "../format.ts";
import type { Output } from "../output.ts";
import { messageOf } from "../status.ts";
import type { Watcher } from "./join.ts";
import type { Recorder } from "./recorder.ts";

/** Which messages are printed. An absent condition accepts every message. */
export interface Filter {
  types?: ReadonlySet<number>;
  pids?: ReadonlySet<number>;
  peerids?: ReadonlySet<number>;
  direction?: Direction;
}

/** The output and the recording of all connections. */
export interface Sinks {
  /** Absent if nothing is printed. */
  format?: Format;
  output: Output;
  recorder?: Recorder;
  /** Whether recordings leave the payloads out. */
  headersOnly: boolean;
  filter: Filter;
  dialect: Dialect;
  maxSize: number;
  /** Reports an event of a connection. */
  say(connection: number, text: string): void;
  /** Counts the printed messages. */
  next(): number;
}

const WAYS = { send: "client", receive: "daemon" } as const;

const isShown = ({ types, pids, peerids, direction }: Filter, message: Shown): boolean =>
  (types?.has(message.type) ?? true) &&
  (pids?.has(message.pid) ?? true) &&
  (peerids?.has(message.peerid) ?? true) &&
  (direction === undefined || direction === message.direction);

/** A message with its header as it came. */
interface Framed {
  message: ImsgMessage;
  header: Uint8Array;
  /** Whether the header announces a descriptor. */
  marked: boolean;
}

/** Decodes a copy of one direction by the original C. */
class Framer {
  readonly #codec: ImsgCodec;
  readonly #headers = new RawHeaders();
  readonly #dialect: Dialect;

  constructor(maxSize: number, dialect: Dialect) {
    this.#codec = new ImsgCodec({ maxSize, ...dialectOptions(dialect) });
    this.#dialect = dialect;
  }

  push(chunk: Uint8Array): Framed[] {
    const messages = this.#codec.push(chunk);
    const headers = this.#headers.take(chunk, messages);
    return messages.map((message, i) => {
      const header = headers[i]!;
      return { message, header, marked: isMarked(header, this.#dialect) };
    });
  }

  /** Throws if the direction ends within a message. */
  end(): void {
    this.#codec.end();
  }

  dispose(): void {
    this.#codec.dispose();
  }
}

/** A chunk that has been forwarded and not been decoded yet. */
interface Forwarded {
  direction: Direction;
  chunk: Uint8Array;
  /** Milliseconds since the process started, by `performance.now()`. */
  at: number;
}

/** Milliseconds that decoding may wait, so that forwarding does not wait for it. */
const LATER = 20;
/** Bytes that wait at most: with more, they are decoded before the next chunk is read. */
const MOST = 256 * 1024;

const NOTHING = (): void => {};

/** Returns when a chunk came, in seconds since 1970. */
const secondsOf = ({ at }: Forwarded): number => (performance.timeOrigin + at) / 1000;

/** Prints and records one connection. Bytes that cannot be decoded are forwarded all the same. */
class ConnectionWatcher implements Watcher {
  readonly #connection: number;
  readonly #sinks: Sinks;
  readonly #closed: () => void;
  readonly #framers: Record<Direction, Framer | undefined> = {
    send: undefined,
    receive: undefined,
  };
  readonly #isIdle: boolean;
  #waiting: Forwarded[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: number, sinks: Sinks, closed: () => void) {
    this.#connection = connection;
    this.#sinks = sinks;
    this.#closed = closed;
    this.#isIdle = sinks.format === undefined && sinks.recorder === undefined;
    if (this.#isIdle) return;
    const { maxSize, dialect } = sinks;
    this.#framers.send = new Framer(maxSize, dialect);
    this.#framers.receive = new Framer(maxSize, dialect);
  }

  passed(direction: Direction, chunk: Uint8Array): Promise<void> | undefined {
    if (this.#isIdle) return undefined;
    this.#waiting.push({ direction, chunk, at: performance.now() });
    this.#bytes += chunk.length;
    if (this.#bytes >= MOST) return this.#decodeWaiting();
    this.#timer ??= setTimeout(() => void this.#decodeWaiting(), LATER);
    return undefined;
  }

  ended(direction: Direction): void {
    void this.#decodeWaiting();
    try {
      this.#framers[direction]?.end();
      this.#stop(direction);
      this.#sinks.say(this.#connection, `the ${WAYS[direction]} has ended its side`);
    } catch (error) {
      this.#stop(direction, error);
    }
  }

  over(error: unknown): void {
    void this.#decodeWaiting();
    this.#stop("send");
    this.#stop("receive");
    const why = error === undefined ? "closed" : `broken off: ${messageOf(error)}`;
    this.#sinks.say(this.#connection, why);
    this.#closed();
  }

  /** Resolves when the output and the recording have room for more; undefined if they have. */
  #decodeWaiting(): Promise<void> | undefined {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const full: Promise<void>[] = [];
    for (const each of waiting) this.#decode(each, full);
    if (this.#sinks.format !== undefined) this.#sinks.output.soon();
    if (full.length === 0) return undefined;
    // main reports the error of the output; forwarding continues
    return Promise.all(full).then(NOTHING, NOTHING);
  }

  #decode(forwarded: Forwarded, full: Promise<void>[]): void {
    const { direction, chunk } = forwarded;
    try {
      for (const framed of this.#framers[direction]?.push(chunk) ?? []) {
        this.#record(forwarded, framed, full);
        this.#print(forwarded, framed, full);
      }
    } catch (error) {
      this.#stop(direction, error);
    }
  }

  #record(forwarded: Forwarded, { message, header }: Framed, full: Promise<void>[]): void {
    const { recorder, headersOnly } = this.#sinks;
    if (recorder === undefined) return;
    const room = recorder.write({
      connection: this.#connection,
      direction: forwarded.direction,
      time: secondsOf(forwarded),
      bytes: headersOnly ? header : Buffer.concat([header, message.data]),
      length: HEADER_SIZE + message.data.length,
    });
    if (room !== undefined) full.push(room);
  }

  #print(forwarded: Forwarded, { message, marked }: Framed, full: Promise<void>[]): void {
    const { format, filter, output } = this.#sinks;
    if (format === undefined) return;
    const { type, peerid, pid, data } = message;
    const { direction } = forwarded;
    const shown: Shown = { n: 0, type, peerid, pid, data, direction, connection: this.#connection };
    if (!isShown(filter, shown)) return;
    shown.n = this.#sinks.next();
    shown.time = secondsOf(forwarded);
    if (marked) shown.hasFd = true;
    const room = output.add(format.message(shown));
    if (room !== undefined) full.push(room);
  }

  /** Decodes no more of a direction; an error is reported. */
  #stop(direction: Direction, error?: unknown): void {
    this.#framers[direction]?.dispose();
    this.#framers[direction] = undefined;
    if (error === undefined) return;
    const text = `what the ${WAYS[direction]} sends is forwarded and no longer decoded: ${messageOf(error)}`;
    this.#sinks.say(this.#connection, text);
  }
}

/** Watches a connection for the output and the recording of `sinks`; calls `closed` at its end. */
export function watchConnection(connection: number, sinks: Sinks, closed: () => void): Watcher {
  return new ConnectionWatcher(connection, sinks, closed);
}
