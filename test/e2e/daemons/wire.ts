import { connect as netConnect, type Socket } from "node:net";
import { type ImsgChannel, ImsgCodec, type ImsgMessage } from "../../../ts/entry/index.ts";
import { connect, fromSocket } from "../../../ts/entry/node.ts";

/** Message types of bgpd's control socket. */
export const Type = {
  END: 1,
  RESULT: 12,
  SHOW_NEIGHBOR: 13,
  SHOW_RIB: 16,
  SHOW_RIB_MEM: 22,
  SHOW_FIB_TABLES: 26,
  NETWORK_ADD: 30,
} as const;

export const MAX_SIZE = 131072;
/** A request for all of the RIB. */
export const WHOLE_RIB = { type: Type.SHOW_RIB, data: new Uint8Array(728) };

let last = 2 ** 23;
/** A pid that no process and no other connection of this run has. */
export const freshPid = (): number => ++last;

/** A channel to bgpd. */
export const open = (path: string, pid = freshPid()): Promise<ImsgChannel> =>
  connect({ path }, { maxSize: MAX_SIZE, pid });

/** A bare socket to bgpd. */
export function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ path, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** A channel to bgpd, and the socket under it. */
export async function openBoth(path: string): Promise<{ channel: ImsgChannel; socket: Socket }> {
  const socket = await openSocket(path);
  return { socket, channel: fromSocket(socket, { maxSize: MAX_SIZE, pid: freshPid() }) };
}

/** The messages up to the one that ends a listing. */
export async function listing(channel: ImsgChannel): Promise<ImsgMessage[]> {
  const messages: ImsgMessage[] = [];
  for await (const message of channel) {
    messages.push(message);
    if (message.type === Type.END || message.type === Type.RESULT) return messages;
  }
  throw new Error(`the connection ended after ${messages.length} messages of a listing`);
}

/** Bytes on the wire, of messages that the library composes. */
export function encoded(...messages: Parameters<ImsgCodec["encodeAll"]>[0][]): Uint8Array {
  const codec = new ImsgCodec({ maxSize: MAX_SIZE, pid: freshPid() });
  try {
    return codec.encodeAll(messages.flatMap((each) => [...each]));
  } finally {
    codec.dispose();
  }
}

/** The prefix of an IPv4 RIB entry. */
export const prefixOf = ({ data }: ImsgMessage): string =>
  `${data.subarray(144, 148).join(".")}/${data[384]}`;
