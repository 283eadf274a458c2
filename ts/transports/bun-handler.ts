import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { invalid } from "../module/error.ts";
import { type BunSocket, type BunSocketHandler, BunTransport } from "./bun.ts";

/** Returns the transport of a socket whose channel has been made. */
export const transportOf = (socket: BunSocket): BunTransport | undefined =>
  socket.data instanceof BunTransport ? socket.data : undefined;

/** The callbacks of the sockets of channels, with the one that makes the channel. */
export const callbacks = (open: (socket: BunSocket) => void): BunSocketHandler => ({
  open,
  data: (socket, chunk) => transportOf(socket)?.onData(chunk),
  drain: (socket) => transportOf(socket)?.onDrain(),
  end: (socket) => transportOf(socket)?.onEnd(),
  close: (socket, error) => transportOf(socket)?.onClose(error),
  error: (socket, error) => transportOf(socket)?.onClose(error),
});

/** Makes the channel of a socket that has just opened. */
export function attach(
  socket: BunSocket,
  options: ChannelOptions | undefined,
): ImsgChannel<number> {
  const made = new BunTransport(socket);
  socket.data = made;
  return new ImsgChannel<number>(made, options);
}

/**
 * Returns the callbacks for `Bun.listen` or `Bun.connect`, as their option
 * `socket`, which make a channel of every connection. The options also need
 * `allowHalfOpen: true`: without it Bun closes a socket when its peer ends, and bytes
 * that wait for that peer are lost. The channels own the sockets, and their field `data`, from then on. Throws EINVAL for
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
    throw invalid("socketHandler", "a function is needed");
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
