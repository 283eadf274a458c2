import { fstatSync } from "node:fs";
import { type ListenOptions, type NetConnectOpts, Socket as NetSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { connectSocket } from "./connect.ts";
import { duplexTransport } from "./node.ts";
import type { Make } from "./node-listen.ts";
import type { ChannelHandler, ImsgServer, ServerOptions } from "./server.ts";
import { openingError } from "./system-error.ts";
import { KEEP_ALIVE_DELAY } from "./timers.ts";
import { type CheckedAddress, checkAddress } from "./unix-path.ts";

const syscall = "imsgbuf_allow_fdpass";

const MAX_FD = 0x7fffffff;

/** Loaded on first use: descriptor mode is most of this entry's size. */
const unix = async () => (await import("./unix-node.ts")).nodeUnix();

/**
 * Makes a channel over any of Node's duplex streams, which the channel owns from
 * then on. Throws EINVAL for bad options, and for a stream that has ended or delivers
 * text; ENOMEM. The stream is the caller's then.
 */
export function fromDuplex(duplex: Duplex, options?: ChannelOptions): ImsgChannel<number> {
  return new ImsgChannel<number>(duplexTransport(duplex), options);
}

/**
 * Makes a channel over a connected socket, which the channel owns from then on:
 * one of Node's, or the number of one that another program left open (3, say) or
 * that a message brought.
 *
 * With `allowFdPass` a number is needed, of a Unix socket, and what
 * {@link connect} takes for that. Rejects with EINVAL if it is another kind of
 * socket, EBADF, ENOTSOCK or ENOTCONN if it is none that is connected: it is the
 * caller's then. A socket of Node's own would drop descriptors: EINVAL.
 */
export function fromSocket(fd: number, options?: ChannelOptions): Promise<ImsgChannel<number>>;
export function fromSocket(socket: NetSocket, options?: ChannelOptions): ImsgChannel<number>;
export function fromSocket(
  socket: NetSocket | number,
  options: ChannelOptions = {},
): ImsgChannel<number> | Promise<ImsgChannel<number>> {
  if (typeof socket === "number") return fromNumber(socket, options);
  if (fieldsOf(options).allowFdPass) {
    const detail =
      "Node's sockets drop descriptors: pass the number of a socket, or use connect or listen";
    throw new ImsgError("EINVAL", { syscall, detail });
  }
  return fromDuplex(socket, options);
}

function notSocket(fd: number, cause?: unknown): ImsgError {
  const detail = `descriptor ${fd} is no TCP or Unix socket`;
  return new ImsgError("ENOTSOCK", { syscall: "fromSocket", detail, cause });
}

async function fromNumber(fd: number, options: ChannelOptions): Promise<ImsgChannel<number>> {
  checkChannelOptions(options);
  if (options.allowFdPass) return new ImsgChannel<number>((await unix()).open(fd), options);
  if (fd >>> 0 !== fd || fd > MAX_FD) {
    const detail = `a descriptor is a number from 0 to ${MAX_FD}, this is ${fd}`;
    throw new ImsgError("EINVAL", { syscall: "fromSocket", detail });
  }
  const make = await maker(options, true); // before the socket is there, whose errors need a listener
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

/**
 * Returns a new number for the file, socket or pipe behind a descriptor; it is
 * closed on exec, and the caller owns it. A channel closes the number that it
 * sends, so `send({ type, fd: await dup(fd) })` keeps the caller's. Rejects with
 * EBADF, EMFILE, EINVAL for a value that is no number, and ERR_IMSG_UNSUPPORTED
 * without the package koffi or Linux.
 */
export async function dup(fd: number): Promise<number> {
  return (await unix()).dup(fd);
}

/**
 * Where descriptors pass, they do by koffi: Node's own sockets would drop them. On other Unix
 * sockets koffi, if it is there, finds out which process the peer is.
 */
export async function maker(options: ChannelOptions, isUnix: boolean): Promise<Make> {
  checkChannelOptions(options);
  if (options.allowFdPass !== true) {
    const helper = isUnix ? await unix().catch(() => undefined) : undefined; // knows the peer
    return (socket, rest) =>
      new ImsgChannel<number>(duplexTransport(socket, helper?.credentials(socket)), rest);
  }
  if (!isUnix) {
    throw new ImsgError("EINVAL", { syscall, detail: "only Unix sockets pass descriptors" });
  }
  const { adopt } = await unix();
  return (socket, rest) => {
    const transport = adopt(socket);
    try {
      return new ImsgChannel<number>(transport, rest);
    } catch (error) {
      transport.abort(error);
      throw error;
    }
  };
}

/** Checks an address of Node's, which may be an options object with more fields. */
const checkPath = (address: unknown, call: string): CheckedAddress => {
  const { path, port, host } = fieldsOf(address) as Record<string, unknown>;
  return checkAddress({ path, port, host }, call);
};

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, host }`), with
 * keep-alive and without delay unless the address says otherwise. Rejects with
 * EINVAL for a bad address or option, with an ImsgError (ENOENT, ECONNREFUSED, …)
 * if the system refuses, and with the reason of `options.signal`. A Unix listener whose queue is full is
 * asked for two seconds; then it rejects with EAGAIN.
 *
 * With `allowFdPass`, which takes a Unix socket, Linux and the package koffi
 * (else ERR_IMSG_UNSUPPORTED), numbers of descriptors pass. A number that is sent
 * is closed here when it has left ({@link dup} keeps one); the caller owns a
 * number that it takes, and closes it (`fs.close`).
 */
export async function connect(
  address: NetConnectOpts,
  options: ChannelOptions = {},
): Promise<ImsgChannel<number>> {
  const { path } = checkPath(address, "connect");
  const make = await maker(options, path !== undefined);
  const { signal } = options;
  signal?.throwIfAborted();
  const tcp = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY, noDelay: true };
  const target = path === undefined ? { ...tcp, ...address } : address;
  const socket = await connectSocket(target, signal, options.allowFdPass);
  try {
    return make(socket, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Listens on a Unix socket (`{ path }`) or a TCP port (`{ port, host }`), and
 * calls the handler with a channel for each connection. Resolves when it listens.
 * Rejects with EINVAL for a bad address, handler or option, with an ImsgError
 * (EADDRINUSE, …) if the system refuses, and with the reason of `options.signal`, which later closes
 * the server and aborts its channels. `allowFdPass` as in {@link connect}.
 *
 * A socket file that no process listens on is replaced; a live one is
 * EADDRINUSE, and any other file is never touched.
 *
 * @example
 * const server = await listen({ path: "/run/echo.sock" }, async (channel) => {
 *   for await (const m of channel) await channel.reply(m, { type: m.type, data: m.data });
 * });
 */
export function listen(
  address: { path: string } & ListenOptions,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<undefined>>;
export function listen(
  address: { port: number } & ListenOptions,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<number>>;
export function listen(
  address: ListenOptions,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer>;
export async function listen(
  address: ListenOptions,
  handler: ChannelHandler,
  options: ServerOptions = {},
): Promise<ImsgServer> {
  const checked = checkPath(address, "listen");
  const { path } = checked;
  const make = await maker(options, path !== undefined);
  const { startServer, openServer } = await import("./node-listen.ts");
  return startServer(handler, options, checked, (channels) =>
    openServer(channels, make, address, path, options),
  );
}
