import { WebSocket } from "ws";
import { ImsgError, type Transport, type TransportSink } from "../../entry/index.ts";
import { messageOf, printable } from "../status.ts";
import { Closing } from "./closing.ts";

/** The subprotocol that relays speak. */
export const PROTOCOL = "imsg";
/** The text before the token in Sec-WebSocket-Protocol. */
export const TOKEN_PREFIX = "imsg.token.";

/** Bytes that may wait in a WebSocket before the channel has to. */
const MARK = 65536;

/** The codes of an end that is no error: normal, going away, none given. */
const CLEAN = new Set([1000, 1001, 1005]);

/**
 * A {@link Transport} over a WebSocket of the library ws, which, unlike
 * browsers', can be told to stop receiving. An empty frame ends a side. An
 * aborted channel closes with the code that `closingOf` returns for the reason.
 */
export function webSocketTransport(
  socket: WebSocket,
  closingOf: (reason: unknown) => Closing = (reason) => new Closing(4000, messageOf(reason)),
): Transport {
  let sink: TransportSink | undefined;
  let full = false;
  let peerEnded = false;
  const message = (data: Buffer, isBinary: boolean): void => {
    if (!isBinary) sink?.failed(new Closing(1003, "text frames are no imsgs"));
    else if (data.length > 0) sink?.received(data);
    else if (!peerEnded) {
      peerEnded = true;
      sink?.ended();
    }
  };
  const closed = (code: number, reason: Buffer): void => {
    if (code === 1006) sink?.failed(new Closing(code, "the WebSocket was cut off"));
    else if (CLEAN.has(code) && !full) sink?.ended();
    else {
      const text = printable(reason.toString());
      sink?.failed(new Closing(code, `the WebSocket was closed with ${code}: ${text}`));
    }
  };
  const failed = (error: Error): void => sink?.failed(error);
  const stop = (): void => {
    sink = undefined;
    socket.resume(); // or the closing handshake is never seen
  };
  const sent = (error?: Error | null): void => {
    if (!full || error != null || socket.bufferedAmount > MARK) return;
    full = false;
    sink?.drained();
  };

  return {
    start(to) {
      sink = to;
      socket.binaryType = "nodebuffer";
      socket.on("message", message);
      socket.on("close", closed);
      socket.on("error", failed);
      socket.resume();
    },
    send(bytes) {
      // ws would count it as waiting, for ever
      if (socket.readyState !== WebSocket.OPEN) {
        throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      }
      socket.send(bytes, sent);
      full = socket.bufferedAmount > MARK;
      return !full;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      socket.send(new Uint8Array(0), () => {});
    },
    close() {
      stop();
      socket.close(1000);
    },
    abort(reason) {
      stop();
      const { code, message } = closingOf(reason);
      // 1006 stands for a missing close frame
      if (code === 1006) socket.terminate();
      else socket.close(code, fitting(message));
    },
  };
}

/** As much of a reason as a close frame holds. */
export function fitting(reason: string): string {
  let text = printable(reason, 120);
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}

/** The token and the Origin header of a client of a relay. */
export interface WebSocketOptions {
  token?: string;
  origin?: string;
}

/** Opens a WebSocket. Rejects with the server's words if it refuses. */
export function openWebSocket(
  url: string,
  { token, origin }: WebSocketOptions,
  signal?: AbortSignal,
): Promise<WebSocket> {
  const protocols = token === undefined ? [PROTOCOL] : [PROTOCOL, TOKEN_PREFIX + token];
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, {
      perMessageDeflate: false,
      ...(origin === undefined ? {} : { origin }),
    });
    const aborted = (): void => {
      failed(signal!.reason);
      socket.terminate();
    };
    const settle = (): void => {
      signal?.removeEventListener("abort", aborted);
      socket.removeAllListeners();
      socket.on("error", () => {}); // terminating one that connects is one
    };
    const failed = (error: unknown): void => {
      settle();
      reject(error);
    };
    signal?.addEventListener("abort", aborted);
    socket.once("error", failed);
    socket.once("open", () => {
      // messages that arrive before the channel listens have to wait
      socket.pause();
      settle();
      resolve(socket);
    });
    socket.once("unexpected-response", (_request, response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        if (body.length < 1000) body += text;
      });
      response.once("close", () => {
        const why = printable(body.trim() || response.statusMessage || "");
        failed(new Error(`refused with HTTP status ${response.statusCode}: ${why}`));
        socket.terminate();
      });
    });
  });
}
