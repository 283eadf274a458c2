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

/** Which messages are printed; what is absent lets every one through. */
export interface Filter {
  types?: ReadonlySet<number>;
  pids?: ReadonlySet<number>;
  peerids?: ReadonlySet<number>;
  direction?: Direction;
}

/** Where the messages of all connections go. */
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
  /** Says something about a connection. */
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

/** One direction, framed by the original on the side. */
class Framer {
  readonly #codec: ImsgCodec;
  readonly #headers = new RawHeaders();
  readonly #dialect: Dialect;

  constructor(maxSize: number, dialect: Dialect) {
    this.#codec = new ImsgCodec({ maxSize, ...dialectOptions(dialect) });
    this.#dialect = dialect;
  }

  push(chunk: Uint8Array): { message: ImsgMessage; header: Uint8Array; marked: boolean }[] {
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

/** Bytes that have been passed on and not been looked at yet. */
interface Seen {
  direction: Direction;
  chunk: Uint8Array;
  /** Seconds since 1970. */
  time: number;
}

/** Milliseconds that looking at bytes may wait, so that passing on does not wait for it. */
const LATER = 3;
/** With as many bytes to be looked at, that comes first. */
const MUCH = 256 * 1024;

/** Prints and records one connection. What cannot be decoded is passed on all the same. */
export function watchConnection(connection: number, sinks: Sinks, over: () => void): Watcher {
  const framers: Record<Direction, Framer | undefined> = {
    send: new Framer(sinks.maxSize, sinks.dialect),
    receive: new Framer(sinks.maxSize, sinks.dialect),
  };
  const stop = (direction: Direction, error?: unknown): void => {
    framers[direction]?.dispose();
    framers[direction] = undefined;
    if (error === undefined) return;
    const text = `what the ${WAYS[direction]} sends is passed on and no longer decoded: ${messageOf(error)}`;
    sinks.say(connection, text);
  };
  const show = (
    direction: Direction,
    time: number,
    { message, header, marked }: ReturnType<Framer["push"]>[number],
  ) => {
    const { type, peerid, pid, data } = message;
    const shown = {
      ...{ type, peerid, pid, data, time, connection, direction, n: 0 },
      ...(marked ? { hasFd: true } : {}),
    };
    const recorded = sinks.recorder?.write({
      ...{ connection, direction, time },
      bytes: sinks.headersOnly ? header : Buffer.concat([header, data]),
      length: HEADER_SIZE + data.length,
    });
    if (sinks.format === undefined || !isShown(sinks.filter, shown)) return [recorded];
    shown.n = sinks.next();
    return [recorded, sinks.output.write(sinks.format.message(shown))];
  };
  const look = ({ direction, chunk, time }: Seen): (Promise<void> | undefined)[] => {
    const framer = framers[direction];
    if (framer === undefined) return [];
    try {
      return framer.push(chunk).flatMap((each) => show(direction, time, each));
    } catch (error) {
      stop(direction, error);
      return [];
    }
  };
  let seen: Seen[] = [];
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lookAtAll = (): Promise<void> | undefined => {
    clearTimeout(timer);
    timer = undefined;
    const all = seen;
    seen = [];
    bytes = 0;
    const waits = all.flatMap(look).filter((each) => each !== undefined);
    if (sinks.format !== undefined) sinks.output.soon();
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  };
  const isIdle = sinks.format === undefined && sinks.recorder === undefined;
  return {
    passed(direction, chunk) {
      if (isIdle) return undefined;
      seen.push({ direction, chunk, time: (performance.timeOrigin + performance.now()) / 1000 });
      bytes += chunk.length;
      if (bytes >= MUCH) return lookAtAll();
      timer ??= setTimeout(lookAtAll, LATER);
      return undefined;
    },
    ended(direction) {
      void lookAtAll();
      try {
        if (!isIdle) framers[direction]?.end();
        stop(direction);
        sinks.say(connection, `the ${WAYS[direction]} has ended its side`);
      } catch (error) {
        stop(direction, error);
      }
    },
    over(error) {
      void lookAtAll();
      stop("send");
      stop("receive");
      sinks.say(connection, error === undefined ? "closed" : `broken off: ${messageOf(error)}`);
      over();
    },
  };
}
