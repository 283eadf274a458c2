import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf, type ImsgError } from "../module/error.ts";
import { abortable } from "./abortable.ts";
import { type DenoConn, denoTransport } from "./deno.ts";
import type { ChannelHandler, ImsgServer, Listening, ServerOptions } from "./server.ts";
import { openingError, transportError } from "./system-error.ts";
import { type CheckedAddress, checkAddress } from "./unix-path.ts";

/** The path of a Unix socket. */
export interface DenoUnixAddress {
  /** The path of the socket. */
  path: string;
}

/** A TCP port. */
export interface DenoTcpAddress {
  /** The port; 0 lets the system choose when listening. */
  port: number;
  /** The host; Deno's default if absent. */
  hostname?: string | undefined;
}

/** Where to connect or listen: a Unix socket, or a TCP port. */
export type DenoAddress = DenoUnixAddress | DenoTcpAddress;

/** A connection of `Deno.connect`, or one that a listener has accepted. */
interface NetConn extends DenoConn {
  setKeepAlive?(keepAlive: boolean): void;
  setNoDelay?(noDelay: boolean): void;
}

interface Listener {
  readonly addr: { readonly hostname: string; readonly port: number };
  accept(): Promise<NetConn>;
  close(): void;
  ref(): void;
  unref(): void;
}

interface DenoNamespace {
  connect(options: object): Promise<NetConn>;
  listen(options: object): Listener;
}

const deno = (): DenoNamespace => (globalThis as unknown as { Deno: DenoNamespace }).Deno;

/** How long the listener waits when the process is short of descriptors or memory, in ms. */
const LATER = 100;

/** Loaded on first use: descriptor mode is most of this entry's size. */
const unix = async () => (await import("./unix-deno.ts")).denoUnix();

const target = (address: DenoAddress, path: string | undefined): object =>
  path === undefined ? address : { transport: "unix", path };

const checkPath = (address: unknown, call: string): CheckedAddress => {
  const { path, port, hostname: host } = fieldsOf(address) as Record<string, unknown>;
  return checkAddress({ path, port, host }, call);
};

/** Sets the options of a TCP connection; a Unix socket has none. */
function tune(conn: NetConn, keepAlive: boolean, noDelay: boolean): void {
  try {
    conn.setKeepAlive?.(keepAlive);
    conn.setNoDelay?.(noDelay);
  } catch {
    // the peer has reset the connection: the channel's first read reports it
  }
}

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
  return (await unix()).adopt(fd, options);
}

/**
 * Returns a new number for the file, socket or pipe behind a descriptor; it is
 * closed on exec, and the caller owns it. A channel closes the number that it
 * sends, so `send({ type, fd: await dup(fd) })` keeps the caller's. Rejects with
 * EBADF, EMFILE, EINVAL for a value that is no number, ERR_IMSG_UNSUPPORTED
 * without Linux, and EACCES without `--allow-ffi`.
 */
export async function dup(fd: number): Promise<number> {
  return (await unix()).dup(fd);
}

/**
 * Closes a descriptor, such as one that `takeFd` has returned: Deno's own functions
 * take no numbers. Rejects with EBADF, and as {@link dup} does.
 */
export async function closeFd(fd: number): Promise<void> {
  (await unix()).closeFd(fd);
}

/**
 * Reads from a descriptor into a buffer, at most 4,096 bytes, as read(2) does: it
 * blocks the program if the descriptor does. Resolves to the count of bytes, which
 * is 0 at the end. Rejects with EAGAIN if the descriptor does not block and has no
 * bytes, EBADF, and as {@link dup} does.
 */
export async function readFd(fd: number, buffer: Uint8Array): Promise<number> {
  return (await unix()).readFd(fd, buffer);
}

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, hostname }`), the
 * latter with keep-alive and without delay. Rejects with EINVAL for a bad address
 * or option, with an ImsgError (ENOENT, ECONNREFUSED, EACCES without permission, …)
 * if the system or Deno refuses, and with the reason of `options.signal`.
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
  const { path, text } = checkPath(address, "connect");
  checkChannelOptions(options);
  if (options.allowFdPass) return (await unix()).connect(path, options);
  const connecting = deno()
    .connect(target(address, path))
    .catch((error: unknown) => {
      throw openingError(error, "connect", text);
    });
  const conn = await abortable(connecting, options.signal, (late) => late.close());
  tune(conn, true, true);
  try {
    return fromConn(conn, options);
  } catch (error) {
    conn.close();
    throw error;
  }
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
  const checked = checkPath(address, "listen");
  const { path } = checked;
  const { startServer } = await import("./start-server.ts");
  return startServer(handler, options, checked, async (server) =>
    options.allowFdPass
      ? (await unix()).serve(path, server)
      : openServer(server, deno().listen(target(address, path)), path, options),
  );
}

function openServer(
  server: ImsgServer,
  listener: Listener,
  path: string | undefined,
  { keepAlive = true, noDelay = true }: ServerOptions,
): Listening {
  let stopped = false;
  const accept = async (): Promise<void> => {
    while (!stopped) {
      let conn: NetConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        // Deno reports a connection that was reset before it was accepted: the next one may wait
        const { fromPeer } = transportError(error, "accept") as Partial<ImsgError>;
        if (!stopped && !fromPeer) await new Promise((resolve) => setTimeout(resolve, LATER));
        continue;
      }
      tune(conn, keepAlive, noDelay);
      server.accept(
        (rest) => fromConn(conn, rest),
        () => conn.close(),
      );
    }
  };
  const accepting = accept();
  return {
    address:
      path === undefined ? { host: listener.addr.hostname, port: listener.addr.port } : { path },
    // Deno removes the file of the socket when the pending accept has ended
    stop() {
      stopped = true;
      listener.close();
      return accepting;
    },
    ref: () => listener.ref(),
    unref: () => listener.unref(),
  };
}
