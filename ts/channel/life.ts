import type { Batch } from "../batch/batch.ts";
import type { ImsgMessage, SendInit } from "../batch/message.ts";
import { checkMessage } from "../module/check.ts";
import { closedError, failure, ImsgError } from "../module/error.ts";
import { handled, onAbort, rejected, Settlement, thrown } from "./handled.ts";
import { Incoming } from "./incoming.ts";
import { closeTransport, Linger } from "./linger.ts";
import { describeLost } from "./lost.ts";
import { type ResolvedChannelOptions, signalOf } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { type RequestOptions, Requests } from "./requests.ts";
import type { Passed, Transport } from "./transport.ts";

const NONE: readonly Passed[] = [];

/**
 * The life of a channel: which side has ended, what has failed, and what
 * happens next. It owns the parts of the channel and answers the transport.
 */
export class Life<Fd = unknown> {
  readonly requests = new Requests();
  /** See ImsgChannel.closed. */
  readonly closed = new Settlement();
  /** See ImsgChannel.peerEnded. */
  readonly peerEnded = new Settlement();
  readonly #batch: Batch;
  readonly #transport: Transport;
  readonly #options: ResolvedChannelOptions;
  readonly #outbox: Outbox;
  /** The receiving side. */
  readonly incoming: Incoming<Fd>;
  /** How the channel ended; the error is undefined if cleanly. */
  #over: { error: unknown } | undefined;
  /** Bytes of fulfilled sends that were lost when the channel failed. */
  #lost = 0;
  /** Why nothing can be sent any more, although the peer may still be heard. */
  #sendError: unknown;
  /** Whether a failed send set that error; otherwise the peer is gone. */
  #failedSend = false;
  /** The result of end(), once end() or close() was called. */
  #ending: Settlement | undefined;
  /** Whether the transport has sent the local end. */
  #localEnded = false;
  /** The event that the transport reported behind the chunks that wait. */
  #arrival: "open" | "ended" | "gone" = "open";
  /** Whether the peer's end has been reached, behind everything that it sent. */
  #reachedEnd = false;
  #closing: Promise<void> | undefined;
  #linger: Linger | undefined;
  #released = false;
  #unlisten: () => void = () => {};

  constructor(batch: Batch, transport: Transport, options: ResolvedChannelOptions) {
    this.#batch = batch;
    this.#transport = transport;
    this.#options = options;
    this.#outbox = new Outbox(batch, transport, options, (error) => this.#cannotSend(error));
    this.incoming = new Incoming(batch, transport, options, this.requests, {
      failed: (error) => this.#fail(error),
      emptied: () => this.#emptied(),
      refilled: () => {
        if (this.#arrival === "gone") this.#settle();
      },
    });
  }

  /** Starts the transport. Throws the error of its `start`. */
  start(): void {
    this.#transport.start({
      highWaterMark: this.#options.mark,
      received: (chunk, passed) => this.#received(chunk, passed),
      ended: () => this.#arrived("ended"),
      failed: (error) => this.#transportFailed(error),
      drained: () => {
        if (this.#over === undefined) this.#outbox.drained();
      },
      sendFailed: (error) => this.#sendFailed(error),
      hungUp: () => this.#arrived("gone"),
    });
    if (this.#over === undefined) {
      this.#unlisten = onAbort(this.#options.signal, (reason) => this.abort(reason));
    }
  }

  // --- sending ---------------------------------------------------------------

  /** Runs a send, unless nothing can be sent any more. */
  send(run: (outbox: Outbox) => Promise<void>): Promise<void> {
    if (!this.#canSend) return rejected(this.#whyNot("send"));
    try {
      return run(this.#outbox);
    } catch (error) {
      return thrown(error);
    }
  }

  get #canSend(): boolean {
    return this.#ending === undefined && !this.#broken;
  }

  /** Whether the channel can hand the transport no more bytes: it is over, or sending has failed. */
  get #broken(): boolean {
    return this.#over !== undefined || this.#sendError !== undefined;
  }

