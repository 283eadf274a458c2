import { Batch } from "../batch/batch.ts";
import { checkMessage, type ImsgMessage, type SendInit } from "../batch/message.ts";
import { ImsgError } from "../module/error.ts";
import { Inbox } from "./inbox.ts";
import { checkAmount, type ImsgOptions, resolveOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Arrivals } from "./received-fds.ts";
import { type RequestOptions, Requests } from "./requests.ts";
import { type StreamPair, streamTransport } from "./streams.ts";
import type { Passed, Transport } from "./transport.ts";

/** Options of an {@link ImsgChannel}. */
export interface ChannelOptions extends ImsgOptions {
  /**
   * How many bytes may wait each way before who sends them has to, besides what
   * the system holds: 65,536 if absent. A transport that cannot be stopped may deliver 16 times as much
   * (and one message) before the channel ends with ERR_IMSG_OVERFLOW.
   */
  highWaterMark?: number;
  /**
   * Lets descriptors pass, both ways: values that the transport can carry
   * (`imsgbuf_allow_fdpass`). Without it none is sent, and one that comes is
   * closed.
   */
  allowFdPass?: boolean;
  /** Aborts the channel, with the signal's reason. */
  signal?: AbortSignal;
}

const HIGH_WATER_MARK = 65536;
/** How many descriptors may wait to be received before the other side has to. */
const FD_MARK = 16;
const NONE: readonly Passed[] = [];

/**
 * Messages in both directions over any byte stream.
 *
 * A message's data is a buffer of its own; one of 4 KiB or more that fills most
 * of the chunk it came in is that chunk. Messages before an error are
 * delivered, then the error, by everything and for good.
 */
export class ImsgChannel implements AsyncIterable<ImsgMessage> {
  readonly #batch: Batch;
  readonly #transport: Transport;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox;
  readonly #arrivals: Arrivals;
  readonly #requests = new Requests();
  readonly #mark: number;
  readonly #limit: number;
  #closed: Promise<void> | undefined; // made for who asks
  #settleClosed: ((error: unknown) => void) | undefined;
  #ended = false; // the peer's side
  #finished = false; // our side
  #over: { error: unknown } | undefined; // both
  #paused = false;
  #looping = false;
  #readable: ReadableStream<ImsgMessage> | undefined;
  #writable: WritableStream<SendInit> | undefined;
  #unlisten: (() => void) | undefined;

