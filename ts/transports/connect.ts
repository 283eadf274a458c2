import { type NetConnectOpts, connect as netConnect, type Socket } from "node:net";
import { openingError } from "./opening-error.ts";
import { addressText } from "./unix-path.ts";

/** How often, and how long in between, in milliseconds, a full listener is asked again. */
const TRIES = 200;
const PAUSE = 10;

/**
 * A connected socket of Node's, from which nothing has been read if it is to be
 * paused. Rejects with an ImsgError that names the address, and with the signal's
 * reason; the signal means nothing later.
 *
 * Linux refuses a Unix socket whose listener has not accepted the ones before it
 * with EAGAIN, where the blocking connect of a C program would wait. So this
 * function tries again for two seconds.
 */
export async function connectSocket(
  address: NetConnectOpts,
  signal: AbortSignal | undefined,
  paused = false,
): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await connectOnce(address, signal, paused);
    } catch (error) {
      if (error === signal?.reason) throw error;
      const full = (error as { code?: unknown } | null)?.code === "EAGAIN";
      if (!full || tries === TRIES)
        throw openingError(error, "connect", addressText({ ...address }));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

function connectOnce(
  address: NetConnectOpts,
  signal: AbortSignal | undefined,
  paused: boolean,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ ...address, allowHalfOpen: true });
    if (paused) socket.pause();
    const settle = (): void => {
      socket.off("error", failed);
      signal?.removeEventListener("abort", aborted);
    };
    const failed = (error: unknown): void => {
      settle();
      reject(error);
    };
    const aborted = (): void => {
      socket.destroy();
      failed(signal!.reason);
    };
    socket.once("error", failed);
    signal?.addEventListener("abort", aborted);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}
