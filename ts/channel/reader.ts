import type { ImsgMessage } from "../batch/message.ts";
import { failure, type ImsgError } from "../module/error.ts";
import type { WaitOptions } from "./channel.ts";
import { handled, rejected } from "./handled.ts";
import type { Incoming } from "./incoming.ts";
import { signalOf } from "./options.ts";

const busy = (by: string): ImsgError =>
  failure("EBUSY", "imsg_get", `the channel is being read by ${by}`);

/** A reader that holds the channel. */
type Holder = "a loop" | "its stream";

/** How much a reader takes at once. */
interface Portion<T, Fd> {
  /** Takes a portion of the messages that have arrived; undefined if there is none. */
  take(incoming: Incoming<Fd>): T | undefined;
  /** Makes a portion of the message that a reader has waited for. */
  complete(message: ImsgMessage<Fd>, incoming: Incoming<Fd>): T;
  /** Closes the descriptors of a portion that the body of the loop has not taken. */
  dispose(portion: T): void;
}

const ONE: Portion<ImsgMessage, unknown> = {
  take: (incoming) => incoming.take(),
  complete: (message) => message,
  dispose: (message) => message.dispose(),
};
const MANY: Portion<ImsgMessage[], unknown> = {
  take: (incoming) => incoming.takeAll(),
  complete: (message, incoming) => [message, ...(incoming.takeAll() ?? [])],
  dispose(messages) {
    for (const message of messages) message.dispose();
  },
};

/** One message at a time. */
export const one = <Fd>(): Portion<ImsgMessage<Fd>, Fd> => ONE as Portion<ImsgMessage<Fd>, Fd>;

/** All messages that have arrived at a time, at least one. */
export const many = <Fd>(): Portion<ImsgMessage<Fd>[], Fd> =>
  MANY as Portion<ImsgMessage<Fd>[], Fd>;

/**
 * The one reader of a channel: calls of receive, or a loop, or a stream. A
 * second one would take messages away from the first, so it is refused.
 */
export class Reader<Fd = unknown> {
  /** The messages. */
  readonly incoming: Incoming<Fd>;
  #holder: Holder | undefined;
  #receives = 0;

  constructor(incoming: Incoming<Fd>) {
    this.incoming = incoming;
  }

  /** See ImsgChannel.receive and receiveMany. */
  receive<T>(portion: Portion<T, Fd>, options: WaitOptions | undefined): Promise<T | undefined> {
    if (this.#holder !== undefined) return Promise.reject(busy(this.#holder));
    try {
      const signal = signalOf(options, "receive");
      if (signal?.aborted) return rejected(signal.reason);
      const ready = portion.take(this.incoming);
      if (ready !== undefined) return Promise.resolve(ready);
      this.#receives++;
      this.incoming.reading = true;
      const done = (): void => {
        this.#receives--;
        this.incoming.reading = this.#receives > 0 || this.#holder !== undefined;
      };
      const waiting = this.incoming.wait(signal);
      waiting.then(done, done);
      return handled(
        waiting.then((message) => message && portion.complete(message, this.incoming)),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Becomes the reader; returns EBUSY if there is one. */
  acquire(holder: Holder): ImsgError | undefined {
    if (this.#holder !== undefined) return busy(this.#holder);
    if (this.#receives > 0) return busy("a call of receive that waits");
    this.#holder = holder;
    this.incoming.reading = true;
    return undefined;
  }

  /** Ends the reading. Receivers that wait get undefined. */
  release(): void {
    this.#holder = undefined;
    this.incoming.reading = false;
    this.incoming.stopWaiting();
  }
}

/**
 * An iterator over the messages of a channel, whose `return` ends a `next` that waits without a
 * message being lost, and whose `next` after the end is done.
 */
export function iterate<T, Fd>(
  reader: Reader<Fd>,
  portion: Portion<T, Fd>,
  holder: Holder,
): AsyncIterableIterator<T> & { return(): Promise<unknown> } {
  const { incoming } = reader;
  let state: "new" | "reading" | "done" = "new";
  let last: T | undefined;
  const stop = (): IteratorResult<T, undefined> => {
    if (state === "reading") reader.release();
    state = "done";
    last = undefined;
    return { done: true, value: undefined };
  };
  const result = (message: ImsgMessage<Fd> | undefined): IteratorResult<T, undefined> => {
    if (message === undefined) return stop();
    last = portion.complete(message, incoming);
    return { done: false, value: last };
  };
  const failed = (error: unknown): never => {
    stop();
    throw error;
  };
  return {
    // no async function: a message that has arrived then costs one promise
    next() {
      if (state === "done") return Promise.resolve(stop());
      if (state === "new") {
        const refused = reader.acquire(holder);
        if (refused !== undefined) return Promise.reject(refused);
        state = "reading";
      }
      // the messages of the stream belong to its reader
      if (last !== undefined && holder === "a loop") portion.dispose(last);
      last = portion.take(incoming);
      if (last !== undefined) return Promise.resolve({ done: false, value: last });
      return handled(incoming.wait().then(result, failed));
    },
    return: () => Promise.resolve(stop()),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
