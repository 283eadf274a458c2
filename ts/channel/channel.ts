import { Batch } from "../batch/batch.ts";
import type { ImsgMessage, SendInit } from "../batch/message.ts";
import { checkIterable, checkMessage } from "../module/check.ts";
import { closedError, fieldsOf, invalid } from "../module/error.ts";
import { makeInspectable } from "./inspectable.ts";
import { Life } from "./life.ts";
import { type ChannelOptions, resolveChannelOptions, signalOf } from "./options.ts";
import { iterate, many, one, Reader } from "./reader.ts";
import type { RequestOptions } from "./requests.ts";
import { type StreamPair, streamTransport } from "./streams.ts";
import type { PeerCredentials, Transport } from "./transport.ts";

/** Options of a single send or receive. */
export interface WaitOptions {
  /** Ends the waiting; the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The fields of a reply: those of a message, except the peerid. */
export type ReplyInit = Omit<SendInit, "peerid">;

/**
 * Messages in both directions over any byte stream.
 *
 * Messages that arrived before an error are delivered first; then everything
 * throws the error, for good. A rejection that the peer, the transport or time
 * causes is never an unhandled rejection, so `void channel.send(message)` is
 * safe. docs/lifecycle.md has every promise that a channel keeps.
 *
 * @example
 * for await (const m of channel) await channel.reply(m, { type: m.type + 1 });
 * await channel.close();
 *
 * `Fd` is the type of the values that come with messages: numbers on channels of
 * `imsg-wasm/node`, `/deno` and `/bun`.
 */
export class ImsgChannel<Fd = unknown> implements AsyncIterable<ImsgMessage<Fd>> {
  readonly #life: Life<Fd>;
  readonly #reader: Reader<Fd>;
  readonly #transport: Transport;
  #readable: ReadableStream<ImsgMessage<Fd>> | undefined;
  #writable: WritableStream<SendInit> | undefined;

  /**
   * Makes a channel over a pair of byte streams, which it locks, or over a
   * {@link Transport}. Throws EINVAL for bad options, ENOMEM, and the reason of a
   * signal that has aborted; the streams stay unlocked then.
   */
  constructor(source: StreamPair | Transport, options: ChannelOptions = {}) {
    const isPair = "readable" in fieldsOf(source);
    const transport = isPair ? streamTransport(source as StreamPair) : (source as Transport);
    const { start, abort } = fieldsOf(transport); // a MessagePort has start, but is no transport
    if (typeof start !== "function" || typeof abort !== "function") {
      throw invalid("imsgbuf_init", "a channel needs a pair of byte streams or a transport");
    }
    const resolved = resolveChannelOptions(options);
    resolved.signal?.throwIfAborted();
    if (resolved.fdpass && transport.passes !== true) {
      const detail = "allowFdPass is set, but this transport cannot pass descriptors";
      throw invalid("imsgbuf_allow_fdpass", detail);
    }
    this.#transport = transport;
    makeInspectable(ImsgChannel.prototype, "ImsgChannel", (it) => it.#life.describe());
    const batch = new Batch(resolved);
    try {
      this.#life = new Life<Fd>(batch, transport, resolved);
      this.#reader = new Reader(this.#life.incoming);
      this.#life.start();
    } catch (error) {
      batch.dispose();
      throw error;
    }
  }

  /**
   * Fulfilled when the channel has ended: both sides have ended, the peer is gone
   * and everything that it sent has been received, or {@link close} is done.
   * Rejected with the error that ended the channel; it says how many bytes of
   * fulfilled sends were lost, if any. Never an unhandled rejection.
   */
  get closed(): Promise<void> {
    return this.#life.closed.promise;
  }

  /**
   * Fulfilled when the peer has ended its side and everything before that has
   * been decoded; the channel may still send. Also fulfilled when the channel
   * ends cleanly without that. Rejected with the error that ended the channel.
   * Never an unhandled rejection.
   */
  get peerEnded(): Promise<void> {
    return this.#life.peerEnded.promise;
  }

  /** How many replies were dropped because their requests had been given up before. */
  get lateReplies(): number {
    return this.#life.requests.late;
  }

  /**
   * The process at the other end of a Unix socket, as SO_PEERCRED has it. Needs
   * Linux, and in Node the package koffi. Undefined elsewhere, in Deno without
   * `allowFdPass`, and on a socket of Node's that the program has opened itself.
   */
  get peerCredentials(): PeerCredentials | undefined {
    return this.#transport.peerCredentials;
  }

  /**
   * Queues a message (its data is copied, its `fd` moved) and resolves when the
   * transport has room for it; concurrent sends keep their order.
   * `imsg_compose`. A send that is refused has not moved the value. One that
   * waits for room has, also if it is rejected because the channel ends or its
   * signal aborts; the message stays queued then.
   *
   * Rejects with ERANGE if the message is too large, EINVAL, ENOMEM; with ENOBUFS
   * if `maxQueued` bytes wait already, and the channel lives; ERR_IMSG_CLOSED
   * after {@link end} or {@link close}; the error that ended the channel.
   */
  send(message: SendInit, options?: WaitOptions): Promise<void> {
    return this.#life.send((outbox) =>
      outbox.send(checkMessage(message), signalOf(options, "send")),
    );
  }

  /**
   * Queues several messages, and resolves when the transport has room for all of
   * them. Rejects as {@link send} does; the messages before the one that is
   * refused are sent.
   */
  sendMany(list: Iterable<SendInit>, options?: WaitOptions): Promise<void> {
    return this.#life.send((outbox) =>
      outbox.sendMany(checkIterable(list, "sendMany"), signalOf(options, "sendMany")),
    );
  }

