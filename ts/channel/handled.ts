const ignore = (): void => {};

/**
 * Marks a promise as handled, and returns it. The rejection still reaches a
 * caller who awaits the promise. A promise that is not awaited causes no unhandled
 * rejection, which would end the process.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/** A promise that is rejected with an error of the channel, and marked as {@link handled}. */
export const rejected = (error: unknown): Promise<never> => handled(Promise.reject(error));

/** A promise that is fulfilled, or {@link rejected} if there is an error. */
export const settled = (error: unknown): Promise<undefined> =>
  error === undefined ? Promise.resolve(undefined) : rejected(error);

/**
 * A promise that is rejected with an error that a call has thrown: a mistake in its arguments, which is
 * not {@link handled}, or ENOMEM, which peers that do not read can cause.
 */
export const thrown = (error: unknown): Promise<never> =>
  (error as { code?: unknown } | null)?.code === "ENOMEM" ? rejected(error) : Promise.reject(error);

/**
 * Calls back when a signal aborts, unless the returned function is called
 * before. Throws the reason of a signal that has aborted already.
 */
export function onAbort(
  signal: AbortSignal | undefined,
  aborted: (reason: unknown) => void,
): () => void {
  if (signal === undefined) return ignore;
  signal.throwIfAborted();
  const listener = (): void => aborted(signal.reason);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** A promise that is made on first use, with the function that settles it. */
export class Settlement {
  #promise: Promise<void> | undefined;
  #settle: ((error: unknown) => void) | undefined;

  /** The promise. Its rejection is {@link handled}. */
  get promise(): Promise<void> {
    this.#promise ??= handled(
      new Promise<void>((resolve, reject) => {
        this.#settle = (error) => {
          if (error === undefined) resolve();
          else reject(error);
        };
      }),
    );
    return this.#promise;
  }

  /** Fulfils the promise, or rejects it if there is an error. The first call counts. */
  settle(error?: unknown): void {
    this.#promise ??= settled(error);
    this.#settle?.(error);
  }
}
