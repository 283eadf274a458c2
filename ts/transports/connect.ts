import { type NetConnectOpts, connect as netConnect, type Socket } from "node:net";
import { openingError } from "./opening-error.ts";
import { addressText } from "./unix-path.ts";

/**
 * A connected socket of Node's, from which nothing has been read if it is to be
 * paused. Rejects with an ImsgError that names the address, and with the signal's
 * reason; the signal means nothing later.
 */
export async function connectSocket(
  address: NetConnectOpts,
  signal: AbortSignal | undefined,
  paused = false,
): Promise<Socket> {
  try {
    return await connectOnce(address, signal, paused);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw openingError(error, "connect", addressText({ ...address }));
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
