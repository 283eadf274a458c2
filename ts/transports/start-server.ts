import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { connectSocket } from "./connect.ts";
import { openingError } from "./opening-error.ts";
import { type ChannelHandler, ImsgServer, type Listening, type ServerOptions } from "./server.ts";
import type { CheckedAddress } from "./unix-path.ts";

/** Connects to a Unix socket, and closes the connection. Throws, or rejects with, the system's error. */
type Probe = (path: string) => void | Promise<void>;

/** Opens the listener of a runtime, which hands its connections to the server. */
export type Open = (server: ImsgServer) => Listening | Promise<Listening>;

/**
 * Makes a server and opens its listener. With the path of a Unix socket, a socket
 * file that no process listens on is replaced, and the file gets `options.mode`.
 * Rejects with EINVAL for a bad handler or option, and with an {@link ImsgError} if
 * the system refuses the listener or the mode.
 * @param probe connects to a Unix socket, and closes the connection; throws the system's error
 */
export async function startServer(
  handler: ChannelHandler,
  options: ServerOptions,
  { path, text }: CheckedAddress,
  open: Open,
  probe: Probe = probeByNode,
): Promise<ImsgServer> {
  const server = new ImsgServer(handler, options);
  try {
    const listening = keepOthers(path, await openReplacing(path, () => open(server), probe));
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
  probe: Probe,
): Promise<Listening> {
  try {
    return await open();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || !isFile(path)) throw error;
    const found = identityOf(path);
    // another program may have replaced the file meanwhile
    if (!(await isStale(path, probe)) || found !== identityOf(path)) throw error;
    unlinkSync(path);
    return await open();
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

const probeByNode: Probe = async (path) =>
  void (await connectSocket({ path }, undefined)).destroy();

/** Whether a file is a socket that no process listens on. */
async function isStale(path: string, probe: Probe): Promise<boolean> {
  try {
    if (!lstatSync(path).isSocket()) return false;
    await probe(path);
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED" && !isBound(path);
  }
}

/** The type, the state and the name of a socket in /proc/net/unix. */
const ROW = /^(?:\S+ +){4}(\S+) +(\S+) +\d+ (.*)$/;

/**
 * Whether Linux lists a socket that is bound to the file: one that does not listen yet, or one of
 * another type. Of those Node's functions in Bun report ECONNREFUSED, too.
 */
function isBound(path: string): boolean {
  try {
    const own = located(path);
    return readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .some((line) => {
        const [, type, state, name = ""] = ROW.exec(line) ?? [];
        // a stream socket in state 03 is a connection that a listener of that name has accepted
        const isConnection = type === "0001" && state === "03";
        return !isConnection && basename(name) === basename(path) && located(name) === own;
      });
  } catch {
    return false; // no Linux, or no permission
  }
}

/** A path whose folder has no symbolic links. */
function located(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path; // a name of another program's folder
  }
}
