import type { ImsgMessage } from "../batch/message.ts";
import { settled } from "./handled.ts";
import { MESSAGE_COST } from "./limits.ts";
import { Queue } from "./queue.ts";
import { Waiters } from "./waiters.ts";

/**
 * The messages that wait for receivers, or the receivers that wait for
 * messages. Behind the last message stands the end or an error, for good.
 */
export class Inbox<Fd = unknown> {
  readonly #messages = new Queue<ImsgMessage<Fd>>();
  readonly #receivers = new Waiters<ImsgMessage<Fd>>();
  #bytes = 0;
  #withFd: Set<ImsgMessage<Fd>> | undefined; // their descriptors may be closed while they wait
  #end: { error: unknown } | undefined;

  /** Bytes of memory of the messages that wait. */
  get cost(): number {
    return this.#bytes + this.length * MESSAGE_COST;
  }

  /** Bytes of payload of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#messages.length;
  }

  /** How many of the messages that wait came with a descriptor. */
  get fds(): number {
    return this.#withFd?.size ?? 0;
  }

  /** How many receivers wait. */
  get receivers(): number {
    return this.#receivers.length;
  }

  /** Whether nothing follows the messages that wait. */
  get finished(): boolean {
    return this.#end !== undefined;
  }

  /** Hands messages to the receivers, and keeps the others. The array is the inbox's from then on. */
  put(messages: ImsgMessage<Fd>[]): void {
    while (messages.length > 0 && this.#receivers.length > 0) {
      this.#receivers.next(messages.shift());
    }
    for (const message of messages) {
      this.#bytes += message.data.length;
      if (message.hasFd) {
        this.#withFd ??= new Set();
        this.#withFd.add(message);
      }
    }
    this.#messages.pushAll(messages);
  }

  /** Returns all messages that wait, or undefined if there are none. */
  takeAll(): ImsgMessage<Fd>[] | undefined {
    if (this.length === 0) return undefined;
    this.#bytes = 0;
    this.#withFd?.clear();
    return this.#messages.takeAll();
  }

  /** Returns the first message that waits, or undefined. */
  take(): ImsgMessage<Fd> | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#bytes -= message.data.length;
    this.#withFd?.delete(message);
    return message;
  }

  /** Waits for a message; undefined at the end. A signal ends the waiting without taking a message. */
  wait(signal?: AbortSignal): Promise<ImsgMessage<Fd> | undefined> {
    return this.#end === undefined ? this.#receivers.wait(signal) : settled(this.#end.error);
  }

  /** Ends the waiting of the receivers without a message, as the end of a loop does. */
  release(): void {
    this.#receivers.finish();
  }

  /**
   * Marks the end, or the error, behind the messages that wait. The first call
   * counts.
   */
  finish(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#receivers.finish(error);
  }
}
