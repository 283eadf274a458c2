import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { connectSocket } from "./connect.ts";
import { openingError } from "./opening-error.ts";
import { type ChannelHandler, ImsgServer, type Listening, type ServerOptions } from "./server.ts";
import type { CheckedAddress } from "./unix-path.ts";

/** Opens the listener of a runtime, which hands its connections to the server. */
export type Open = (server: ImsgServer) => Listening | Promise<Listening>;

/**
 * Makes a server and opens its listener. With the path of a Unix socket, a socket
 * file that no process listens on is replaced, and the file gets `options.mode`.
 * Rejects with EINVAL for a bad handler or option, and with an {@link ImsgError} if
 * the system refuses the listener or the mode.
 */
export async function startServer(
  handler: ChannelHandler,
  options: ServerOptions,
  { path, text }: CheckedAddress,
  open: Open,
): Promise<ImsgServer> {
  const server = new ImsgServer(handler, options);
  try {
    const listening = keepOthers(path, await openReplacing(path, () => open(server)));
    try {
      if (isFile(path) && options.mode !== undefined) chmodSync(path, options.mode);
      options.signal?.throwIfAborted();
    } catch (error) {
      await listening.stop();
      throw error;
    }
    return server.started(listening);
  } catch (error) {
    void server.close(); // removes the listener of the signal
    if (options.signal?.aborted) throw options.signal.reason;
    throw openingError(noFolder(path, error) ?? error, "listen", text);
  }
}

const isFile = (path: string | undefined): path is string =>
  path !== undefined && !path.startsWith("\0");

/** Node reports EACCES where the folder of a socket is missing, to be the same on Windows. */
function noFolder(path: string | undefined, cause: unknown): unknown {
  if (!isFile(path) || codeOf(cause) !== "EACCES" || existsSync(dirname(path))) return undefined;
  const error = new Error(`the folder ${dirname(path)} is missing`, { cause });
  return Object.assign(error, { code: "ENOENT" });
}

/** Distinguishes a file from another one of its name; undefined if there is none. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return undefined;
  }
}

/**
 * The runtimes remove the file of a socket by its name when the listener is closed,
 * even if another program has put its own there. So a file that is not the
 * listener's gets a second name meanwhile.
 */
function keepOthers(path: string | undefined, listening: Listening): Listening {
  if (!isFile(path)) return listening;
  const own = identityOf(path);
  return {
    ...listening,
    async stop() {
      const now = identityOf(path);
      if (now === own || now === undefined) return listening.stop();
      const aside = `${path}.${now.replaceAll(" ", "-")}`;
      try {
        linkSync(path, aside);
      } catch {
        return listening.stop(); // a folder cannot be linked, and the runtime does not remove it either
      }
      const stopped = listening.stop();
      if (stopped instanceof Promise) await stopped;
      renameSync(aside, path);
      rmSync(aside, { force: true }); // two names of one file are not renamed
    },
  };
}

async function openReplacing(
  path: string | undefined,
  open: () => Listening | Promise<Listening>,
): Promise<Listening> {
  try {
    return await open();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || !isFile(path)) throw error;
    const found = identityOf(path);
    // another program may have replaced the file meanwhile
    if (!(await isStale(path)) || found !== identityOf(path)) throw error;
    unlinkSync(path);
    return await open();
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** Whether a file is a socket that no process listens on. */
async function isStale(path: string): Promise<boolean> {
  try {
    if (!lstatSync(path).isSocket()) return false;
    const socket = await connectSocket({ path }, undefined);
    socket.destroy();
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED" && !isOther(path);
  }
}

/** Whether Linux lists a socket of another type: Bun reports ECONNREFUSED for a live one, too. */
function isOther(path: string): boolean {
  try {
    const lines = readFileSync("/proc/net/unix", "latin1").split("\n");
    const name = Buffer.from(path).toString("latin1");
    // the fifth column is the type: 0001 is a stream socket
    return lines.some((line) => line.endsWith(` ${name}`) && line.split(/\s+/)[4] !== "0001");
  } catch {
    return false; // no Linux, or no permission
  }
}
