// A connection to a daemon that breaks off: for answers that end too early.

import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "./program.ts";

/** A socket behind which a daemon's answers end after some bytes. */
export interface Cutter {
  readonly socket: string;
  stop(): Promise<void>;
}

/**
 * Listens at a socket of its own. Each connection is passed on to the daemon's; when so many bytes of the
 * daemon have come, it is closed, or nothing more is passed on.
 */
export async function startCutter(
  daemon: string,
  limit: number,
  then: "close" | "stall" = "close",
): Promise<Cutter> {
  const folder = await temporaryFolder();
  const socket = join(folder.path, "sock");
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect({ path: daemon });
    for (const each of [client, behind]) {
      open.add(each);
      each.on("error", () => {});
      each.once("close", () => {
        open.delete(each);
        (each === client ? behind : client).destroySoon();
      });
    }
    client.pipe(behind);
    let left = limit;
    behind.on("data", (bytes: Buffer) => {
      const part = bytes.subarray(0, left);
      left -= part.length;
      client.write(part);
      if (left === 0 && then === "close") client.destroySoon();
    });
    if (limit === 0 && then === "close") client.once("data", () => client.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    async stop() {
      for (const each of open) each.destroy();
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}
