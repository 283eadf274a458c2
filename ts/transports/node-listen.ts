import { type AddressInfo, createServer, type ListenOptions, type Server } from "node:net";
import { KEEP_ALIVE_DELAY } from "./keep-alive.ts";
import type { Make } from "./node-make.ts";
import type { ImsgServer, Listening, ServerOptions } from "./server.ts";

export { startServer } from "./start-server.ts";

/** Opens a listener of Node's, which hands its connections to the server. */
export async function openServer(
  channels: ImsgServer,
  make: Make,
  address: ListenOptions,
  path: string | undefined,
  { allowFdPass, keepAlive = true, noDelay = true }: ServerOptions,
): Promise<Listening> {
  const server = createServer(
    {
      allowHalfOpen: true,
      pauseOnConnect: allowFdPass === true, // nothing may be read
      ...(path === undefined
        ? { keepAlive, noDelay, keepAliveInitialDelay: KEEP_ALIVE_DELAY }
        : {}),
    },
    (socket) => {
      // a reset before the channel listens for errors
      socket.on("error", () => {});
      channels.accept(
        (rest) => make(socket, rest),
        () => socket.destroy(),
      );
    },
  );
  await openOnce(server, address);
  return listening(server, path);
}

function listening(server: Server, path: string | undefined): Listening {
  // a listener that fails later has no connection to report it on; the listener continues to accept
  server.on("error", () => {});
  const { address: host, port } = (path === undefined ? server.address() : {}) as AddressInfo;
  return {
    address: path === undefined ? { host, port } : { path },
    // connections that are open do not keep it from being closed
    stop: () => void server.close(),
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}

function openOnce(server: Server, address: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
