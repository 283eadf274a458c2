import type { ImsgMessage, MessageInit } from "../batch/message.ts";
import { ImsgError } from "../module/error.ts";
import { checkAmount } from "./options.ts";

/** Options of {@link ImsgChannel.request}. */
export interface RequestOptions {
  /** Tells the reply; by default, the first message with the request's peerid. */
  match?: (message: ImsgMessage) => boolean;
  /** Gives the request up; its promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Gives the request up after so many milliseconds: ETIMEDOUT. */
  timeout?: number;
}

interface Pending {
  match: (message: ImsgMessage) => boolean;
  settle: (message: ImsgMessage | undefined, error: unknown) => void;
}

/** The requests of a channel that wait for their replies, oldest first. */
export class Requests {
  #pending: Set<Pending> | undefined; // most channels ask nothing

  /** Registers a request; forget takes it back, if it was never sent. */
  add(
    init: MessageInit,
    options: RequestOptions,
  ): { reply: Promise<ImsgMessage>; forget: () => void } {
    const { signal, timeout } = options;
    const peerid = init.peerid ?? 0;
    const match = options.match ?? ((message: ImsgMessage) => message.peerid === peerid);
    if (timeout !== undefined) checkAmount(timeout, "timeout", "request");
    signal?.throwIfAborted();
    let forget = (): void => {};
    const reply = new Promise<ImsgMessage>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const settle = (message: ImsgMessage | undefined, error: unknown): void => {
        forget();
        if (message === undefined) reject(error);
        else resolve(message);
      };
      const pending = { match, settle };
      const abort = (): void => settle(undefined, signal!.reason);
      forget = () => {
        this.#pending!.delete(pending);
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      this.#pending ??= new Set();
      this.#pending.add(pending);
      signal?.addEventListener("abort", abort);
      if (timeout !== undefined) {
        const late = { syscall: "request", detail: `no reply within ${timeout} ms` };
        timer = setTimeout(() => settle(undefined, new ImsgError("ETIMEDOUT", late)), timeout);
      }
    });
    return { reply, forget };
  }

  /** Whether a message is a reply; if so, its request is settled. */
  settle(message: ImsgMessage): boolean {
    for (const pending of this.#pending ?? []) {
      let matches: boolean;
      try {
        matches = pending.match(message);
      } catch (error) {
        pending.settle(undefined, error);
        continue;
      }
      if (matches) {
        pending.settle(message, undefined);
        return true;
      }
    }
    return false;
  }

  /** No reply will come any more. */
  finish(error: unknown): void {
    for (const pending of this.#pending ?? []) pending.settle(undefined, error);
  }

  /** Whether any request waits. */
  get waiting(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0;
  }
}
