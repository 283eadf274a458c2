import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connectSocket } from "./connect.ts";
import { type ChannelHandler, ImsgServer, type Listening, type ServerOptions } from "./server.ts";

/** Opens the listener of a runtime, which hands its connections to the server. */
export type Open = (server: ImsgServer) => Listening | Promise<Listening>;

/**
 * Makes a server and opens its listener. With the path of a Unix socket, a socket
 * file that no process listens on is replaced, and the file gets `options.mode`.
 * Rejects with EINVAL for a bad handler or option, and with the error of `open`.
 */
export async function startServer(
  handler: ChannelHandler,
  options: ServerOptions,
  path: string | undefined,
  open: Open,
): Promise<ImsgServer> {
  const server = new ImsgServer(handler, options);
  try {
    const listening = await openReplacing(path, () => open(server));
    setMode(path, options.mode, listening);
    return server.started(listening);
  } catch (error) {
    void server.close(); // removes the listener of the signal
    throw error;
  }
}

const isFile = (path: string | undefined): path is string =>
  path !== undefined && !path.startsWith("\0");

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
    return codeOf(error) === "ECONNREFUSED";
  }
}
