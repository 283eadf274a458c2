import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { abortable } from "./abortable.ts";
import { type BunSocket, type BunSocketHandler, BunTransport } from "./bun.ts";
import type { ChannelHandler, ImsgServer, Listening, ServerOptions } from "./server.ts";
import { openingError } from "./system-error.ts";
import { KEEP_ALIVE_DELAY } from "./timers.ts";
import type { UnixChannels } from "./unix-channel.ts";
import { type CheckedAddress, checkAddress } from "./unix-path.ts";

/** The path of a Unix socket. */
export interface BunUnixAddress {
  /** The path of the socket. */
  unix: string;
}

/** A TCP port. */
export interface BunTcpAddress {
  /** The port; 0 lets the system choose when listening. */
  port: number;
  /** The host. */
  hostname: string;
}

/** Where to connect or listen: a Unix socket, or a TCP port. */
export type BunAddress = BunUnixAddress | BunTcpAddress;

interface NetSocket extends BunSocket {
  setKeepAlive(enable: boolean, delay: number): void;
  setNoDelay(noDelay: boolean): void;
}

interface Listener {
  readonly hostname: string;
  readonly port: number;
  stop(closeActiveConnections?: boolean): void;
  ref(): void;
  unref(): void;
}

interface BunNamespace {
  connect(options: object): Promise<BunSocket>;
  listen(options: object): Listener;
}

const bun = (): BunNamespace => (globalThis as unknown as { Bun: BunNamespace }).Bun;

/** Loaded on first use: descriptor mode is most of this entry's size. */
const unix = async () => (await import("./unix-bun.ts")).bunUnix();

/** The helper of descriptor mode for a Unix socket, which knows the peer; undefined without Linux. */
const helperFor = (path: string | undefined) =>
  path === undefined ? undefined : unix().catch(() => undefined);

const checkPath = (address: unknown, call: string): CheckedAddress => {
  const { unix: path, port, hostname: host } = fieldsOf(address) as Record<string, unknown>;
  return checkAddress({ path, port, host }, call, "unix");
};

const transport = (socket: BunSocket): BunTransport | undefined =>
  socket.data instanceof BunTransport ? socket.data : undefined;

/** The callbacks of the sockets of channels, with the one that makes the channel. */
const callbacks = (open: (socket: BunSocket) => void): BunSocketHandler => ({
  open,
  data: (socket, chunk) => transport(socket)?.onData(chunk),
  drain: (socket) => transport(socket)?.onDrain(),
  end: (socket) => transport(socket)?.onEnd(),
  close: (socket, error) => transport(socket)?.onClose(error),
  error: (socket, error) => transport(socket)?.onClose(error),
});

/** Makes the channel of a socket that has just opened. */
function attach(socket: BunSocket, options: ChannelOptions | undefined): ImsgChannel<number> {
  const made = new BunTransport(socket);
  socket.data = made;
  return new ImsgChannel<number>(made, options);
}

/** Finds out which process is at the other end of a Unix socket. */
function identify(socket: BunSocket, helper: UnixChannels | undefined): void {
  if (helper !== undefined) transport(socket)!.peerCredentials = helper.credentials(socket.fd!);
}

/** Sets the options of a TCP connection; a Unix socket has none. */
function tune(socket: BunSocket, keepAlive: boolean, noDelay: boolean): void {
  (socket as NetSocket).setKeepAlive(keepAlive, KEEP_ALIVE_DELAY);
  (socket as NetSocket).setNoDelay(noDelay);
}

/**
 * Returns the callbacks for `Bun.listen` or `Bun.connect`, as their option
 * `socket`, which make a channel of every connection. Pass `allowHalfOpen: true`
 * beside them, or a peer that ends its side cuts off what is sent to it. The
 * channels own the sockets, and their field `data`, from then on. Throws EINVAL for
 * bad arguments, and the reason of a signal that has aborted. If a channel cannot be
 * made later (ENOMEM, an aborted signal), `onError` is called with the error, and the
 * socket is closed.
 */
export function socketHandler(
  onChannel: (channel: ImsgChannel<number>, socket: BunSocket) => void,
  options: ChannelOptions = {},
  onError?: (error: unknown) => void,
): BunSocketHandler {
  for (const call of [onChannel, onError ?? onChannel]) {
    if (typeof call === "function") continue;
    throw new ImsgError("EINVAL", { syscall: "socketHandler", detail: "a function is needed" });
  }
  checkChannelOptions(options);
  return callbacks((socket) => {
    let channel: ImsgChannel<number>;
    try {
      channel = attach(socket, options);
    } catch (error) {
      socket.terminate();
      onError?.(error);
      return;
    }
    onChannel(channel, socket);
  });
}

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
  return (await unix()).adopt(fd, options);
}

/**
 * Returns a new number for the file, socket or pipe behind a descriptor; it is
 * closed on exec, and the caller owns it. A channel closes the number that it
 * sends, so `send({ type, fd: await dup(fd) })` keeps the caller's. Rejects with
 * EBADF, EMFILE, EINVAL for a value that is no number, and ERR_IMSG_UNSUPPORTED
 * without Linux.
 */
export async function dup(fd: number): Promise<number> {
  return (await unix()).dup(fd);
}

/**
 * Connects to a Unix socket (`{ unix }`) or a TCP port (`{ port, hostname }`), the
 * latter with keep-alive and without delay. Rejects with EINVAL for a bad address
 * or option, with an ImsgError (ENOENT, ECONNREFUSED, …) if the system refuses, and
 * with the reason of `options.signal`.
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
  const { path, text } = checkPath(address, "connect");
  checkChannelOptions(options);
  if (options.allowFdPass) return (await unix()).connect(path, options);
  const helper = await helperFor(path);
  options.signal?.throwIfAborted();
  const connecting = new Promise<ImsgChannel<number>>((resolve, fail) => {
    const reject = (error: unknown): void => fail(openingError(error, "connect", text));
    const opened = (channel: ImsgChannel<number>, socket: BunSocket): void => {
      if (path === undefined) tune(socket, true, true);
      identify(socket, helper);
      resolve(channel);
    };
    const socket = socketHandler(opened, options, reject);
    bun()
      .connect({ ...address, allowHalfOpen: true, socket })
      .catch(reject);
  });
  return abortable(connecting, options.signal, () => {}); // a late channel has the signal itself
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
  const checked = checkPath(address, "listen");
  const { path } = checked;
  const { startServer } = await import("./start-server.ts");
  return startServer(handler, options, checked, async (server) =>
    options.allowFdPass
      ? (await unix()).serve(path, server)
      : openServer(server, address, path, options, await helperFor(path)),
  );
}

function openServer(
  server: ImsgServer,
  address: BunAddress,
  path: string | undefined,
  { keepAlive = true, noDelay = true }: ServerOptions,
  helper: UnixChannels | undefined,
): Listening {
  const socket = callbacks((opened) => {
    if (path === undefined) tune(opened, keepAlive, noDelay);
    server.accept(
      (rest) => {
        const channel = attach(opened, rest);
        identify(opened, helper);
        return channel;
      },
      () => opened.terminate(),
    );
  });
  const listener = bun().listen({ ...address, allowHalfOpen: true, socket });
  return {
    address: path === undefined ? { host: listener.hostname, port: listener.port } : { path },
    stop: () => listener.stop(),
    ref: () => listener.ref(),
    unref: () => listener.unref(),
  };
}
