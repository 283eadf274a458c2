import { handled, onAbort } from "../channel/handled.ts";
import { checkTimeout, signalOf } from "../channel/options.ts";
import { ImsgError } from "../module/error.ts";

/** The options that limit a request or a listing. */
interface Limits {
  signal?: AbortSignal | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
}

/**
 * The limits of a request or a listing, which count from the call: one signal that
 * aborts with the caller's signal, or with ETIMEDOUT when the time is over.
 */
export class Limit {
  /** The awaited event, in the words of the error. */
  what: string;
  readonly #controller = new AbortController();
  readonly #timeout: number | undefined;
  readonly #unlisten: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Throws EINVAL for a bad option, and the reason of a signal that has aborted. */
  constructor({ signal, timeout }: Limits, what: string) {
    this.what = what;
    if (timeout !== undefined) checkTimeout(timeout, "timeout", "request");
    this.#timeout = timeout;
    this.#unlisten = onAbort(signalOf({ signal }, "request"), (reason) => this.stop(reason));
    this.restart();
  }

  /** Aborts when a limit is reached. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the time, until it begins anew. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** Lets the time begin anew. */
  restart(): void {
    if (this.#timeout === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const detail = `no answer to ${this.what} within ${this.#timeout} ms; daemons ignore a request whose size they do not expect`;
      this.stop(new ImsgError("ETIMEDOUT", { syscall: "request", detail }));
    }, this.#timeout);
  }

  /** Ends the waiting, which rejects with the reason. */
  stop(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Forgets the limits: nothing is waited for any more. */
  end(): void {
    this.pause();
    this.#unlisten();
  }

  /** Waits for a promise until a limit is reached; the promise itself stays pending then. */
  async wait<T>(wanted: Promise<T>): Promise<T> {
    handled(wanted);
    let forget = (): void => {};
    const stopped = new Promise<never>((_, reject) => {
      forget = onAbort(this.signal, reject);
    });
    try {
      return await Promise.race([wanted, stopped]);
    } finally {
      forget();
    }
  }
}
