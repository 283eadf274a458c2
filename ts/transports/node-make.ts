import type { Socket } from "node:net";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { invalid } from "../module/error.ts";
import { duplexTransport } from "./node.ts";
import type { NodeUnix } from "./unix-node.ts";

/** Makes the channel of a socket that nothing has been read from. */
export type Make = (socket: Socket, options: ChannelOptions) => ImsgChannel<number>;

/** Loaded on first use: descriptor mode is large. */
export const unix = async () => (await import("./unix-node.ts")).nodeUnix();

let missing = false; // koffi, which is then not looked for again

/**
 * Loads what finds out which process the peer of a Unix socket is; undefined without koffi. That
 * is looked for first, so that a program without it loads no file in vain.
 */
async function peerFinder(): Promise<NodeUnix | undefined> {
  const name = "koffi"; // an optional peer: not for bundlers to look for
  if (missing) return undefined;
  try {
    await import(name);
    return await unix();
  } catch (error) {
    missing = (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    return undefined;
  }
}

/**
 * Where descriptors pass, they do by koffi: Node's own sockets would drop them. On other Unix
 * sockets koffi, if it is there, finds out which process the peer is.
 */
export async function maker(options: ChannelOptions, isUnix: boolean): Promise<Make> {
  checkChannelOptions(options);
  if (options.allowFdPass !== true) {
    const helper = isUnix ? await peerFinder() : undefined;
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
