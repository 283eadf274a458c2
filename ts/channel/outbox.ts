import type { Batch } from "../batch/batch.ts";
import { readMessage, type SendInit } from "../batch/message.ts";
import { checkMessage } from "../module/check.ts";
import { closedError, failure, type ImsgError, invalid } from "../module/error.ts";
import { handled, rejected } from "./handled.ts";
import { FULL } from "./limits.ts";
import type { ResolvedChannelOptions } from "./options.ts";
import type { Transport } from "./transport.ts";
import { afterTurn } from "./turn.ts";
import { Waiters } from "./waiters.ts";

const DONE = /* @__PURE__ */ Promise.resolve();

/**
 * The sending half of a channel. A message enters the module's queue at once.
 * Its bytes go to the transport at the end of the microtask if it is the first
 * of its turn of the event loop, so that a lone message does not wait; later
 * ones of the same turn go together at the end of the turn, or as soon as there
 * are as many bytes as the mark.
 */
export class Outbox {
  readonly #batch: Batch;
  readonly #transport: Transport;
  readonly #options: ResolvedChannelOptions;
  readonly #fail: (error: unknown) => void;
  readonly #waiting = new Waiters();
  #queued = 0; // bytes in the module's queue
  #waitingBytes = 0;
  #scheduled = false;
  #hasValue = false;
  #full = false;
  #over: unknown; // the error of a send after the end

  constructor(
    batch: Batch,
    transport: Transport,
    options: ResolvedChannelOptions,
    fail: (error: unknown) => void,
  ) {
    this.#batch = batch;
    this.#transport = transport;
    this.#options = options;
    this.#fail = fail;
  }

  /** Bytes that were sent and that the operating system has not taken. */
  get backlog(): number {
    return this.#queued + (this.#transport.unsent ?? 0);
  }

  /** Bytes of messages whose sends were fulfilled and that the operating system has not taken. */
  get promised(): number {
    return Math.max(0, this.backlog - this.#waitingBytes);
  }

  /** Queues a message. The promise is fulfilled when the transport has room. Throws what compose throws. */
  send(message: SendInit, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return rejected(signal.reason);
    const refusal = this.refusal();
    if (refusal !== undefined) return rejected(refusal);
    return this.#sent(this.#compose(message), signal);
  }

  /** Queues several messages, with one promise for all of them. Throws what compose throws. */
  sendMany(messages: Iterable<SendInit>, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return rejected(signal.reason);
    let bytes = 0;
    try {
      for (const message of messages) {
        const refusal = this.refusal();
        if (refusal !== undefined) return rejected(refusal);
        bytes += this.#compose(checkMessage(message));
      }
    } finally {
      // the messages before the one that is refused stay sent
      if (bytes > 0) this.#schedule();
    }
    return bytes === 0 ? DONE : this.#sent(bytes, signal);
  }

  /** Returns ENOBUFS if so many bytes are queued that nothing can be sent now. */
  refusal(): ImsgError | undefined {
    const { maxQueued } = this.#options;
    if (this.#queued < maxQueued && (!this.#full || this.backlog < maxQueued)) return undefined;
    const detail = `${this.backlog} bytes wait for the peer, and maxQueued is ${maxQueued}`;
    return failure("ENOBUFS", "imsg_compose", detail);
  }

  #compose(message: SendInit): number {
    const { fd } = message;
    let bytes: number;
    try {
      bytes = fd === undefined ? this.#batch.compose(message) : this.#pass(message, fd);
    } catch (error) {
      throw this.#over ?? error;
    }
    this.#checkOpen();
    this.#queued += bytes;
    this.#hasValue ||= fd !== undefined;
    return bytes;
  }

  /** Reading a message may run code of the caller, and that may have ended the channel. */
  #checkOpen(): void {
    if (this.#over !== undefined) throw this.#over;
  }

  /** Queues a message with a value, which stays the caller's if that fails. */
  #pass(init: SendInit, value: unknown): number {
    if (!this.#options.fdpass) {
      const detail = "the channel was made without the option allowFdPass";
      throw invalid("imsg_compose", detail);
    }
    const message = readMessage(init);
    this.#checkOpen();
    const claimed = this.#transport.claim?.(value);
    const { engine } = this.#batch;
    const { values, call } = engine;
    try {
      const fd = engine.openValue(claimed?.value ?? value, claimed?.dispose, "imsg_compose");
      try {
        return this.#batch.compose(message, fd);
      } catch (error) {
        if (engine.trapped === undefined) values.take(call.kernel_take(fd));
        throw error;
      }
    } catch (error) {
      claimed?.release?.();
      throw error;
    }
  }

  #sent(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#full) this.#schedule();
    if (!this.#full) return DONE;
    this.#waitingBytes += bytes;
    return handled(
      this.#waiting.wait(signal, () => {
        this.#waitingBytes -= bytes;
      }),
    );
  }

  #schedule(): void {
    if (this.#full) return;
    // values are scarce: none waits for the end of the turn
    if (this.#queued >= Math.min(this.#options.mark, FULL) || this.#hasValue) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(this.#firstOfTurn);
    }
  }

  readonly #firstOfTurn = (): void => {
    this.flush();
    afterTurn(this.#endOfTurn);
  };

  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** Hands the transport the queued bytes: as long as it has room, or all of them. */
  flush(all = false): void {
    this.#hasValue = false;
    try {
      while (this.#queued > 0 && (all || !this.#full)) {
        const piece = this.#batch.take();
        if (piece === undefined) {
          this.#queued = 0;
          return;
        }
        const { length } = piece.data; // the transport may transfer the bytes
        if (!this.#transport.send(piece.data, piece.passed)) this.#full = true;
        this.#queued -= length;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The transport has room again. */
  drained(): void {
    this.#full = false;
    this.flush();
    while (!this.#full && this.#waiting.length > 0) this.#waiting.next(undefined);
  }

  /** Nothing more will be sent, also not at the end of the turn. Settles every send that waits. */
  finish(error: unknown): void {
    this.#over = error ?? closedError("send");
    this.#queued = 0;
    this.#waiting.finish(error);
  }
}
