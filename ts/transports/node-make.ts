import type { Socket } from "node:net";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { checkChannelOptions } from "../channel/options.ts";
import { invalid } from "../module/error.ts";
import { duplexTransport } from "./node.ts";
import type { NodeUnix } from "./unix-node.ts";

/** Makes a channel of a socket from which no bytes have been read. */
export type Make = (socket: Socket, options: ChannelOptions) => ImsgChannel<number>;

/** Loaded on first use: descriptor mode is large. */
export const unix = async () => (await import("./unix-node.ts")).nodeUnix();

/** Whether koffi is not installed; the process then does not look for it again. */
let missing = false;

/**
 * Loads the functions that find the process at the peer end of a Unix socket. Resolves with
 * undefined without koffi. It imports koffi first, because the functions are of no use without it.
 */
async function peerFinder(): Promise<NodeUnix | undefined> {
  const name = "koffi"; // a variable, so that bundlers do not resolve the optional package
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
 * Resolves with the function that makes channels with these options. Channels that pass descriptors
 * need koffi, because Node's own sockets drop descriptors. On other Unix sockets koffi finds the
 * process of the peer, if it is installed. Throws EINVAL for bad options, and for descriptors over TCP.
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
