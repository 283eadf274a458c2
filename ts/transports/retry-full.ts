/** How often, and how long in between, in milliseconds, a full listener is asked again. */
const TRIES = 200;
const PAUSE = 10;

/**
 * Opens a connection, and tries again for two seconds while the queue of the listener is full.
 * Linux refuses a Unix socket whose listener has not accepted the connections before it with
 * EAGAIN, where the blocking connect of a C program would wait. Rejects as `connect` does, and
 * with the signal's reason between two attempts.
 */
export async function retryFull<T>(
  connect: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await connect();
    } catch (error) {
      const full = (error as { code?: unknown } | null)?.code === "EAGAIN";
      if (!full || tries === TRIES || signal?.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
