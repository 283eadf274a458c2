/**
 * `imsg-wasm/deno`: channels over Deno's connections.
 *
 * @module
 */
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { abortable } from "../transports/abortable.ts";
import { type DenoConn, denoTransport } from "../transports/deno.ts";

export type { DenoConn } from "../transports/deno.ts";

/** Where to connect or listen: a Unix socket, or a TCP port. */
export type DenoAddress =
  | {
      /** The path of a Unix socket. */
      path: string;
    }
  | {
      /** The port; 0 lets the system choose when listening. */
      port: number;
      /** The host; Deno's default if absent. */
      hostname?: string;
    };

/** The part of a `Deno.Listener` that is used. */
export interface DenoListener {
  /** Where it listens. */
  readonly addr: unknown;
  /** Accepts no more connections. */
  close(): void;
  /** The connections. */
  [Symbol.asyncIterator](): AsyncIterator<DenoConn>;
}

interface DenoNamespace {
  connect(options: object): Promise<DenoConn>;
  listen(options: object): DenoListener;
}

const deno = (): DenoNamespace => (globalThis as unknown as { Deno: DenoNamespace }).Deno;

const target = (address: DenoAddress): object =>
  "path" in address ? { transport: "unix", path: address.path } : address;

/**
 * A channel over a connection (`Deno.connect`, `Deno.connectTls`, or what a
 * listener accepts), which is the channel's from then on and is closed by it.
 * Throws EINVAL for bad options, ENOMEM; the connection is still the caller's then.
 */
export function fromConn(conn: DenoConn, options: ChannelOptions = {}): ImsgChannel {
  return new ImsgChannel(denoTransport(conn), options);
}

const unixPath = (address: DenoAddress): string | undefined =>
  "path" in address ? address.path : undefined;

/** It is most of what this entry weighs, so it is loaded when it is asked for. */
const unix = async () => (await import("../transports/unix-deno.ts")).denoUnix();

/**
 * A channel over a connected Unix socket by its number, which another program may
 * have left open (3, say) or a message brought. It is the channel's from then on,
 * and passes descriptors with `allowFdPass`; what {@link connect} takes for that, this
 * takes in any case. Rejects with EINVAL if it is another kind of socket, EBADF,
 * ENOTSOCK or ENOTCONN if it is none that is connected: it is still the caller's then.
 */
export async function fromSocket(fd: number, options: ChannelOptions = {}): Promise<ImsgChannel> {
  return (await unix()).adopt(fd, options);
}

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, hostname }`).
 * Rejects with what Deno says (NotFound, ConnectionRefused, NotCapable, …), and
 * the reason of `options.signal`.
 *
 * With `allowFdPass`, which takes a Unix socket, Linux (else
 * ERR_IMSG_UNSUPPORTED) and `--allow-ffi`, what passes are numbers of descriptors
 * of the system, and errors have the system's names (ENOENT, …). One that is sent
 * is closed here; one that is taken is to be closed by who takes it.
 */
export async function connect(
  address: DenoAddress,
  options: ChannelOptions = {},
): Promise<ImsgChannel> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (options.allowFdPass) return (await unix()).connect(unixPath(address), options);
  const conn = await abortable(deno().connect(target(address)), signal, (late) => late.close());
  try {
    return fromConn(conn, options);
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** A server of channels: {@link listen}. */
export interface DenoServer {
  /** Deno's listener, with its address. */
  readonly listener: DenoListener;
  /**
   * Fulfilled when no more connections are accepted; rejected if that was not
   * because of {@link close}. Never an unhandled rejection.
   */
  readonly finished: Promise<void>;
  /** Accepts no more connections; the open channels go on.. */
  close(): void;
}

/**
 * Listens on a Unix socket (`{ path }`) or a TCP port (`{ port, hostname }`)
 * and calls back with a channel for each connection. Throws what Deno says
 * (AddrInUse, NotCapable, …). With `allowFdPass`, as in {@link connect},
 * there is a promise of a server, whose listener can only be closed.
 */
export function listen(
  address: DenoAddress,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions & { allowFdPass: true },
): Promise<DenoServer>;
export function listen(
  address: DenoAddress,
  onChannel: (channel: ImsgChannel) => void,
  options?: ChannelOptions,
): DenoServer;
export function listen(
  address: DenoAddress,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions = {},
): DenoServer | Promise<DenoServer> {
  if (options.allowFdPass) return listenUnix(address, onChannel, options);
  const listener = deno().listen(target(address));
  let closed = false;
  const accept = async (): Promise<void> => {
    for await (const conn of listener) onChannel(fromConn(conn, options));
  };
  const finished = accept().catch((error) => {
    if (!closed) throw error;
  });
  finished.catch(() => {});
  return {
    listener,
    finished,
    close() {
      if (!closed) listener.close();
      closed = true;
    },
  };
}

async function listenUnix(
  address: DenoAddress,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions,
): Promise<DenoServer> {
  let finish!: () => void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const listening = (await unix()).listen(unixPath(address), onChannel, options);
  const close = (): void => {
    listening.close();
    finish();
  };
  const listener: DenoListener = {
    addr: { transport: "unix", path: unixPath(address) },
    close,
    async *[Symbol.asyncIterator]() {},
  };
  return { listener, finished, close };
}
