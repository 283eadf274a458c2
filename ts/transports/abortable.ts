/**
 * Resolves with a connection that is being opened, or rejects with the signal's
 * reason if the signal aborts before; `drop` then closes a late connection.
 */
export async function abortable<T>(
  pending: Promise<T>,
  signal: AbortSignal | undefined,
  drop: (late: T) => void,
): Promise<T> {
  if (signal === undefined) return pending;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([pending, aborted]);
  } catch (error) {
    pending.then(drop, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
