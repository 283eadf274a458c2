import type { ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { fieldsOf } from "../module/error.ts";
import { abortable } from "./abortable.ts";
import type { BunSocket } from "./bun.ts";
import { attach, callbacks, socketHandler, transportOf } from "./bun-handler.ts";
import { KEEP_ALIVE_DELAY } from "./keep-alive.ts";
import { openingError } from "./opening-error.ts";
import { retryFull } from "./retry-full.ts";
import type { ChannelHandler, ImsgServer, Listening, ServerOptions } from "./server.ts";
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

/** Loaded on first use: descriptor mode is large. */
const unix = async () => (await import("./unix-bun.ts")).bunUnix();

/** The helper of descriptor mode for a Unix socket, which knows the peer; undefined without Linux. */
const helperFor = (path: string | undefined) =>
  path === undefined ? undefined : unix().catch(() => undefined);

const checkPath = (address: unknown, call: string): CheckedAddress => {
  const { unix: path, port, hostname: host } = fieldsOf(address) as Record<string, unknown>;
  return checkAddress({ path, port, host }, call, "unix");
};

/** Finds out which process is at the other end of a Unix socket. */
function identify(socket: BunSocket, helper: UnixChannels | undefined): void {
  if (helper !== undefined) transportOf(socket)!.peerCredentials = helper.credentials(socket.fd!);
}

/** Sets the options of a TCP connection; a Unix socket has none. */
function tune(socket: BunSocket, keepAlive: boolean, noDelay: boolean): void {
  (socket as NetSocket).setKeepAlive(keepAlive, KEEP_ALIVE_DELAY);
  (socket as NetSocket).setNoDelay(noDelay);
}

/** The function `fromSocket` of the entry. */
export const fromSocket = async (fd: number, options: ChannelOptions) =>
  (await unix()).adopt(fd, options);

/** The function `dup` of the entry. */
export const dup = async (fd: number) => (await unix()).dup(fd);

/** The function `connect` of the entry. */
export async function connect(
  address: BunAddress,
  options: ChannelOptions,
): Promise<ImsgChannel<number>> {
  const { path, text } = checkPath(address, "connect");
  checkChannelOptions(options);
  const { signal } = options;
  if (options.allowFdPass) {
    return retryFull(async () => (await unix()).connect(path, options), signal);
  }
  const helper = await helperFor(path);
  const open = (): Promise<ImsgChannel<number>> => {
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
        .catch((error: unknown) => {
          const { code } = Object(error) as { code?: unknown };
          const refused = code === "ECONNREFUSED" && path !== undefined && helper !== undefined;
          reject(refused ? refusal(path, helper) : error);
        });
    });
    return abortable(connecting, signal, () => {}); // a late channel has the signal itself
  };
  return retryFull(open, signal);
}

/**
 * Returns the system's error of a refused connection to a Unix socket: Bun reports a listener whose
 * queue is full, and sockets of other types, as ECONNREFUSED, too.
 */
function refusal(path: string, helper: UnixChannels): unknown {
  try {
    helper.probe(path);
    return Object.assign(new Error("the queue was full"), { code: "EAGAIN" }); // it has room now
  } catch (error) {
    return error;
  }
}

/** The function `listen` of the entry; the server is a chunk of its own. */
export async function listen(
  address: BunAddress,
  handler: ChannelHandler,
  options: ServerOptions,
): Promise<ImsgServer> {
  const checked = checkPath(address, "listen");
  const { path } = checked;
  const { startServer } = await import("./start-server.ts");
  const helper = await helperFor(path);
  const open = async (server: ImsgServer): Promise<Listening> =>
    options.allowFdPass
      ? (await unix()).serve(path, server)
      : openServer(server, address, path, options, helper);
  return startServer(handler, options, checked, open, helper?.probe);
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
