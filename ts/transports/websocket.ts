import type { Transport } from "../channel/transport.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { type FrameSocket, frameTransport } from "./frames.ts";

/** The part of a WebSocket that is used: browsers', Node's, Deno's, Bun's, workerd's, or ws's. */
export interface WebSocketLike extends FrameSocket {
  /** 0 while it connects, 1 when it is open, then 2 and 3. */
  readonly readyState: number;
}

/** How a WebSocket is closed when its channel is broken off. */
export interface WebSocketClosing {
  /**
   * The close code: 1000, or 3000 to 4999; the library ws also takes others.
   * 1006 cuts the connection off without a close frame, where the socket can.
   */
  code: number;
  /** Words for the peer; as much as fits into 123 bytes of UTF-8 is sent. */
  reason?: string | undefined;
}

/** Options of a transport over a WebSocket. */
export interface WebSocketTransportOptions {
  /** Returns the close code for the error that the channel was broken off with: 4000 if absent. */
  closing?: ((error: unknown) => WebSocketClosing) | undefined;
}

/** The longest frame in bytes: servers limit it. */
const FRAME = 65536;
/** The close code for a channel that was broken off; browsers allow 1000 and 3000 to 4999. */
const ABORTED = 4000;
/** The close codes of a clean end: normal closure, and a close without a code. */
const CLEAN: readonly unknown[] = [1000, 1005];

/** Cuts a reason to the 123 bytes of UTF-8 that a close frame holds. */
function fitting(reason: string): string {
  const encoder = new TextEncoder();
  let text = reason.slice(0, 123);
  while (encoder.encode(text).length > 123) text = text.slice(0, -1);
  return text;
}

/** Makes a {@link Transport} over a WebSocket, open or about to be. Throws EINVAL if it is none. */
export function webSocketTransport(
  socket: WebSocketLike,
  { closing = () => ({ code: ABORTED }) }: WebSocketTransportOptions = {},
): Transport {
  if (typeof fieldsOf(socket).readyState !== "number") {
    throw new ImsgError("EINVAL", {
      syscall: "imsgbuf_init",
      detail: "a channel needs a WebSocket",
    });
  }
  return frameTransport(socket, {
    name: "WebSocket",
    state: () => socket.readyState,
    frame: FRAME,
    counts: true,
    unclean: ({ code, reason }) => {
      if (CLEAN.includes(code)) return undefined;
      const words =
        typeof reason === "string" && reason !== "" ? `: ${JSON.stringify(reason)}` : "";
      return `the WebSocket was closed with code ${code}${words}`;
    },
    breakOff: (error) => {
      const { code, reason = "" } = closing(error);
      if (code === 1006 && socket.terminate !== undefined) socket.terminate();
      else socket.close(code === 1006 ? ABORTED : code, fitting(reason));
    },
  });
}
