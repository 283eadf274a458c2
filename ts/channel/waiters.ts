import { onAbort } from "./handled.ts";
import { Queue } from "./queue.ts";

interface Waiter<T> {
  resolve(value: T | undefined): void;
  reject(error: unknown): void;
}

/** Calls that wait for their turn, in their order: receivers without a message, sends without room. */
export class Waiters<T = void> {
  readonly #queue = new Queue<Waiter<T>>();

  /** How many calls wait. */
  get length(): number {
    return this.#queue.length;
  }

  /**
   * Waits for {@link next}. A signal that aborts rejects the promise with its reason. `settled` is
   * called just before the promise is settled. Throws nothing.
   */
  wait(signal: AbortSignal | undefined, settled?: () => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      let forget = (): void => {};
      const settle =
        <V>(promise: (value: V) => void) =>
        (value: V): void => {
          forget();
          settled?.();
          promise(value);
        };
      const waiter: Waiter<T> = { resolve: settle(resolve), reject: settle(reject) };
      forget = onAbort(signal, (reason) => {
        this.#queue.remove(waiter);
        waiter.reject(reason);
      });
      this.#queue.push(waiter);
    });
  }

  /** Fulfils the promise of the first call that waits. There must be one. */
  next(value: T | undefined): void {
    this.#queue.shift()!.resolve(value);
  }

  /** Settles the promise of every call that waits: rejects it if there is an error. */
  finish(error?: unknown): void {
    for (let w = this.#queue.shift(); w !== undefined; w = this.#queue.shift()) {
      if (error === undefined) w.resolve(undefined);
      else w.reject(error);
    }
  }
}