  /**
   * A channel over a pair of byte streams, which it locks, or over a
   * {@link Transport}. Throws EINVAL for bad options, ENOMEM.
   */
  constructor(source: StreamPair | Transport, options: ChannelOptions = {}) {
    const { engine, ...resolved } = resolveOptions(options);
    const { highWaterMark = HIGH_WATER_MARK, allowFdPass = false, signal } = options;
    // with 0, one message may wait: whether one does is seen by its bytes
    this.#mark = Math.max(1, checkAmount(highWaterMark, "highWaterMark", "imsgbuf_init"));
    this.#limit = Math.max(this.#mark * 16, this.#mark + resolved.maxSize);
    signal?.throwIfAborted();
    const transport = "readable" in source ? streamTransport(source) : source;
    this.#transport = transport;
    if (allowFdPass && transport.passes !== true) {
      const detail = "this transport cannot pass descriptors";
      throw new ImsgError("EINVAL", { syscall: "imsgbuf_allow_fdpass", detail });
    }
    this.#batch = new Batch(engine, { ...resolved, fdpass: allowFdPass });
    this.#arrivals = new Arrivals(engine);
    this.#outbox = new Outbox(this.#batch, transport, this.#mark, allowFdPass, (error) =>
      this.#fail(error),
    );
    if (signal !== undefined) {
      const abort = (): void => this.#fail(signal.reason);
      signal.addEventListener("abort", abort);
      this.#unlisten = () => signal.removeEventListener("abort", abort);
    }
    this.#transport.start({
      highWaterMark: this.#mark,
      received: (chunk, passed) => this.#received(chunk, passed),
      ended: () => this.#peerEnded(),
      failed: (error) => this.#fail(error),
      sendFailed: (error) => this.#fail(error),
      hungUp: () => this.#peerEnded(),
      drained: () => {
        if (this.#over === undefined) this.#outbox.drained();
      },
    });
  }

  /**
   * Fulfilled when both sides have ended or {@link close} was called, rejected
   * with the error that ended the channel. Never an unhandled rejection.
   */
  get closed(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve, reject) => {
        this.#settleClosed = (error) => (error === undefined ? resolve() : reject(error));
      });
      this.#closed.catch(() => {});
      if (this.#over !== undefined) this.#settleClosed!(this.#over.error);
    }
    return this.#closed;
  }

  /**
   * Queues a message (its data is copied, its `fd` moved) and resolves when the
   * transport has room for it; concurrent sends keep their order.
   * `imsg_compose`. A send that is refused has not moved the value; one that
   * waits for room has, also if it is rejected because the channel ends.
   *
   * Rejects with ERANGE if it is too large, EINVAL, ENOMEM; ERR_IMSG_CLOSED
   * after {@link end} or {@link close}; the error that ended the channel.
   */
  send(message: SendInit): Promise<void> {
    if (this.#finished || this.#over !== undefined) return Promise.reject(this.#whyNot("send"));
    try {
      return this.#outbox.send(checkMessage(message));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The next message; undefined at a clean end. `imsg_get`. Rejects with the
   * error that ended the channel, after the messages before it.
   */
  receive(): Promise<ImsgMessage | undefined> {
    const message = this.#take();
    return message === undefined ? this.#wait() : Promise.resolve(message);
  }

  /**
   * Sends a message and resolves with the first one that matches, by default
   * the next with the same peerid. What does not match is received as usual, as
   * is a reply that comes too late. Rejects as {@link send} does, with
   * ETIMEDOUT, the signal's reason, what `match` throws, and when the channel
   * ends.
   */
  async request(message: SendInit, options: RequestOptions = {}): Promise<ImsgMessage> {
    const { reply, forget } = this.#requests.add(checkMessage(message), options);
    reply.catch(() => {}); // awaited below, but perhaps rejected before
    try {
      await this.send(message);
    } catch (error) {
      forget();
      throw error;
    }
    if (this.#ended) this.#requests.finish(this.#whyNot("request"));
    return reply;
  }

  /**
   * The messages, one after the other. Leaving the loop leaves the channel
   * open, and the next loop goes on; two loops at once are an error (EBUSY).
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ImsgMessage> {
    let started = false;
    const stop = (): void => {
      if (started) this.#looping = false;
      started = false;
    };
    const result = (value: ImsgMessage | undefined): IteratorResult<ImsgMessage, undefined> => {
      if (value !== undefined) return { done: false, value };
      stop();
      return { done: true, value };
    };
    const iterator: AsyncIterableIterator<ImsgMessage> = {
      // what is there needs no promise chain of its own
      next: () => {
        if (!started) {
          if (this.#looping) {
            const detail = "the channel is being iterated already";
            return Promise.reject(new ImsgError("EBUSY", { detail }));
          }
          started = this.#looping = true;
        }
        const value = this.#take();
        if (value !== undefined) return Promise.resolve({ done: false, value });
        return this.#wait().then(result, (error) => {
          stop();
          throw error;
        });
      },
      return: async () => {
        stop();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** The messages as a stream; cancelling it closes the channel. */
  get readable(): ReadableStream<ImsgMessage> {
    this.#readable ??= new ReadableStream<ImsgMessage>(
      {
        pull: async (controller) => {
          const message = await this.receive();
          if (message === undefined) controller.close();
          else controller.enqueue(message);
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /** A stream of messages to send; closing it is {@link end}, aborting it aborts the channel. */
  get writable(): WritableStream<SendInit> {
    this.#writable ??= new WritableStream<SendInit>({
      write: (message) => this.send(message),
      close: () => this.end(),
      abort: (reason) => this.close(reason ?? new ImsgError("ERR_IMSG_CLOSED")),
    });
    return this.#writable;
  }

  /** Sends what is queued and ends our side; the peer's goes on. Idempotent. */
  async end(): Promise<void> {
    if (this.#over !== undefined) {
      if (this.#over.error !== undefined) throw this.#over.error;
      return;
    }
    if (this.#finished) return;
    this.#outbox.flush();
    if (this.#over !== undefined) throw this.#whyNot("end");
    this.#finished = true;
    this.#outbox.finish(undefined);
    this.#transport.end();
    if (this.#ended) this.#conclude(undefined);
  }

  /**
   * Without a reason: hands what is queued to the transport, ends our side,
   * stops receiving, and never waits for the peer. Messages that have been
   * received can still be taken. With a reason: breaks off both sides; the
   * reason is the error of everything from then on. Idempotent.
   */
  async close(reason?: unknown): Promise<void> {
    if (reason !== undefined) {
      this.#fail(reason);
      return;
    }
    if (this.#over !== undefined) {
      this.#arrivals.close();
      return;
    }
    if (!this.#finished) this.#outbox.flush();
    if (this.#over !== undefined) return;
    this.#finished = true;
    this.#transport.close();
    this.#conclude(undefined);
    this.#arrivals.close();
  }

  /** The same as {@link close} without a reason. Idempotent. */
  dispose(): void {
    void this.close();
  }

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #whyNot(syscall: string): unknown {
    return this.#over?.error ?? new ImsgError("ERR_IMSG_CLOSED", { syscall });
  }

  #take(): ImsgMessage | undefined {
    const message = this.#inbox.take();
    if (this.#paused && this.#hasRoom && this.#over === undefined) {
      this.#paused = false;
      this.#transport.resume?.();
    }
    return message;
  }

  /** Nothing is there to be taken, so whoever asks is done with what was. */
  #wait(): Promise<ImsgMessage | undefined> {
    if (this.#over !== undefined) this.#arrivals.close();
    return this.#inbox.wait();
  }

  get #hasRoom(): boolean {
    return this.#inbox.bytes < this.#mark && this.#inbox.fds < FD_MARK;
  }

  #received(chunk: Uint8Array, passed: readonly Passed[] = NONE): void {
    const messages: ImsgMessage[] = [];
    let error: unknown;
    try {
      const fd = passed.length === 0 ? -1 : this.#arrivals.open(passed);
      if (this.#over !== undefined || this.#ended) {
        if (fd !== -1) this.#batch.engine.call.kernel_close(fd);
        return;
      }
      error = this.#batch.decode(chunk, "large", messages, fd);
    } catch (thrown) {
      error = thrown;
    }
    const asked = this.#requests.waiting;
    for (const message of messages) {
      if (message.hasFd) this.#arrivals.add(message);
      if (!asked || !this.#requests.settle(message)) this.#inbox.put(message);
    }
    error ??= this.#arrivals.overflow();
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    if (this.#paused || this.#hasRoom) return;
    if (this.#transport.pause !== undefined) {
      this.#paused = true;
      this.#transport.pause();
    } else if (this.#inbox.bytes > this.#limit) {
      const detail = `${this.#inbox.bytes} bytes wait, ${this.#limit} may`;
      this.#fail(new ImsgError("ERR_IMSG_OVERFLOW", { detail }));
    }
  }

  #peerEnded(): void {
    if (this.#over !== undefined || this.#ended) return;
    let error: unknown;
    try {
      error = this.#batch.end();
    } catch (thrown) {
      error = thrown;
    }
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    this.#ended = true;
    this.#inbox.finish(undefined);
    this.#requests.finish(
      new ImsgError("ERR_IMSG_CLOSED", { detail: "the peer has ended its side" }),
    );
    if (this.#finished) this.#conclude(undefined);
  }

  #fail(error: unknown): void {
    if (this.#over !== undefined) return;
    const reason = error ?? new ImsgError("ERR_IMSG_CLOSED");
    this.#over = { error: reason };
    this.#transport.abort(reason);
    this.#conclude(reason);
    this.#arrivals.close();
  }

  #conclude(error: unknown): void {
    this.#over ??= { error };
    this.#unlisten?.();
    // the message before the end has been handed out, perhaps, and not been looked at
    if (this.#inbox.finish(error)) setTimeout(() => this.#arrivals.close());
    this.#outbox.finish(error);
    this.#requests.finish(error ?? new ImsgError("ERR_IMSG_CLOSED", { syscall: "request" }));
    this.#batch.dispose();
    this.#settleClosed?.(error);
  }
}
