import type { Batch } from "../batch/batch.ts";
import { checkMessage, type ImsgMessage, type SendInit } from "../batch/message.ts";
import { ImsgError } from "../module/error.ts";
import { handled, onAbort, rejected, Settlement, thrown } from "./handled.ts";
import { Incoming } from "./incoming.ts";
import { closeTransport, Linger } from "./linger.ts";
import { describeLost } from "./lost.ts";
import { type ResolvedChannelOptions, signalOf } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { type RequestOptions, Requests } from "./requests.ts";
import type { Passed, Transport } from "./transport.ts";

const NONE: readonly Passed[] = [];

/** The error of a call that comes after the end of the channel. */
export const closedError = (syscall: string, detail?: string): ImsgError =>
  new ImsgError("ERR_IMSG_CLOSED", { syscall, detail });

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
  /** Whether a send has failed, rather than the peer having gone. */
  #failedSend = false;
  /** Whether end() or close() was called. */
  #finished = false;
  #ending: Settlement | undefined;
  /** Whether the transport has sent our end. */
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
    const outbox = { mark: options.mark, maxQueued: options.maxQueued, passes: options.fdpass };
    this.#outbox = new Outbox(batch, transport, outbox, (error) => this.#cannotSend(error));
    this.incoming = new Incoming(batch, transport, options, this.requests, {
      failed: (error) => this.#fail(error),
      emptied: () => this.#emptied(),
      refilled: () => {
        if (this.#arrival === "gone") this.#settle();
      },
    });
  }

  /** Starts the transport. Throws what its `start` throws. */
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
    return this.#over === undefined && !this.#finished && this.#sendError === undefined;
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
      const { peerid, reply, fail } = this.requests.add({ type, peerid: given! }, options, signal);
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
    if (this.#ending === undefined) {
      if (this.#over !== undefined || this.#sendError !== undefined) {
        const error = this.#over === undefined ? this.#sendError : this.#over.error;
        return error === undefined ? Promise.resolve() : rejected(error);
      }
      this.#finish();
    }
    return this.#ending!.promise;
  }

  /** Sends what is queued, and the end behind it. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#ending = new Settlement();
    this.#outbox.flushAll();
    if (this.#over !== undefined || this.#sendError !== undefined) {
      this.#ending.settle(this.#whyNot("end"));
      return;
    }
    this.#outbox.finish(undefined);
    const ended = (): void => {
      if (this.#over !== undefined || this.#sendError !== undefined) return;
      this.#localEnded = true;
      this.#ending!.settle();
      this.#settle();
    };
    const sending = this.#transport.end();
    if (sending instanceof Promise) sending.then(ended, (error) => this.#sendFailed(error));
    else ended();
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
    if (how === "gone") this.#peerGone();
    if (this.#linger === undefined) {
      if (this.#closing === undefined) this.incoming.refill();
    } else if (how === "gone" && !this.#localEnded) {
      // the end of our side never arrives: there is nothing to wait for
      this.#linger.failed(describeLost(this.#sendError, this.#lost), this.#lost);
    } else this.#linger.update();
  }

  #peerGone(): void {
    if (this.#sendError !== undefined) return; // a failed write has settled everything
    const detail = "the peer is gone";
    this.#stopSending(new ImsgError("EPIPE", { syscall: "imsgbuf_write", detail }));
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
    if (this.#over !== undefined || this.#sendError !== undefined) return;
    this.#failedSend = true;
    this.#stopSending(error ?? closedError("send"));
    if (this.#linger !== undefined) {
      this.#linger.failed(describeLost(this.#sendError, this.#lost), this.#lost);
    } else if (this.#reachedEnd) this.#fail(this.#sendError);
  }

  #transportFailed(error: unknown): void {
    if (this.#over !== undefined) return;
    if (this.#linger !== undefined) {
      this.#lost ||= this.#outbox.promised;
      this.#linger.failed(describeLost(error, this.#lost));
    } else this.#fail(this.#sendError ?? error);
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
    if (this.#over !== undefined) {
      this.#letGo();
      return;
    }
    const error = reason ?? new ImsgError("ERR_IMSG_CLOSED", { detail: "it was aborted" });
    const lost = this.#outbox.promised;
    if (this.#linger !== undefined) this.#linger.failed(describeLost(error, lost), lost);
    else this.#fail(error, true);
    this.incoming.letGo();
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
    if (this.#over === undefined) this.#finish();
    if (this.#over === undefined && this.#sendError !== undefined) this.#endUnsent();
    if (this.#over !== undefined) {
      this.#letGo();
      const { error } = this.#over;
      return this.#lost > 0 ? Promise.reject(describeLost(error, this.#lost)) : Promise.resolve();
    }
    this.requests.finish(closedError("request"));
    this.incoming.letGo();
    this.incoming.inbox.finish(undefined);
    return new Promise((resolve, reject) => {
      this.#linger = new Linger(this.#transport, {
        timeout: this.#options.lingerTimeout,
        unsent: () => this.#outbox.backlog,
        ready: () => this.#localEnded && this.#arrival !== "open",
        done: (error, lost) => {
          this.#linger = undefined;
          this.#released = true;
          this.#lost = lost;
          this.#conclude(error);
          if (lost > 0) reject(error);
          else resolve();
        },
      });
      this.incoming.discards = true;
      this.#linger.start();
      this.incoming.flow();
    });
  }

  /** Ends a channel that cannot send any more: there is nothing to wait for. */
  #endUnsent(): void {
    if (this.#lost > 0) this.#fail(this.#sendError);
    else this.#conclude(undefined);
  }

  /** The fields that `console.log` prints of a channel. */
  describe(): object {
    const ended = this.#finished ? (this.#arrival === "open" ? "local end" : "ending") : "peer end";
    const open = !this.#finished && this.#arrival === "open" ? "open" : ended;
    const error = this.#over?.error;
    return {
      transport: this.#transport.name ?? "custom",
      state: this.#over === undefined ? (this.#closing === undefined ? open : "closing") : "closed",
      ...(error === undefined ? {} : { error }),
      received: this.incoming.inbox.length,
      unsent: (this.#over ?? this.#sendError) ? this.#lost : this.#outbox.backlog,
    };
  }
}
