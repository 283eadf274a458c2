import { createServer } from "node:net";

/** Ports below those that Linux takes for outgoing connections and for servers that name none. */
const [LEAST, COUNT] = [20_000, 12_000];

/**
 * Returns a TCP port of an address on which no process listens, for a program that is started next.
 * A port that the system chose could be taken by another test before that program listens.
 */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * COUNT);
    const isFree = await new Promise<boolean>((resolve, reject) => {
      const server = createServer();
      server.once("error", (error: NodeJS.ErrnoException) =>
        error.code === "EADDRINUSE" ? resolve(false) : reject(error),
      );
      server.listen(port, address, () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
