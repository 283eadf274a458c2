import type { ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import type { BunAddress, BunTcpAddress, BunUnixAddress } from "./bun-open.ts";
import type { ChannelHandler, ImsgServer, ServerOptions } from "./server.ts";

/** Loaded on first use: everything that opens, connects and listens. */
const opener = () => import("./bun-open.ts");

/**
 * Makes a channel over a connected Unix socket by its number, which another
 * program has left open (3, say) or a message has brought. The channel owns it
 * from then on, and passes descriptors with `allowFdPass`. Takes Linux in any case.
 * Rejects with EINVAL if it is another kind of socket, EBADF, ENOTSOCK or ENOTCONN
 * if it is none that is connected: it is the caller's then.
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
 * EBADF, EMFILE, EINVAL for a value that is no number, and ERR_IMSG_UNSUPPORTED
 * without Linux.
 */
export async function dup(fd: number): Promise<number> {
  return (await opener()).dup(fd);
}

/**
 * Connects to a Unix socket (`{ unix }`) or a TCP port (`{ port, hostname }`), the
 * latter with keep-alive and without delay. Rejects with EINVAL for a bad address
 * or option, with an ImsgError (ENOENT, ECONNREFUSED, …) if the system refuses, and
 * with the reason of `options.signal`. A Unix listener whose queue is full is asked for
 * two seconds; then it rejects with EAGAIN.
 *
 * With `allowFdPass`, which takes a Unix socket and Linux (else
 * ERR_IMSG_UNSUPPORTED), numbers of descriptors pass. A number that is sent is
 * closed here when it has left ({@link dup} keeps one); the caller owns a number
 * that it takes, and closes it (`fs.close`). A thread waits for such channels while
 * there are any.
 */
export async function connect(
  address: BunAddress,
  options: ChannelOptions = {},
): Promise<ImsgChannel<number>> {
  return (await opener()).connect(address, options);
}

/**
 * Listens on a Unix socket (`{ unix }`) or a TCP port (`{ port, hostname }`), and
 * calls the handler with a channel for each connection. Resolves when it listens.
 * Rejects with EINVAL for a bad address, handler or option, with an ImsgError
 * (EADDRINUSE, …) if the system refuses, and with the reason of `options.signal`, which later closes the
 * server and aborts its channels. `allowFdPass` as in {@link connect}.
 *
 * A socket file that no process listens on is replaced; a live one is EADDRINUSE,
 * and any other file is never touched.
 *
 * @example
 * const server = await listen({ unix: "/run/echo.sock" }, async (channel) => {
 *   for await (const m of channel) await channel.reply(m, { type: m.type, data: m.data });
 * });
 */
export function listen(
  address: BunUnixAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<undefined>>;
export function listen(
  address: BunTcpAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer<number>>;
export function listen(
  address: BunAddress,
  handler: ChannelHandler,
  options?: ServerOptions,
): Promise<ImsgServer>;
export async function listen(
  address: BunAddress,
  handler: ChannelHandler,
  options: ServerOptions = {},
): Promise<ImsgServer> {
  return (await opener()).listen(address, handler, options);
}