  /** Sends a message with the peerid of the message that it answers. Rejects as {@link send} does. */
  reply(to: { readonly peerid: number }, fields: ReplyInit): Promise<void> {
    return this.#life.send((outbox) =>
      outbox.send({ ...checkMessage(fields), peerid: checkMessage(to).peerid }),
    );
  }

  /**
   * Resolves with the next message, or with undefined at a clean end. `imsg_get`.
   * Rejects with the error that ended the channel, after the messages before it;
   * EBUSY while a loop or stream reads.
   */
  receive(options?: WaitOptions): Promise<ImsgMessage<Fd> | undefined> {
    return this.#reader.receive(one<Fd>(), options);
  }

  /**
   * Resolves with all messages that are there, at least one, or with undefined at
   * a clean end. Costs one promise for all of them. Rejects as {@link receive} does.
   */
  receiveMany(options?: WaitOptions): Promise<ImsgMessage<Fd>[] | undefined> {
    return this.#reader.receive(many<Fd>(), options);
  }

  /**
   * Sends a message and resolves with its reply: the first message for which
   * `match` returns true, or that has the request's peerid. A message without a
   * peerid gets a fresh one, unless `match` is given. Other messages are received
   * as usual. The time-out and the signal count from the call. A reply that
   * comes after its request was given up is dropped (see `lateReplies`).
   *
   * Rejects as {@link send} does; with ETIMEDOUT, the signal's reason, the error
   * that `match` throws; with ERR_IMSG_UNREAD if so many messages wait to be
   * received that the reply cannot be decoded, and the channel lives; with
   * ERR_IMSG_CLOSED when the peer ends.
   */
  request(message: SendInit, options: RequestOptions = {}): Promise<ImsgMessage<Fd>> {
    return this.#life.request(message, options);
  }

  /**
   * The messages, one after the other. A loop that is left leaves the channel
   * open, and the next loop continues with the next message. A descriptor that
   * the body of the loop has not taken is closed when the loop asks for the next
   * message. A second reader of any kind is an error (EBUSY).
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ImsgMessage<Fd>> {
    return iterate(this.#reader, one<Fd>(), "a loop");
  }

  /** The messages in batches: all that are there at a time, at least one. Otherwise like the loop. */
  batches(): AsyncIterableIterator<ImsgMessage<Fd>[]> {
    return iterate(this.#reader, many<Fd>(), "a loop");
  }

  /** The messages as a stream; cancelling it closes the channel. It reads as a loop does. */
  get readable(): ReadableStream<ImsgMessage<Fd>> {
    if (this.#readable !== undefined) return this.#readable;
    const iterator = iterate(this.#reader, one<Fd>(), "its stream");
    this.#readable = new ReadableStream<ImsgMessage<Fd>>(
      {
        pull: async (controller) => {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => {
          void iterator.return();
          return this.close();
        },
      },
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /**
   * A stream of messages to send; closing it is {@link end}, aborting it is {@link abort}. It fails
   * when the channel ends.
   */
  get writable(): WritableStream<SendInit> {
    this.#writable ??= new WritableStream<SendInit>({
      start: (controller) => {
        const { signal } = controller;
        // the stream calls abort() below only after a pending write has settled, and a write waits
        // as long as the peer reads nothing
        signal?.addEventListener("abort", () => this.abort(signal.reason));
        const over = (error: unknown): void => controller.error(error ?? closedError("send"));
        this.closed.then(over, over);
      },
      write: (message) => this.send(message),
      close: () => this.end(),
      abort: (reason) => this.abort(reason),
    });
    return this.#writable;
  }

  /**
   * Sends the queued bytes and ends the local side; the peer's side stays open. Resolves
   * when the operating system (or the stream, socket or port below) has every
   * byte. Rejects with the error that ended the channel. Idempotent.
   */
  end(): Promise<void> {
    return this.#life.end();
  }

  /**
   * Ends the channel, and loses nothing that was sent. Idempotent.
   *
   * Sends the queued bytes, ends the local side and stops receiving; messages that have
   * been received can still be taken. On sockets it then discards what arrives
   * until the peer ends its side, since closing earlier could reset the
   * connection; the option `lingerTimeout` limits that. Elsewhere it resolves
   * when everything is handed over, and does not wait for the peer's program.
   *
   * Rejects if bytes of fulfilled sends could not be handed over: with ETIMEDOUT
   * when the limit has passed, else with the error that ended the channel. Both
   * say how many bytes.
   */
  close(...none: []): Promise<void> {
    const [reason] = none as unknown[];
    if (reason !== undefined) {
      const detail = "close() takes no reason; abort(reason) breaks the channel off";
      return Promise.reject(invalid("close", detail));
    }
    return this.#life.close();
  }

  /**
   * Breaks off both sides now. Everything throws the reason from then on, after
   * the messages that have been decoded. The peer sees an error where the
   * transport can carry one: docs/lifecycle.md has a table. Idempotent.
   * @param reason the error; ERR_IMSG_CLOSED if absent
   */
  abort(reason?: unknown): void {
    this.#life.abort(reason);
  }

  /** Lets the channel keep the process alive, which is the default, where the runtime has that. */
  ref(): this {
    this.#transport.ref?.();
    return this;
  }

  /**
   * Lets the process exit although the channel is open, where the runtime has that. In Node and
   * Deno, bytes that a socket's peer does not read keep the process alive nevertheless.
   */
  unref(): this {
    this.#transport.unref?.();
    return this;
  }

  /** The same as {@link close}, without its promise. */
  dispose(): void {
    void this.close();
  }

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export type { ChannelOptions } from "./options.ts";
