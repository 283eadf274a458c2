import type { ImsgMessage } from "../batch/message.ts";
import { Queue } from "./queue.ts";

interface Receiver {
  resolve: (message: ImsgMessage | undefined) => void;
  reject: (error: unknown) => void;
}

/** What a queued message counts for, besides its payload. */
const OVERHEAD = 16;

/**
 * The receiving half of a channel: messages wait for receivers, or receivers
 * for messages; behind the last message stands the end or an error, for good.
 */
export class Inbox {
  readonly #messages = new Queue<ImsgMessage>();
  readonly #receivers = new Queue<Receiver>();
  #bytes = 0;
  #fds = 0;
  #end: { error: unknown } | undefined;

  /** Bytes of the messages that wait, their headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many of the messages that wait have a descriptor. */
  get fds(): number {
    return this.#fds;
  }

  /** Hands a message to the first receiver, or keeps it. */
  put(message: ImsgMessage): void {
    if (this.#receivers.length > 0) {
      this.#receivers.shift()!.resolve(message);
      return;
    }
    this.#messages.push(message);
    this.#bytes += message.data.length + OVERHEAD;
    if (message.hasFd) this.#fds++;
  }

  /** The first message if there is one now. */
  take(): ImsgMessage | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#bytes -= message.data.length + OVERHEAD;
    if (message.hasFd) this.#fds--;
    return message;
  }

  /** Waits for a message; undefined at the end. */
  wait(): Promise<ImsgMessage | undefined> {
    if (this.#end !== undefined) {
      const { error } = this.#end;
      return error === undefined ? Promise.resolve(undefined) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#receivers.push({ resolve, reject }));
  }

  /**
   * No message will follow: a clean end, or an error. The first call counts.
   * Tells whether somebody has been waiting for it.
   */
  finish(error: unknown): boolean {
    if (this.#end !== undefined) return false;
    this.#end = { error };
    const awaited = this.#receivers.length > 0;
    for (let r = this.#receivers.shift(); r !== undefined; r = this.#receivers.shift()) {
      if (error === undefined) r.resolve(undefined);
      else r.reject(error);
    }
    return awaited;
  }
}
