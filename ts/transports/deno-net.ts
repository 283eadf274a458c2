import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { type DenoConn, denoTransport } from "./deno.ts";
import type { DenoAddress, DenoTcpAddress, DenoUnixAddress } from "./deno-open.ts";
import type { ChannelHandler, ImsgServer, ServerOptions } from "./server.ts";

/** Loaded on first use: everything that opens, connects and listens. */
const opener = () => import("./deno-open.ts");

/**
 * Makes a channel over a connection (`Deno.connect`, `Deno.connectTls`, or what a
 * listener accepts), which the channel owns from then on and closes. Throws EINVAL
 * for bad options, ENOMEM; the connection is the caller's then.
 */
export function fromConn(conn: DenoConn, options: ChannelOptions = {}): ImsgChannel<number> {
  return new ImsgChannel<number>(denoTransport(conn), options);
}

/**
 * Makes a channel over a connected Unix socket by its number, which another
 * program has left open (3, say) or a message has brought. The channel owns it
 * from then on, and passes descriptors with `allowFdPass`. Takes Linux and
 * `--allow-ffi` in any case. Rejects with EINVAL if it is another kind of socket,
 * EBADF, ENOTSOCK or ENOTCONN if it is none that is connected: it is the caller's
 * then.
 */
export async function fromSocket(
  fd: number,
  options: ChannelOptions = {},
): Promise<ImsgChannel<number>> {
  return (await opener()).fromSocket(fd, options);
}

/**
 * Returns a new number for the file, socket or pipe behind a descriptor; it is
 * closed on exec, and the caller owns it. A channel closes the number that it
 * sends, so `send({ type, fd: await dup(fd) })` keeps the caller's. Rejects with
 * EBADF, EMFILE, EINVAL for a value that is no number, ERR_IMSG_UNSUPPORTED
 * without Linux, and EACCES without `--allow-ffi`.
 */
export async function dup(fd: number): Promise<number> {
  return (await opener()).dup(fd);
}

/**
 * Closes a descriptor, such as one that `takeFd` has returned: Deno's own functions
 * take no numbers. Rejects with EBADF, and as {@link dup} does.
 */
export async function closeFd(fd: number): Promise<void> {
  return (await opener()).closeFd(fd);
}

/**
 * Reads from a descriptor into a buffer, at most 4,096 bytes, as read(2) does: it
 * blocks the program if the descriptor does. Resolves to the count of bytes, which
 * is 0 at the end. Rejects with EAGAIN if the descriptor does not block and has no
 * bytes, EBADF, and as {@link dup} does.
 */
export async function readFd(fd: number, buffer: Uint8Array): Promise<number> {
  return (await opener()).readFd(fd, buffer);
}

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, hostname }`), the
 * latter with keep-alive and without delay. Rejects with EINVAL for a bad address
 * or option, with an ImsgError (ENOENT, ECONNREFUSED, EACCES without permission, …)
 * if the system or Deno refuses, and with the reason of `options.signal`. A Unix listener
 * whose queue is full is asked for two seconds; then it rejects with EAGAIN.
 *
 * With `allowFdPass`, which takes a Unix socket, Linux (else ERR_IMSG_UNSUPPORTED)
 * and `--allow-ffi`, numbers of descriptors pass. A number that is sent is closed
 * here when it has left ({@link dup} keeps one); the caller owns a number that it
 * takes, and closes it ({@link closeFd}).
 */
export async function connect(
  address: DenoAddress,
  options: ChannelOptions = {},
): Promise<ImsgChannel<number>> {
  return (await opener()).connect(address, options);
}

/**
 * Listens on a Unix socket (`{ path }`) or a TCP port (`{ port, hostname }`), and
 * calls the handler with a channel for each connection. Resolves when it listens.
 * Rejects with EINVAL for a bad address, handler or option, with an ImsgError
 * (EADDRINUSE, …) if the system or Deno refuses, and with the reason of
 * `options.signal`, which later closes the server and aborts its channels.
 * `allowFdPass` as in {@link connect}.
 *
 * A socket file that no process listens on is replaced; a live one is EADDRINUSE,
 * and any other file is never touched. That, and
 * `options.mode`, need permission to read and write the path.
 *
 * @example
 * const server = await listen({ path: "/run/echo.sock" }, async (channel) => {
 *   for await (const m of channel) await channel.reply(m, { type: m.type, data: m.data });
 * });
 */
export function listen(
  address: DenoUnixAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<undefined>>;
export function listen(
  address: DenoTcpAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<number>>;
export function listen(
  address: DenoAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer>;
export async function listen(
  address: DenoAddress,
  handler: ChannelHandler,
  options: ServerOptions = {},
): Promise<ImsgServer> {
  return (await opener()).listen(address, handler, options);
}
