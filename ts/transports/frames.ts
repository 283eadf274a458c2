import { arrivedBytes, malformed, reset } from "../channel/arrived.ts";
import type { Transport, TransportSink } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";
import { CREDIT_PROTOCOL, Credit } from "./credit.ts";

/** An event of a {@link FrameSocket}: the fields that its kinds have. */
export interface FrameEvent {
  /** The kind of the event. */
  readonly type: string;
  /** The payload of a frame. */
  readonly data?: unknown;
  /** The code that a WebSocket was closed with. */
  readonly code?: number | undefined;
  /** The words that a WebSocket was closed with. */
  readonly reason?: string | undefined;
  /** The error, where the runtime has one. */
  readonly error?: unknown;
}

/** The common part of WebSocket and RTCDataChannel. */
export interface FrameSocket {
  /** How binary frames are delivered; the adapter sets it to "arraybuffer". */
  binaryType: string;
  /** Bytes that `send` has taken and that have not left yet, where the runtime counts them. */
  readonly bufferedAmount?: number | undefined;
  /** The subprotocol of a WebSocket, or the protocol of a data channel. */
  readonly protocol?: string | undefined;
  /** Sends a frame. The library ws calls back when the operating system has it. */
  send(data: Uint8Array<ArrayBuffer> | string, sent?: never): void;
  /** Closes; a WebSocket with a code and a reason. */
  close(code?: number, reason?: string): void;
  /** Adds a listener for open, message, error or close. */
  addEventListener(type: string, listener: (event: FrameEvent) => void): void;
  /** Removes a listener. */
  removeEventListener(type: string, listener: (event: FrameEvent) => void): void;
  /** Stops reading: only on WebSockets of the library ws. */
  pause?(): void;
  /** Reads on: only on WebSockets of the library ws. */
  resume?(): void;
  /** Cuts the connection off: only on WebSockets of the library ws. */
  terminate?(): void;
}

/** The differences between the kinds of socket. */
export interface FrameRules {
  /** See Transport.name. */
  name: string;
  /** 0 while it connects, 1 when it is open, then 2 and 3. */
  state(): number;
  /** The longest frame in bytes. */
  frame: number;
  /** Whether `bufferedAmount` counts down to 0 reliably. */
  counts: boolean;
  /** The text of the error of a close that is no clean end, else undefined. */
  unclean(event: FrameEvent, peerEnded: boolean): string | undefined;
  /** Closes the socket so that the peer sees an error. */
  breakOff(error: unknown): void;
}

/** The interval in milliseconds at which a full socket is asked for room. */
const POLL = 4;
/** After so many equal answers a full socket gets more, up to 16 times the mark. */
const STUCK = 64;
/** An empty frame: the end of a side. */
const END = new Uint8Array(0);
/** A text frame that is credit: a decimal number. */
const CREDIT = /^[1-9]\d{0,9}$/;
const ignore = (): void => {};

/** Runs code that may throw, in a method that must not. */
function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // the socket refuses calls that its state does not allow
  }
}

/**
 * Makes a {@link Transport} over a socket that carries frames. An empty binary
 * frame is the sender's end. If the socket's protocol is "imsg.credit", a text
 * frame is credit ({@link Credit}), else no text frame is allowed. A socket
 * without credit is paused if it can be, as those of the library ws can.
 */
