import { fstatSync } from "node:fs";
import { type ListenOptions, type NetConnectOpts, Socket as NetSocket } from "node:net";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf, ImsgError, invalid } from "../module/error.ts";
import { connectSocket } from "./connect.ts";
import { KEEP_ALIVE_DELAY } from "./keep-alive.ts";
import { maker, unix } from "./node-make.ts";
import { openingError } from "./opening-error.ts";
import { retryFull } from "./retry-full.ts";
import type { ChannelHandler, ImsgServer, ServerOptions } from "./server.ts";
import { type CheckedAddress, checkAddress } from "./unix-path.ts";

export { spawnChannel } from "./node-child.ts";

const MAX_FD = 0x7fffffff;

function notSocket(fd: number, cause?: unknown): ImsgError {
  const detail = `descriptor ${fd} is no TCP or Unix socket`;
  return new ImsgError("ENOTSOCK", { syscall: "fromSocket", detail, cause });
}

/** The function `fromSocket` of the entry, for the number of a socket. */
export async function fromSocket(
  fd: number,
  options: ChannelOptions,
): Promise<ImsgChannel<number>> {
  checkChannelOptions(options);
  if (options.allowFdPass) return new ImsgChannel<number>((await unix()).open(fd), options);
  if (fd >>> 0 !== fd || fd > MAX_FD) {
    throw invalid("fromSocket", `a descriptor is a number from 0 to ${MAX_FD}, this is ${fd}`);
  }
  // load koffi first: a socket that exists meanwhile could emit an error without a listener
  const make = await maker(options, true);
  options.signal?.throwIfAborted(); // the socket would keep the descriptor
  let socket: NetSocket;
  try {
    if (!fstatSync(fd).isSocket()) throw notSocket(fd);
    socket = new NetSocket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch (error) {
    // Node opens no socket of another kind than TCP and Unix
    const refused = error instanceof TypeError ? notSocket(fd, error) : error;
    throw openingError(refused, "fromSocket", `descriptor ${fd}`);
  }
  return make(socket, options);
}

/** The function `dup` of the entry. */
export const dup = async (fd: number): Promise<number> => (await unix()).dup(fd);

/** Checks an address of Node's, which may be an options object with more fields. */
const checkPath = (address: unknown, call: string): CheckedAddress => {
  const { path, port, host } = fieldsOf(address) as Record<string, unknown>;
  return checkAddress({ path, port, host }, call);
};

/** The function `connect` of the entry. */
export async function connect(
  address: NetConnectOpts,
  options: ChannelOptions,
): Promise<ImsgChannel<number>> {
  const { path } = checkPath(address, "connect");
  const make = await maker(options, path !== undefined);
  const { signal } = options;
  signal?.throwIfAborted();
  const tcp = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY, noDelay: true };
  const target = path === undefined ? { ...tcp, ...address } : address;
  const socket = await retryFull(() => connectSocket(target, signal, options.allowFdPass), signal);
  try {
    return make(socket, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The function `listen` of the entry; the server is a chunk of its own. */
export async function listen(
  address: ListenOptions,
  handler: ChannelHandler,
  options: ServerOptions,
): Promise<ImsgServer> {
  const checked = checkPath(address, "listen");
  const { path } = checked;
  const make = await maker(options, path !== undefined);
  const { startServer, openServer } = await import("./node-listen.ts");
  return startServer(handler, options, checked, (channels) =>
    openServer(channels, make, address, path, options),
  );
}
