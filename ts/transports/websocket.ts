import type { Transport, TransportSink } from "../channel/transport.ts";
import { checkBytes } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/** An event of a {@link FrameSocket}: the fields that its kinds have. */
export interface FrameEvent {
  /** The kind of the event. */
  readonly type: string;
  /** What a message carries. */
  readonly data?: unknown;
  /** Why a WebSocket closed. */
  readonly code?: number;
  /** What broke. */
  readonly error?: unknown;
}

/** What WebSocket and RTCDataChannel have in common. */
export interface FrameSocket {
  /** How binary frames are delivered; the adapter sets it to "arraybuffer". */
  binaryType: string;
  /** Bytes that were given to send and have not left yet, where the runtime tells. */
  readonly bufferedAmount?: number;
  /** Sends a frame. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Closes, with a code where there are codes. */
  close(code?: number): void;
  /** Listens for open, message, error and close. */
  addEventListener(type: string, listener: (event: FrameEvent) => void): void;
}

/** The part of a WebSocket that is used: browsers', Node's, Deno's, Bun's, workerd's, or ws's. */
export interface WebSocketLike extends FrameSocket {
  /** 0 while it connects, 1 when it is open, then 2 and 3. */
  readonly readyState: number;
}

/** In what the two kinds of socket differ. */
interface FrameRules {
  /** 0 while it connects, 1 when it is open, then 2 and 3. */
  state(): number;
  /** The longest frame in bytes. */
  frame: number;
  /** The error of a close that was no clean end. */
  unclean(event: FrameEvent): string | undefined;
}

/** The close code for a channel that was broken off; browsers allow 1000 and 3000 to 4999. */
const ABORTED = 4000;
/** How often a full socket is asked for room, in milliseconds. */
const POLL = 4;
/** After how many answers that are the same it is given a little more, up to 16 times the mark. */
const STUCK = 64;
/** Nothing as a frame: the end of a side. */
const END = new Uint8Array(0);

/** A {@link Transport} over a socket that sends frames, and whose peer cannot be stopped. */
export function frameTransport(socket: FrameSocket, rules: FrameRules): Transport {
  let waiting: Uint8Array<ArrayBuffer>[] = []; // until it is open
  let ended = false; // our side
  let peerEnded = false;
  let closing = false;
  let full = false;
  let sink: TransportSink;

  const post = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (rules.state() === 0) waiting.push(bytes);
    else if (bytes.length <= rules.frame) socket.send(bytes);
    else {
      for (let at = 0; at < bytes.length; at += rules.frame) {
        socket.send(bytes.subarray(at, at + rules.frame));
      }
    }
  };
  const hasRoom = (): boolean =>
    rules.state() !== 0 && (socket.bufferedAmount ?? 0) < sink.highWaterMark;
  // there is no event for it everywhere
  const poll = (seen: number, times: number): void => {
    if (rules.state() > 1) return;
    const amount = socket.bufferedAmount ?? 0;
    const same = amount === seen ? times + 1 : 0;
    // Chromium's data channels sometimes forget to count down until the next send
    if (hasRoom() || (same >= STUCK && amount < sink.highWaterMark * 16)) {
      full = false;
      sink.drained();
    } else wait(amount, same);
  };
  const wait = (seen: number, times: number): void => {
    if (rules.state() === 1) setTimeout(poll, POLL, seen, times);
  };
  const settle = (): void => {
    if (rules.state() === 1 && (closing || (ended && peerEnded))) socket.close(1000);
  };
  const peerEnds = (): void => {
    peerEnded = true;
    sink.ended();
  };

  const opened = (): void => {
    for (const bytes of waiting.splice(0)) post(bytes);
    if (full) poll(-1, 0);
    settle();
  };
  const received = ({ data }: FrameEvent): void => {
    try {
      const bytes = checkBytes(data, "imsgbuf_read");
      if (bytes.length > 0) sink.received(bytes);
      else {
        peerEnds();
        settle();
      }
    } catch (error) {
      sink.failed(error); // text
    }
  };
  const closed = (event: FrameEvent): void => {
    if (rules.state() === 2) socket.close(1000); // workerd waits for that
    const detail = peerEnded ? undefined : rules.unclean(event);
    if (detail !== undefined) sink.failed(new ImsgError("ECONNRESET", { detail }));
    else {
      if (!peerEnded) peerEnds();
      if (full) sink.failed(new ImsgError("EPIPE", { syscall: "imsgbuf_write" }));
    }
  };
  // a close should follow, but does not everywhere
  const broken = ({ error: cause }: FrameEvent): void =>
    sink.failed(new ImsgError("ECONNRESET", { detail: "the connection failed", cause }));

  return {
    start(to) {
      sink = to;
      if (rules.state() > 1) {
        sink.failed(new ImsgError("ENOTCONN", { detail: "the socket was closed before" }));
        return;
      }
      socket.binaryType = "arraybuffer";
      socket.addEventListener("open", opened);
      socket.addEventListener("message", received);
      socket.addEventListener("close", closed);
      socket.addEventListener("error", broken);
    },
    send(bytes) {
      if (rules.state() > 1) throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      post(bytes);
      if (hasRoom()) return true;
      if (!full) {
        full = true;
        wait(-1, 0);
      }
      return false;
    },
    end() {
      if (ended || rules.state() > 1) return;
      ended = true;
      post(END);
      settle();
    },
    close() {
      closing = true;
      this.end();
      settle();
    },
    abort() {
      waiting = [];
      socket.close(ABORTED);
    },
  };
}

/** A {@link Transport} over a WebSocket, open or about to be. */
export function webSocketTransport(socket: WebSocketLike): Transport {
  return frameTransport(socket, {
    state: () => socket.readyState,
    frame: 65536, // servers limit it
    unclean: ({ code }) => (code === 1000 ? undefined : `the WebSocket closed with code ${code}`),
  });
}
