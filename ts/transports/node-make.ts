import type { Socket } from "node:net";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { invalid } from "../module/error.ts";
import { duplexTransport } from "./node.ts";

/** Makes the channel of a socket that nothing has been read from. */
export type Make = (socket: Socket, options: ChannelOptions) => ImsgChannel<number>;

/** Loaded on first use: descriptor mode is large. */
export const unix = async () => (await import("./unix-node.ts")).nodeUnix();

/**
 * Where descriptors pass, they do by koffi: Node's own sockets would drop them. On other Unix
 * sockets koffi, if it is there, finds out which process the peer is.
 */
export async function maker(options: ChannelOptions, isUnix: boolean): Promise<Make> {
  checkChannelOptions(options);
  if (options.allowFdPass !== true) {
    const helper = isUnix ? await unix().catch(() => undefined) : undefined; // knows the peer
    return (socket, rest) =>
      new ImsgChannel<number>(duplexTransport(socket, helper?.credentials(socket)), rest);
  }
  if (!isUnix) throw invalid("imsgbuf_allow_fdpass", "only Unix sockets pass descriptors");
  const { adopt } = await unix();
  return (socket, rest) => {
    const transport = adopt(socket);
    try {
      return new ImsgChannel<number>(transport, rest);
    } catch (error) {
      transport.abort(error);
      throw error;
    }
  };
}
