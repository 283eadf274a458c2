import type { ImsgMessage } from "../batch/message.ts";
import { failure, fieldsOf, invalid } from "../module/error.ts";
import { handled, onAbort } from "./handled.ts";
import { REMEMBERED } from "./limits.ts";
import { checkTimeout } from "./options.ts";

/** Options of {@link ImsgChannel.request}. */
export interface RequestOptions {
  /** Returns whether a message is the reply; by default, the first message with the request's peerid is. */
  match?: ((message: ImsgMessage) => boolean) | undefined;
  /** Cancels the request: its promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Cancels the request so many milliseconds after the call: its promise rejects with ETIMEDOUT. */
  timeout?: number | undefined;
}

interface Pending {
  /** The peerid that a reply has, or undefined if `match` decides. */
  peerid: number | undefined;
  match: ((message: ImsgMessage) => boolean) | undefined;
  settle: (message: ImsgMessage | undefined, error: unknown) => void;
}

/** A request that waits for its reply. */
export interface Registered {
  /** The peerid to send the request with. */
  peerid: number | undefined;
  /** The reply. Its rejection is handled. */
  reply: Promise<ImsgMessage>;
  /** Rejects the reply with an error, unless it is settled. */
  fail(error: unknown): void;
}

/** The requests of a channel that wait for their replies, oldest first. */
export class Requests {
  #pending: Set<Pending> | undefined; // most channels send no request
  #givenUp: Set<number> | undefined;
  readonly #used = new Set<number>(); // the peerids of requests that wait
  #next = 0;
  /** How many replies came after their requests had been given up, and were dropped. */
  late = 0;

  /**
   * Registers a request with the peerid that the caller gave, if any. The signal has been checked.
   * Throws EINVAL for other bad options.
   */
  add(
    given: number | undefined,
    options: RequestOptions,
    signal: AbortSignal | undefined,
  ): Registered {
    const { timeout, match } = Object(options) as RequestOptions;
    if (match !== undefined && typeof fieldsOf(match) !== "function") {
      throw invalid("request", "match must be a function");
    }
    if (timeout !== undefined) checkTimeout(timeout, "timeout", "request");
    const peerid = given ?? (match === undefined ? this.#fresh() : undefined);
    let fail = (_error: unknown): void => {};
    const reply = new Promise<ImsgMessage>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const forget = onAbort(signal, (reason) => giveUp(reason));
      const settle: Pending["settle"] = (message, error) => {
        this.#pending!.delete(pending);
        if (peerid !== undefined) this.#used.delete(peerid);
        clearTimeout(timer);
        forget();
        if (message === undefined) reject(error);
        else resolve(message);
      };
      const pending: Pending = { peerid: match === undefined ? peerid : undefined, match, settle };
      const giveUp = (error: unknown): void => {
        // 0 is the peerid of messages that answer nothing
        if (pending.peerid) this.#remember(pending.peerid);
        settle(undefined, error);
      };
      fail = (error) => {
        if (this.#pending!.has(pending)) settle(undefined, error);
      };
      this.#pending ??= new Set();
      this.#pending.add(pending);
      if (peerid !== undefined) this.#used.add(peerid);
      if (timeout !== undefined) {
        const detail = `no reply within ${timeout} ms, the request's timeout`;
        timer = setTimeout(() => giveUp(failure("ETIMEDOUT", "request", detail)), timeout);
      }
    });
    return { peerid, reply: handled(reply), fail };
  }

  /** Returns a peerid that belongs to no request, neither to one that waits nor to one that was given up. */
  #fresh(): number {
    do this.#next = this.#next === 0xffffffff ? 1 : this.#next + 1;
    while (this.#used.has(this.#next) || this.#givenUp?.has(this.#next));
    return this.#next;
  }

  #remember(peerid: number): void {
    this.#givenUp ??= new Set();
    this.#givenUp.add(peerid);
    if (this.#givenUp.size <= REMEMBERED) return;
    const [oldest] = this.#givenUp;
    this.#givenUp.delete(oldest!);
  }

  /** Whether {@link settle} could have a use for a message. */
  get interested(): boolean {
    return this.waiting || (this.#givenUp?.size ?? 0) > 0;
  }

  /**
   * Returns whether a message is a reply. A reply settles its request; a reply
   * to a request that was given up is dropped.
   */
  settle(message: ImsgMessage): boolean {
    for (const pending of this.#pending ?? []) {
      let matches: boolean;
      try {
        matches = pending.match?.(message) ?? message.peerid === pending.peerid;
      } catch (error) {
        pending.settle(undefined, error);
        continue;
      }
      if (matches) {
        pending.settle(message, undefined);
        return true;
      }
    }
    if (!this.#givenUp?.delete(message.peerid)) return false;
    this.late++;
    message.dispose();
    return true;
  }

  /** Rejects every request that waits. */
  finish(error: unknown): void {
    for (const pending of this.#pending ?? []) pending.settle(undefined, error);
  }

  /** Whether any request waits. */
  get waiting(): boolean {
    return (this.#pending?.size ?? 0) > 0;
  }
}
