import type { ImsgMessage } from "../batch/message.ts";
import { ImsgError } from "../module/error.ts";
import type { WaitOptions } from "./channel.ts";
import { handled, rejected } from "./handled.ts";
import type { Incoming } from "./incoming.ts";
import { signalOf } from "./options.ts";

const busy = (by: string): ImsgError =>
  new ImsgError("EBUSY", { syscall: "imsg_get", detail: `the channel is being read by ${by}` });

/**
 * The one reader of a channel: calls of receive, or a loop, or a stream. A
 * second one would take messages away from the first, so it is refused.
 */
export class Reader<Fd = unknown> {
  /** The messages. */
  readonly incoming: Incoming<Fd>;
  #holder: "a loop" | "its stream" | undefined;
  #receives = 0;

  constructor(incoming: Incoming<Fd>) {
    this.incoming = incoming;
  }

  /** See ImsgChannel.receive. */
  receive(options: WaitOptions | undefined): Promise<ImsgMessage<Fd> | undefined> {
    return this.#receive(
      options,
      () => this.incoming.take(),
      (message) => message,
    );
  }

  /** See ImsgChannel.receiveMany. */
  receiveMany(options: WaitOptions | undefined): Promise<ImsgMessage<Fd>[] | undefined> {
    return this.#receive(
      options,
      () => this.incoming.takeAll(),
      (message) => this.withRest(message),
    );
  }

  #receive<T>(
    options: WaitOptions | undefined,
    take: () => T | undefined,
    complete: (message: ImsgMessage<Fd> | undefined) => T | undefined,
  ): Promise<T | undefined> {
    if (this.#holder !== undefined) return Promise.reject(busy(this.#holder));
    try {
      const signal = signalOf(options, "receive");
      if (signal?.aborted) return rejected(signal.reason);
      const ready = take();
      if (ready !== undefined) return Promise.resolve(ready);
      this.#receives++;
      this.incoming.reading = true;
      const done = (): void => {
        this.#receives--;
        this.incoming.reading = this.#receives > 0 || this.#holder !== undefined;
      };
      const waiting = this.incoming.wait(signal);
      waiting.then(done, done);
      return handled(waiting.then(complete));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Adds the messages that are there behind one that a receiver got. */
  withRest(message: ImsgMessage<Fd> | undefined): ImsgMessage<Fd>[] | undefined {
    return message === undefined ? undefined : [message, ...(this.incoming.takeAll() ?? [])];
  }

  /** Resolves with the next message for the channel's stream. */
  pull(): Promise<ImsgMessage<Fd> | undefined> {
    if (this.#holder !== "its stream") {
      const refused = this.acquire("its stream");
      if (refused !== undefined) return Promise.reject(refused);
    }
    const message = this.incoming.take();
    if (message !== undefined) return Promise.resolve(message);
    return this.incoming.wait().then(
      (next) => {
        if (next === undefined) this.release();
        return next;
      },
      (error) => {
        this.release();
        throw error;
      },
    );
  }

  /** Becomes the reader; returns EBUSY if there is one. */
  acquire(holder: "a loop" | "its stream"): ImsgError | undefined {
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
 * An iterator whose `return` ends a `next` that waits without a message being
 * lost, and whose `next` after the end is done.
 */
function iterate<T, Fd>(
  reader: Reader<Fd>,
  take: () => T | undefined,
  complete: (message: ImsgMessage<Fd>) => T,
  passed: (value: T) => void,
): AsyncIterableIterator<T> {
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
    last = complete(message);
    return { done: false, value: last };
  };
  const failed = (error: unknown): never => {
    stop();
    throw error;
  };
  const iterator: AsyncIterableIterator<T> = {
    // a message that is there needs one promise, and no chain of them
    next() {
      if (state === "done") return Promise.resolve({ done: true, value: undefined });
      if (state === "new") {
        const refused = reader.acquire("a loop");
        if (refused !== undefined) return Promise.reject(refused);
        state = "reading";
      }
      if (last !== undefined) passed(last);
      last = take();
      if (last !== undefined) return Promise.resolve({ done: false, value: last });
      return handled(reader.incoming.wait().then(result, failed));
    },
    return: () => Promise.resolve(stop()),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** The messages of a channel, one after the other. */
export function messages<Fd>(reader: Reader<Fd>): AsyncIterableIterator<ImsgMessage<Fd>> {
  return iterate(
    reader,
    () => reader.incoming.take(),
    (message) => message,
    (message) => message.dispose(),
  );
}

/** The messages of a channel, all that are there at a time. */
export function batches<Fd>(reader: Reader<Fd>): AsyncIterableIterator<ImsgMessage<Fd>[]> {
  return iterate(
    reader,
    () => reader.incoming.takeAll(),
    (message) => reader.withRest(message)!,
    (list) => {
      for (const message of list) message.dispose();
    },
  );
}
