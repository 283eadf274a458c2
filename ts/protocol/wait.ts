import { checkSignal, checkTimeout } from "../channel/options.ts";
import { ImsgError } from "../module/error.ts";

/** The limits of a wait. */
interface Limits {
  signal?: AbortSignal | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
}

/** Waits for a promise until a signal aborts or the time is over; the promise itself stays pending. */
export async function giveUp<T>(
  wanted: Promise<T>,
  { signal, timeout }: Limits,
  what: string,
): Promise<T> {
  if (signal === undefined && timeout === undefined) return wanted;
  wanted.catch(() => {});
  checkSignal(signal, "request")?.throwIfAborted();
  if (timeout !== undefined) checkTimeout(timeout, "timeout", "request");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abort = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort);
    if (timeout === undefined) return;
    const detail = `no answer to ${what} within ${timeout} ms; daemons ignore a request whose size they do not expect`;
    timer = setTimeout(() => reject(new ImsgError("ETIMEDOUT", { detail })), timeout);
  });
  try {
    return await Promise.race([wanted, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
