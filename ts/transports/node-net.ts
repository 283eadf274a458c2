import type { ListenOptions, NetConnectOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { fieldsOf, invalid } from "../module/error.ts";
import { duplexTransport } from "./node.ts";
import type { ChannelHandler, ImsgServer, ServerOptions } from "./server.ts";

/** Loaded on first use: everything that opens, connects and listens. */
const opener = () => import("./node-open.ts");

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
export function fromSocket(socket: Socket, options?: ChannelOptions): ImsgChannel<number>;
export function fromSocket(
  socket: Socket | number,
  options: ChannelOptions = {},
): ImsgChannel<number> | Promise<ImsgChannel<number>> {
  if (typeof socket === "number") return opener().then((open) => open.fromSocket(socket, options));
  if (fieldsOf(options).allowFdPass) {
    const detail =
      "Node's sockets drop descriptors: pass the number of a socket, or use connect or listen";
    throw invalid("imsgbuf_allow_fdpass", detail);
  }
  return fromDuplex(socket, options);
}

/**
 * Returns a new number for the file, socket or pipe behind a descriptor; it is
 * closed on exec, and the caller owns it. A channel closes the number that it
 * sends, so `send({ type, fd: await dup(fd) })` keeps the caller's. Rejects with
 * EBADF, EMFILE, EINVAL for a value that is no number, and ERR_IMSG_UNSUPPORTED
 * without the package koffi or Linux.
 */
export async function dup(fd: number): Promise<number> {
  return (await opener()).dup(fd);
}

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
  return (await opener()).connect(address, options);
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
  return (await opener()).listen(address, handler, options);
}
