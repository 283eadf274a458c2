import { chmodSync, existsSync, lstatSync, readFileSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { connectSocket } from "./connect.ts";
import { type ChannelHandler, ImsgServer, type Listening, type ServerOptions } from "./server.ts";
import { openingError } from "./system-error.ts";
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
    const listening = await openReplacing(path, () => open(server));
    setMode(path, options.mode, listening);
    return server.started(listening);
  } catch (error) {
    void server.close(); // removes the listener of the signal
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

function setMode(path: string | undefined, mode: number | undefined, listening: Listening): void {
  if (!isFile(path) || mode === undefined) return;
  try {
    chmodSync(path, mode);
  } catch (error) {
    listening.stop();
    throw error;
  }
}

async function openReplacing(
  path: string | undefined,
  open: () => Listening | Promise<Listening>,
): Promise<Listening> {
  try {
    return await open();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || !isFile(path) || !(await isStale(path))) throw error;
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
