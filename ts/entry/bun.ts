/**
 * `imsg-wasm/bun`: channels over Bun's sockets.
 *
 * @module
 */
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { abortable } from "../transports/abortable.ts";
import { type BunSocket, type BunSocketHandler, BunTransport } from "../transports/bun.ts";

export type { BunSocket, BunSocketHandler } from "../transports/bun.ts";

/** Where to connect or listen: a Unix socket, or a TCP port. */
export type BunAddress =
  | {
      /** The path of a Unix socket. */
      unix: string;
    }
  | {
      /** The port; 0 lets the system choose when listening. */
      port: number;
      /** The host. */
      hostname: string;
    };

/** The part of Bun's listener that is used. */
export interface BunListener {
  /** The port it listens on, if it is a TCP port. */
  readonly port?: number;
  /** Accepts no more connections; true closes the open ones too. */
  stop(closeActiveConnections?: boolean): void;
}

interface BunNamespace {
  connect(options: object): Promise<BunSocket>;
  listen(options: object): BunListener;
}

const bun = (): BunNamespace => (globalThis as unknown as { Bun: BunNamespace }).Bun;

const transport = (socket: BunSocket): BunTransport | undefined =>
  socket.data instanceof BunTransport ? socket.data : undefined;

/**
 * The callbacks for `Bun.listen` or `Bun.connect`, as their option `socket`,
 * which make a channel of every connection; `allowHalfOpen: true` belongs
 * beside them, or a peer that ends its side cuts off what is sent to it. The
 * sockets, and their field `data`, are the channels' from then on. Throws
 * nothing; a channel that cannot be made (EINVAL for bad options, ENOMEM) gives
 * its error to `onError`, and the socket is closed.
 */
export function socketHandler(
  onChannel: (channel: ImsgChannel, socket: BunSocket) => void,
  options?: ChannelOptions,
  onError?: (error: unknown) => void,
): BunSocketHandler {
  return {
    open(socket) {
      let channel: ImsgChannel;
      try {
        const made = new BunTransport(socket);
        socket.data = made;
        channel = new ImsgChannel(made, options);
      } catch (error) {
        socket.terminate();
        onError?.(error);
        return;
      }
      onChannel(channel, socket);
    },
    data: (socket, chunk) => transport(socket)?.onData(chunk),
    drain: (socket) => transport(socket)?.onDrain(),
    end: (socket) => transport(socket)?.onEnd(),
    close: (socket, error) => transport(socket)?.onClose(error),
    error: (socket, error) => transport(socket)?.onClose(error),
  };
}

const unixPath = (address: BunAddress): string | undefined =>
  "unix" in address ? address.unix : undefined;

/** It is most of what this entry weighs, so it is loaded when it is asked for. */
const unix = async () => (await import("../transports/unix-bun.ts")).bunUnix();

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
 * Connects to a Unix socket (`{ unix }`) or a TCP port (`{ port, hostname }`).
 * Rejects with what Bun says (ENOENT, ECONNREFUSED, …), and the reason of
 * `options.signal`.
 *
 * With `allowFdPass`, which takes a Unix socket and Linux (else
 * ERR_IMSG_UNSUPPORTED), what passes are numbers of descriptors of the system.
 * One that is sent is closed here; one that is taken is to be closed by who
 * takes it. A thread waits for such channels, whenever there are any.
 */
export async function connect(
  address: BunAddress,
  options: ChannelOptions = {},
): Promise<ImsgChannel> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (options.allowFdPass) return (await unix()).connect(unixPath(address), options);
  const connecting = new Promise<ImsgChannel>((resolve, reject) => {
    const socket = socketHandler(resolve, options, reject);
    bun()
      .connect({ ...address, allowHalfOpen: true, socket })
      .catch(reject);
  });
  return abortable(connecting, signal, () => {}); // a late channel has the signal itself
}

/**
 * Listens on a Unix socket (`{ unix }`) or a TCP port (`{ port, hostname }`)
 * and calls back with a channel for each connection. `stop()` of what it returns
 * accepts no more connections; the open channels go on. Throws what Bun says
 * (EADDRINUSE, …), EINVAL for bad options. With `allowFdPass`, as in
 * {@link connect}, there is a promise of it, and `stop` closes no open connections.
 */
export function listen(
  address: BunAddress,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions & { allowFdPass: true },
): Promise<BunListener>;
export function listen(
  address: BunAddress,
  onChannel: (channel: ImsgChannel) => void,
  options?: ChannelOptions,
): BunListener;
export function listen(
  address: BunAddress,
  onChannel: (channel: ImsgChannel) => void,
  options?: ChannelOptions,
): BunListener | Promise<BunListener> {
  if (options?.allowFdPass) {
    return unix()
      .then((channels) => channels.listen(unixPath(address), onChannel, options))
      .then((listening) => ({ stop: () => listening.close() }));
  }
  const socket = socketHandler((channel) => onChannel(channel), options);
  return bun().listen({ ...address, allowHalfOpen: true, socket });
}