export function frameTransport(socket: FrameSocket, rules: FrameRules): Transport {
  let waiting: Uint8Array<ArrayBuffer>[] = []; // frames that wait until the socket is open
  let waitingBytes = 0;
  let ready = false; // the socket is open, and what waited for that has been sent
  let localEnded = false;
  let peerEnded = false;
  let dead = false; // the sink knows that nothing more arrives
  let stopped = false; // the channel has closed the transport: the sink is not called any more
  let full = false;
  let trusted = true; // whether the socket's count of bytes means anything
  let sink: TransportSink;
  let credit: Credit | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let endSent = ignore; // resolves the promise of end(), if that was called
  let closed = ignore;
  /**
   * The library ws calls back, so that nothing needs to be polled. Bun's own
   * WebSocket has a `pause` too, but no callback, and no `on`.
   */
  const { on } = socket as { on?: unknown };
  const callsBack = typeof socket.pause === "function" && typeof on === "function";

  /** If the socket calls back: bytes of messages that it holds. */
  let inSocket = 0;
  /** Otherwise: bytes of all frames ever sent, and at which of them each frame of credit ends. */
  let posted = 0;
  const grants: { end: number; length: number }[] = [];

  const buffered = (): number => socket.bufferedAmount ?? 0;
  /** Bytes of messages that the socket holds. Its own count includes frames of credit, and perhaps headers. */
  const messageBytes = (): number => {
    if (callsBack) return inSocket;
    const sent = posted - buffered();
    while (grants.length > 0 && grants[0]!.end <= sent) grants.shift();
    const credit = grants.reduce((sum, { end, length }) => sum + Math.min(length, end - sent), 0);
    return Math.max(0, buffered() - credit);
  };
  const empty = (): boolean => !rules.counts || messageBytes() === 0;
  /** Chromium's data channels have the state "open" a while before the event, and what waited must leave first. */
  const isOpen = (): boolean => ready && rules.state() === 1;

  const transmit = (frame: Uint8Array<ArrayBuffer> | string): void => {
    const { length } = frame;
    const isCredit = typeof frame === "string";
    if (callsBack) {
      const bytes = isCredit ? 0 : length;
      const sent = (error?: unknown): void => {
        if (error != null) return;
        inSocket -= bytes;
        proceed();
      };
      inSocket += bytes;
      socket.send(frame, sent as never);
      return;
    }
    posted += length;
    if (isCredit) {
      messageBytes(); // forgets what was sent
      grants.push({ end: posted, length });
    }
    socket.send(frame);
  };
  const post = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (!ready) {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      return;
    }
    credit?.spend(bytes.length);
    if (bytes.length <= rules.frame) transmit(bytes);
    else {
      for (let at = 0; at < bytes.length; at += rules.frame) {
        transmit(bytes.subarray(at, at + rules.frame));
      }
    }
  };

  const hasRoom = (marks = 1): boolean =>
    isOpen() && credit?.available !== false && buffered() < sink.highWaterMark * marks;
  /** Notifies the channel when its end has left the socket, and when a full socket has room again. */
  const proceed = (stuck = false): void => {
    if (localEnded && isOpen() && empty()) {
      endSent();
      shut();
    }
    if (stopped || !full || !isOpen()) return;
    if (hasRoom(stuck ? 16 : 1)) {
      full = false;
      sink.drained();
    } else poll();
  };
  /** Asks the socket again and again, because not every runtime has an event for bytes that have left. */
  const poll = (seen = -1, times = 0): void => {
    if (callsBack || timer !== undefined || !(waitsForRoom() || waitsForEnd())) return;
    timer = setTimeout(() => {
      timer = undefined;
      const same = buffered() === seen ? times + 1 : 0;
      // Chromium's data channels sometimes forget to count down until the next send
      proceed(same >= STUCK);
      if (isOpen()) poll(buffered(), same);
    }, POLL);
  };
  const waitsForRoom = (): boolean => full && !stopped && credit?.available !== false;
  const waitsForEnd = (): boolean => localEnded && !empty();

  /**
   * Closes the socket when both sides have ended and every byte has left it. A socket waits a limited
   * time for the closing handshake, and drops the bytes that have not left by then.
   */
  const shut = (): void => {
    const over = localEnded && (stopped || peerEnded);
    if (over && isOpen() && empty()) quietly(() => socket.close(1000));
  };
  /** Sets how the peer is stopped: whether by credit is known when a WebSocket is open. */
  const chooseFlow = (): void => {
    if (socket.protocol === CREDIT_PROTOCOL) {
      const own = new Credit((bytes) => {
        if (!peerEnded && isOpen()) quietly(() => transmit(String(bytes)));
      });
      credit = own;
      transport.pause = () => own.pause();
      transport.resume = () => own.resume();
    } else if (callsBack) {
      transport.pause = () => quietly(() => socket.pause!());
      transport.resume = () => quietly(() => socket.resume!());
    }
  };
  const opened = (): void => {
    if (ready) return;
    ready = true;
    if (!stopped) {
      if (credit === undefined) chooseFlow();
      credit?.open(sink.highWaterMark);
    }
    for (const bytes of waiting.splice(0)) post(bytes);
    waitingBytes = 0;
    poll();
    proceed();
  };

  const endArrived = (): void => {
    peerEnded = true;
    sink.ended();
    shut();
  };
  const textArrived = (text: string): void => {
    if (credit === undefined) throw malformed("EINVAL", "text frames are no messages");
    if (!CREDIT.test(text)) throw malformed("EBADMSG", "a text frame must be credit: a number");
    credit.earn(Number(text));
    proceed();
  };
  const frameArrived = (data: unknown): void => {
    if (typeof data === "string") {
      textArrived(data);
      return;
    }
    const bytes = arrivedBytes(data);
    const { length } = bytes;
    if (peerEnded) throw malformed("EBADMSG", "a frame after the peer's end");
    if (length === 0) endArrived();
    else {
      sink.received(bytes);
      if (!stopped) credit?.consume(length);
    }
  };
  const failed = (error: unknown): void => {
    if (stopped || dead) return;
    dead = true;
    sink.failed(error);
  };
  const received = ({ data }: FrameEvent): void => {
    if (stopped || dead) return;
    try {
      frameArrived(data);
    } catch (error) {
      failed(error);
    }
  };
  const socketClosed = (event: FrameEvent): void => {
    clearTimeout(timer);
    if (rules.state() === 2) quietly(() => socket.close(1000)); // workerd completes the closing handshake only then
    unlisten();
    const done = localEnded && empty();
    const detail = done && peerEnded ? undefined : rules.unclean(event, peerEnded);
    trusted = rules.counts || !stopped; // a data channel does not count down any more
    closed();
    if (stopped || dead) return;
    if (detail !== undefined) {
      failed(reset(detail));
      return;
    }
    if (done) endSent();
    // first notify the channel that its own end was sent
    queueMicrotask(() => {
      if (!stopped && !dead) sink.hungUp();
    });
  };
  // a "close" event should follow, but not every runtime sends it
  const broken = ({ error }: FrameEvent): void => failed(reset("the connection failed", error));

  const listeners = { open: opened, message: received, close: socketClosed, error: broken };
  const unlisten = (): void => {
    for (const [type, listener] of Object.entries(listeners)) {
      socket.removeEventListener(type, listener);
    }
  };
  /** Stops receiving. The socket has yet to report that it is closed, or that it failed. */
  const stop = (): void => {
    stopped = true;
    full = false;
    socket.removeEventListener("message", received);
    if (callsBack) quietly(() => socket.resume!()); // a paused socket never reads the closing handshake
    if (rules.state() === 3) unlisten();
  };
  const sendEnd = (): void => {
    if (localEnded || rules.state() > 1) return;
    localEnded = true;
    quietly(() => post(END));
  };

  const transport: Transport = {
    name: rules.name,
    get unsent() {
      return waitingBytes + (trusted ? messageBytes() : 0);
    },
    start(to) {
      sink = to;
      if (rules.state() > 1) {
        stopped = true;
        to.failed(new ImsgError("ENOTCONN", { detail: "the socket was closed before" }));
        return;
      }
      socket.binaryType = "arraybuffer";
      for (const [type, listener] of Object.entries(listeners)) {
        socket.addEventListener(type, listener);
      }
      if (callsBack) quietly(() => socket.resume!());
      if (rules.state() === 1) opened();
    },
    send(bytes) {
      if (stopped || dead || localEnded || rules.state() > 1) {
        throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      }
      post(bytes);
      full = !hasRoom();
      if (isOpen()) poll();
      return !full;
    },
    end() {
      sendEnd();
      return new Promise((resolve) => {
        endSent = resolve;
        queueMicrotask(proceed); // which may call the sink
        poll();
      });
    },
    close() {
      if (stopped) {
        // called again: the limit for the closing handshake has passed
        quietly(() => socket.terminate?.());
        return Promise.resolve();
      }
      sendEnd();
      stop();
      shut();
      if (rules.state() === 3) return Promise.resolve();
      poll();
      return new Promise((resolve) => {
        closed = resolve;
      });
    },
    abort(reason) {
      if (stopped && socket.terminate !== undefined) {
        quietly(() => socket.terminate!());
        return;
      }
      stop();
      waiting = [];
      if (rules.state() < 3) quietly(() => rules.breakOff(reason));
    },
  };
  chooseFlow();
  return transport;
}
