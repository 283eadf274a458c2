import type { OnReadOpts, Socket } from "node:net";
import { WebSocket } from "ws";
import { printable } from "../status.ts";
import { SLICE } from "./buffers.ts";
import { CloseCode, Closing } from "./closing.ts";

/** What a {@link Wire} reports. Nothing follows `ended` or `failed`. */
export interface WireSink {
  /** Bytes have arrived. They belong to the sink, unless the wire {@link Wire.lends} them. */
  received(bytes: Buffer<ArrayBuffer>): void;
  /** The peer has ended its side. */
  ended(): void;
  /** Both sides are dead. */
  failed(error: unknown): void;
  /** There is room again after a `write` that returned false. */
  drained(): void;
}

/**
 * A byte stream in both directions with backpressure: a socket or a WebSocket.
 * The relay needs less than a channel's transport does, and moves whole chunks.
 */
export interface Wire {
  /** Starts to deliver. Called once. */
  start(sink: WireSink): void;
  /** Whether bytes that arrive are only valid until `received` returns. */
  readonly lends: boolean;
  /**
   * Queues bytes. Returns false when more than {@link MARK} bytes wait. Calls
   * `release` when nothing reads the bytes any more.
   */
  write(bytes: Buffer, release?: () => void): boolean;
  pause(): void;
  resume(): void;
  /** Ends the sending side after everything that was written. */
  end(): void;
  /** Stops the reports. What arrives later is discarded. */
  stop(): void;
  /** Breaks off both sides now. */
  destroy(): void;
  /** Resolves when both sides are closed. */
  readonly closed: Promise<void>;
}

/** Bytes that may wait in a wire before its writer has to. */
export const MARK = 131072;

/** Counts what waits in a wire, and reports when there is room again. */
class Room {
  sink: WireSink | undefined;
  #full = false;
  readonly #waiting: () => number;

  constructor(waiting: () => number) {
    this.#waiting = waiting;
  }

  /** Call it after a write. Returns whether there is room for more. */
  get left(): boolean {
    this.#full = this.#waiting() > MARK;
    return !this.#full;
  }

  /** The callback of each write. */
  readonly sent = (error?: Error | null): void => {
    if (!this.#full || error != null || this.#waiting() > MARK) return;
    this.#full = false;
    this.sink?.drained();
  };

  /** The callback of a write whose bytes are released. */
  sentAnd(release: (() => void) | undefined): (error?: Error | null) => void {
    if (release === undefined) return this.sent;
    return (error) => {
      release();
      this.sent(error);
    };
  }
}

/** Where sockets read to, one after the other: the bytes are decoded or copied before the next read. */
const READ = Buffer.allocUnsafeSlow(SLICE);

/** The option `onread` of a socket that reads into one buffer for all, and gives the bytes to its wire. */
export class SharedReads implements OnReadOpts {
  readonly buffer = READ;
  sink: WireSink | undefined;

  readonly callback = (count: number): boolean => {
    this.sink?.received(READ.subarray(0, count));
    return true;
  };
}

/**
 * A wire over a socket that allows half-closed connections; with the reads that
 * are its option `onread`, if it has one.
 */
export function socketWire(socket: Socket, reads?: SharedReads): Wire {
  const room = new Room(() => socket.writableLength);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let over = false;
  const end = (): void => {
    over = true;
    room.sink?.ended();
  };
  socket.on("error", (error) => {
    if (!over) room.sink?.failed(error);
    over = true;
  });
  return {
    closed,
    lends: reads !== undefined,
    start(to) {
      room.sink = to;
      if (reads === undefined)
        socket.on("data", (bytes: Buffer<ArrayBuffer>) => room.sink?.received(bytes));
      else reads.sink = to;
      socket.once("end", end);
      socket.once("close", () => {
        if (!over) end();
      });
      socket.resume();
    },
    write(bytes, release) {
      socket.write(bytes, room.sentAnd(release));
      return room.left;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    stop() {
      room.sink = undefined;
      if (reads !== undefined) reads.sink = undefined;
      socket.resume();
    },
    destroy: () => void socket.destroy(),
  };
}

/** Close codes of a peer that has ended without an error: normal, going away, none given. */
const CLEAN = new Set([1000, 1001, 1005]);

/**
 * A wire over a WebSocket of the library ws. Binary frames carry the bytes, cut
 * anywhere. An empty frame ends a side. Frames that are written have at most
 * `longest` bytes.
 */
export function webSocketWire(socket: WebSocket, longest = 1 << 20): Wire {
  const room = new Room(() => socket.bufferedAmount);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let over = false;
  const fail = (error: unknown): void => {
    if (!over) room.sink?.failed(error);
    over = true;
  };
  const end = (): void => {
    if (!over) room.sink?.ended();
    over = true;
  };
  const message = (bytes: Buffer<ArrayBuffer>, isBinary: boolean): void => {
    if (!isBinary) fail(new Closing(CloseCode.unsupported, "text frames are no imsgs"));
    else if (bytes.length === 0) end();
    else if (!over) room.sink?.received(bytes);
    // the side is half-closed: what follows has no place
    else room.sink?.failed(new Closing(CloseCode.badData, "bytes came after the end"));
  };
  socket.on("error", fail);
  return {
    closed,
    lends: false,
    start(to) {
      room.sink = to;
      socket.binaryType = "nodebuffer";
      socket.on("message", message);
      socket.once("close", (code: number, reason: Buffer) => {
        if (CLEAN.has(code)) return end();
        const text = printable(reason.toString());
        const cut = "the WebSocket was cut off";
        fail(new Closing(code, code === 1006 ? cut : `the WebSocket was closed: ${code} ${text}`));
      });
      socket.resume();
    },
    write(bytes, release) {
      if (socket.readyState !== WebSocket.OPEN) {
        release?.();
        return true; // its close is under way
      }
      let at = 0;
      for (; at + longest < bytes.length; at += longest) {
        socket.send(bytes.subarray(at, at + longest), room.sent);
      }
      // frames are sent in order: the last one releases all
      socket.send(at === 0 ? bytes : bytes.subarray(at), room.sentAnd(release));
      return room.left;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(0), () => {});
    },
    stop() {
      room.sink = undefined;
      socket.resume(); // a paused WebSocket never sees the closing handshake
    },
    destroy: () => socket.terminate(),
  };
}
