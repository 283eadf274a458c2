import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf, type ImsgError } from "../module/error.ts";
import { abortable } from "./abortable.ts";
import { CONNECTED } from "./connected-table.ts";
import { type DenoConn, denoTransport } from "./deno.ts";
import { openingError } from "./opening-error.ts";
import { retryFull } from "./retry-full.ts";
import type { ChannelHandler, ImsgServer, Listening, ServerOptions } from "./server.ts";
import { transportError } from "./system-error.ts";
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

/** Loaded on first use: descriptor mode is large. */
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

const make = (conn: DenoConn, options: ChannelOptions): ImsgChannel<number> =>
  new ImsgChannel<number>(denoTransport(conn), options);

/** The function `fromSocket` of the entry. */
export const fromSocket = async (fd: number, options: ChannelOptions) =>
  (await unix()).adopt(fd, options);

/** The function `dup` of the entry. */
export const dup = async (fd: number) => (await unix()).dup(fd);

/** The function `closeFd` of the entry. */
export const closeFd = async (fd: number) => (await unix()).closeFd(fd);

/** The function `readFd` of the entry. */
export const readFd = async (fd: number, buffer: Uint8Array) => (await unix()).readFd(fd, buffer);

/** The function `connect` of the entry. */
export async function connect(
  address: DenoAddress,
  options: ChannelOptions,
): Promise<ImsgChannel<number>> {
  const { path, text } = checkPath(address, "connect");
  checkChannelOptions(options);
  const { signal } = options;
  if (options.allowFdPass) {
    return retryFull(async () => (await unix()).connect(path, options), signal);
  }
  const open = (): Promise<NetConn> => {
    const connecting = deno()
      .connect(target(address, path))
      .catch((error: unknown) => {
        throw openingError(error, "connect", text);
      });
    return abortable(connecting, signal, (late) => late.close());
  };
  const conn = await retryFull(open, signal);
  tune(conn, true, true);
  try {
    return make(conn, options);
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** The function `listen` of the entry; the server is a chunk of its own. */
export async function listen(
  address: DenoAddress,
  handler: ChannelHandler,
  options: ServerOptions,
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
        const { fromPeer } = transportError(error, "accept", CONNECTED) as Partial<ImsgError>;
        if (!stopped && !fromPeer) await new Promise((resolve) => setTimeout(resolve, LATER));
        continue;
      }
      tune(conn, keepAlive, noDelay);
      server.accept(
        (rest) => make(conn, rest),
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
