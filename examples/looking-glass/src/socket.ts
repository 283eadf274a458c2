// A WebSocket to the relay as a channel whose messages are logged.

import { fromWebSocket } from "imsg-wasm/web";
import { MAX_SIZE } from "../../bgpd/requests.mjs";
import { type Conversation, logged, type MessageLog } from "./log.ts";

/** A connection to bgpd through the relay. */
export interface Link {
  readonly channel: Conversation;
  /** The pid of our messages. The relay replaces it by a pid of the connection's own on bgpd. */
  readonly pid: number;
  /** Whether the relay has accepted the connection; false if it closed instead. */
  readonly opened: Promise<boolean>;
  readonly closed: Promise<CloseEvent>;
}

/** Options of a connection. */
export interface LinkOptions {
  /** The relay's address, with http: or https:. */
  relay: URL;
  token: string | undefined;
  log: MessageLog;
  /** Bytes that the relay may send before they are consumed. */
  highWaterMark?: number;
}

/**
 * Opens a connection. It offers the relay credit: a listing that is not read on stops at the daemon.
 * Throws a SyntaxError for a token with characters that no token has.
 */
export function openLink({ relay, token, log, highWaterMark }: LinkOptions): Link {
  const address = new URL(relay);
  address.protocol = relay.protocol === "https:" ? "wss:" : "ws:";
  const proof = token === undefined ? [] : [`imsg.token.${token}`];
  const socket = new WebSocket(address, ["imsg.credit", "imsg", ...proof]);
  const opened = new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true));
    socket.addEventListener("close", () => resolve(false));
  });
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  const pid = 1 + Math.floor(Math.random() * 0x3ffffffe);
  const channel = fromWebSocket(socket, {
    maxSize: MAX_SIZE,
    pid,
    // routes are kept by the thousand: a buffer for each would cost more than it holds
    copy: false,
    ...(highWaterMark !== undefined && { highWaterMark }),
  });
  return { channel: logged(channel, pid, log), pid, opened, closed };
}
