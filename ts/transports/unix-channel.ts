import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { ImsgError } from "../module/error.ts";
import { unixTransport } from "./unix.ts";
import type { EpollSockets } from "./unix-epoll.ts";

/** What an entry loads when it is asked to pass descriptors. */
export interface UnixChannels {
  /** A connected channel; the path is undefined for an address of another kind. */
  connect(path: string | undefined, options: ChannelOptions): ImsgChannel;
  /** A channel over a connected socket, by its number, which stays the caller's if it throws. */
  adopt(fd: number, options: ChannelOptions): ImsgChannel;
  /** Calls back with connected channels. */
  listen(
    path: string | undefined,
    onChannel: (channel: ImsgChannel) => void,
    options: ChannelOptions,
  ): { close(): void };
}

function checked(path: string | undefined): string {
  if (path !== undefined) return path;
  const detail = "only Unix sockets pass descriptors";
  throw new ImsgError("EINVAL", { syscall: "imsgbuf_allow_fdpass", detail });
}

/** Channels that pass descriptors over such sockets. */
export function unixChannels(sockets: EpollSockets): UnixChannels {
  const channel = (fd: number, options: ChannelOptions): ImsgChannel => {
    const transport = unixTransport(sockets, fd, sockets.watch);
    try {
      return new ImsgChannel(transport, options);
    } catch (error) {
      transport.abort(error);
      throw error;
    }
  };
  return {
    adopt: (fd, options) =>
      new ImsgChannel(unixTransport(sockets, sockets.adopt(fd), sockets.watch), options),
    connect: (path, options) => channel(sockets.connect(checked(path)), options),
    listen: (path, onChannel, options) =>
      sockets.listen(checked(path), (fd) => onChannel(channel(fd, options))),
  };
}