  #whyNot(syscall: string): unknown {
    return this.#over?.error ?? this.#sendError ?? closedError(syscall);
  }

  /** See ImsgChannel.request. */
  request(message: SendInit, options: RequestOptions): Promise<ImsgMessage<Fd>> {
    if (!this.#canSend) return rejected(this.#whyNot("request"));
    if (this.#reachedEnd) return rejected(closedError("request", "the peer has ended its side"));
    try {
      const { type, pid, data, fd, peerid: given } = checkMessage(message);
      const signal = signalOf(options, "request");
      if (signal?.aborted) return rejected(signal.reason);
      const unread = this.incoming.unread();
      if (unread !== undefined) return rejected(unread);
      const { peerid, reply, fail } = this.requests.add(given, options, signal);
      // a request that is not sent must not take a message as its reply
      const refusal = this.#outbox.refusal();
      if (refusal !== undefined) {
        fail(refusal);
        return reply as Promise<ImsgMessage<Fd>>;
      }
      let sent: Promise<void>;
      try {
        sent = this.#outbox.send({ type, peerid: peerid!, pid: pid!, data: data!, fd });
      } catch (error) {
        fail(error);
        throw error;
      }
      sent.catch(fail);
      this.incoming.refill(); // the reply may wait behind messages that the program does not receive
      return reply as Promise<ImsgMessage<Fd>>;
    } catch (error) {
      return thrown(error);
    }
  }

  /** See ImsgChannel.end. */
  end(): Promise<void> {
    return this.#finish().promise;
  }

  /** Flushes the queue and sends the local end behind it, once. Returns the result of that. */
  #finish(): Settlement {
    if (this.#ending !== undefined) return this.#ending;
    const ending = new Settlement();
    this.#ending = ending;
    if (!this.#broken) this.#outbox.flush(true);
    if (this.#broken) {
      ending.settle(this.#over === undefined ? this.#sendError : this.#over.error);
      return ending;
    }
    this.#outbox.finish(undefined);
    const ended = (): void => {
      if (this.#broken) return;
      this.#localEnded = true;
      ending.settle();
      this.#settle();
    };
    const sending = this.#transport.end();
    if (sending instanceof Promise) sending.then(ended, (error) => this.#sendFailed(error));
    else ended();
    return ending;
  }

  // --- what the transport reports ----------------------------------------------------

  #received(chunk: Uint8Array, passed: readonly Passed[] = NONE): void {
    const finished = this.#closing !== undefined || this.#arrival !== "open";
    if (finished || this.#over !== undefined || chunk.length === 0) this.incoming.discard(passed);
    else this.incoming.add(chunk, passed);
  }

  /** Everything that arrived is decoded: the end or the error behind it counts now. */
  #emptied(): void {
    if (this.#over !== undefined) {
      this.incoming.inbox.finish(this.#over.error);
      this.#batch.dispose();
      return;
    }
    if (this.#arrival === "open" || this.#reachedEnd || this.#closing !== undefined) return;
    this.#reachedEnd = true;
    let error: unknown;
    try {
      error = this.#batch.end();
    } catch (thrown) {
      error = thrown;
    }
    // a peer that is gone is no error, unless a send has failed or bytes are lost
    if (error === undefined && (this.#failedSend || this.#lost > 0)) error = this.#sendError;
    if (error !== undefined) {
      this.#fail(error);
      return;
    }
    this.incoming.inbox.finish(undefined);
    this.requests.finish(closedError("request", "the peer has ended its side"));
    this.peerEnded.settle();
    this.#settle();
  }

  #arrived(how: "ended" | "gone"): void {
    if (this.#over !== undefined || this.#arrival === "gone") return;
    this.#arrival = how;
    // a failed write has settled everything
    if (how === "gone" && this.#sendError === undefined) {
      this.#stopSending(failure("EPIPE", "imsgbuf_write", "the peer is gone"));
    }
    if (this.#linger === undefined) {
      if (this.#closing === undefined) this.incoming.refill();
    } else if (how === "gone" && !this.#localEnded) {
      // the peer never gets the local end: there is nothing to wait for
      this.#linger.failed(this.#sendError, this.#lost);
    } else this.#linger.update();
  }

  /** Nothing can be sent any more: settles the sends that wait, and end(). */
  #stopSending(error: unknown): void {
    this.#lost = this.#outbox.promised;
    this.#sendError = error;
    this.#outbox.finish(error);
    if (!this.#localEnded) this.#ending?.settle(error);
  }

  /** The outbox could not hand over bytes: the transport refused them, or the module failed. */
  #cannotSend(error: unknown): void {
    if (error instanceof ImsgError && error.fromPeer) this.#sendFailed(error);
    else this.#fail(error);
  }

  #sendFailed(error: unknown): void {
    if (this.#broken) return;
    this.#failedSend = true;
    this.#stopSending(error ?? closedError("send"));
    if (this.#linger !== undefined) {
      this.#linger.failed(this.#sendError, this.#lost);
    } else if (this.#reachedEnd) this.#fail(this.#sendError);
  }

  #transportFailed(error: unknown): void {
    if (this.#over !== undefined) return;
    if (this.#linger !== undefined) this.#linger.failed(error);
    else this.#fail(this.#sendError ?? error);
  }

  // --- the end -------------------------------------------------------------------

  /** Ends the channel if both sides have ended, or if the peer is gone and everything is read. */
  #settle(): void {
    if (this.#over !== undefined) return;
    if (this.#linger !== undefined) {
      this.#linger.update();
      return;
    }
    if (!this.#reachedEnd || this.#closing !== undefined) return;
    if (this.#arrival === "gone") {
      if (this.incoming.inbox.length === 0) this.#endUnsent();
    } else if (this.#localEnded) this.#conclude(undefined);
  }

  /** See ImsgChannel.abort. */
  abort(reason: unknown): void {
    this.incoming.drop();
    if (this.#over === undefined) {
      const error = reason ?? failure("ERR_IMSG_CLOSED", undefined, "it was aborted");
      if (this.#linger !== undefined) this.#linger.failed(error);
      else this.#fail(error, true);
    }
    this.#letGo();
  }

  /** Ends the channel with an error. Messages that have arrived can still be received. */
  #fail(error: unknown, local = false): void {
    if (this.#over !== undefined) return;
    if (!local) this.#lost ||= this.#outbox.promised;
    this.#stop(error, () => this.#transport.abort(error));
    this.incoming.close();
    this.#end(error, local ? error : describeLost(error, this.#lost));
  }

  /** Ends the channel: everything was sent, and the peer has ended or its end is not awaited. */
  #conclude(error: unknown): void {
    if (this.#over !== undefined) return;
    this.#stop(error, () => closeTransport(this.#transport));
    this.#emptied();
    this.incoming.settle();
    this.#end(error);
  }

  /** The channel is over: releases the transport, and settles the sends that wait, and end(). */
  #stop(error: unknown, release: () => void): void {
    this.#over = { error };
    this.incoming.isOver = true;
    if (!this.#released) release();
    this.#released = true;
    this.#outbox.finish(error ?? closedError("send"));
    this.#ending?.settle(error);
  }

  #end(error: unknown, described = error): void {
    this.#unlisten();
    this.requests.finish(error ?? closedError("request"));
    this.peerEnded.settle(error);
    this.closed.settle(described);
  }

  /** Frees what a channel that has ended still keeps for its reader. */
  #letGo(): void {
    this.incoming.letGo();
    this.#emptied();
  }

  /** See ImsgChannel.close. */
  close(): Promise<void> {
    this.#closing ??= handled(this.#close());
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#finish();
    if (this.#over === undefined && this.#sendError !== undefined) this.#endUnsent();
    if (this.#over !== undefined) {
      this.#letGo();
      const { error } = this.#over;
      return this.#lost > 0 ? Promise.reject(describeLost(error, this.#lost)) : Promise.resolve();
    }
    this.requests.finish(closedError("request"));
    this.incoming.letGo();
    this.incoming.inbox.finish(undefined);
    const closed = new Settlement();
    this.#linger = new Linger(this.#transport, {
      timeout: this.#options.lingerTimeout,
      unsent: () => this.#outbox.backlog,
      ready: () => this.#localEnded && this.#arrival !== "open",
      done: (error, lost) => {
        this.#linger = undefined;
        this.#released = true;
        this.#lost = lost;
        this.#conclude(error);
        closed.settle(error);
      },
    });
    this.incoming.discards = true;
    this.#linger.start();
    this.incoming.flow();
    return closed.promise;
  }

  /** Ends a channel that cannot send any more: there is nothing to wait for. */
  #endUnsent(): void {
    if (this.#lost > 0) this.#fail(this.#sendError);
    else this.#conclude(undefined);
  }

  get #state(): string {
    if (this.#over !== undefined) return "closed";
    if (this.#closing !== undefined) return "closing";
    if (this.#arrival === "open") return this.#ending === undefined ? "open" : "local end";
    return this.#ending === undefined ? "peer end" : "ending";
  }

  /** The fields that `console.log` prints of a channel. */
  describe(): object {
    const error = this.#over?.error;
    return {
      transport: this.#transport.name ?? "custom",
      state: this.#state,
      ...(error !== undefined && { error }),
      received: this.incoming.inbox.length,
      unsent: (this.#over ?? this.#sendError) ? this.#lost : this.#outbox.backlog,
    };
  }
}
