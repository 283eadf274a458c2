/**
 * What a connection under way gives, or the signal's reason if that is aborted
 * before; a connection that arrives all the same is dropped.
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
