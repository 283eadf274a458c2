import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import type { PeerCredentials, Transport } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";
import type { ImsgServer, Listening } from "./server.ts";
import { unixTransport } from "./unix.ts";
import type { EpollSockets, UnixListening } from "./unix-epoll.ts";

/** Takes a connection: makes its channel with `make`, or closes it with `drop`. */
export type Accept = (
  make: (options: ChannelOptions) => ImsgChannel<number>,
  drop: () => void,
) => void;

/** The descriptor mode of an entry, which loads it on first use. */
export interface UnixChannels {
  /** A connected channel; the path is undefined for an address of another kind. */
  connect(path: string | undefined, options: ChannelOptions): ImsgChannel<number>;
  /** A channel over a connected socket, by its number, which stays the caller's if it throws. */
  adopt(fd: number, options: ChannelOptions): ImsgChannel<number>;
  /** Connects and closes. Throws the errors of connect: EAGAIN if the listener's queue is full, … */
  probe(path: string): void;
  /** Listens, and hands every connection to `accept`. Throws the errors of bind and listen. */
  listen(path: string | undefined, accept: Accept): UnixListening;
  /** Opens the listener of a server. Throws EINVAL without a path, and as `listen` does. */
  serve(path: string | undefined, server: ImsgServer): Listening;
  /** Two connected Unix sockets, by their numbers, closed on exec, which the caller owns. */
  pair(): [number, number];
  /** A transport over a connected socket, by its number, which it owns. Throws as `adopt`. */
  open(fd: number): Transport;
  /**
   * Returns a new number for the same file, closed on exec, which the caller owns.
   * Throws EINVAL for a value that is no number of a descriptor, EBADF, EMFILE.
   */
  dup(fd: number): number;
  /** Closes a descriptor, for runtimes whose own functions refuse the number. Throws EBADF. */
  closeFd(fd: number): void;
  /**
   * Reads from a descriptor into a buffer, as read(2): returns how many bytes, 0 at
   * the end. Throws EAGAIN if it does not block and has none, EBADF, …
   */
  readFd(fd: number, buffer: Uint8Array): number;
  /** The process at the other end of a Unix socket; undefined for other descriptors. */
  credentials(fd: number): PeerCredentials | undefined;
}

function checked(path: string | undefined): string {
  if (path !== undefined) return path;
  const detail = "only Unix sockets pass descriptors";
  throw new ImsgError("EINVAL", { syscall: "imsgbuf_allow_fdpass", detail });
}

/** Channels that pass descriptors over such sockets. */
export function unixChannels(sockets: EpollSockets): UnixChannels {
  // the descriptor stays the caller's if the channel cannot be made
  const make = (fd: number, options: ChannelOptions): ImsgChannel<number> =>
    new ImsgChannel<number>(unixTransport(sockets, fd, sockets.watch), options);
  const listen: UnixChannels["listen"] = (path, accept) =>
    sockets.listen(checked(path), (fd) =>
      accept(
        (options) => make(fd, options),
        () => sockets.close(fd),
      ),
    );
  return {
    listen,
    serve(path, server) {
      const listening = listen(path, (make, drop) => server.accept(make, drop));
      return {
        address: { path: path! },
        stop: () => listening.close(),
        ref: () => listening.ref(),
        unref: () => listening.unref(),
      };
    },
    probe: (path) => sockets.close(sockets.connect(path)),
    pair: () => sockets.pair(),
    open: (fd) => unixTransport(sockets, sockets.adopt(fd), sockets.watch),
    dup: (fd) => sockets.duplicate(fd),
    closeFd: (fd) => sockets.closeTaken(fd),
    readFd: (fd, buffer) => sockets.read(fd, buffer),
    credentials: (fd) => sockets.credentials(fd),
    adopt: (fd, options) => make(sockets.adopt(fd), options),
    connect: (path, options) => {
      const fd = sockets.connect(checked(path));
      try {
        return make(fd, options);
      } catch (error) {
        sockets.close(fd);
        throw error;
      }
    },
  };
}
