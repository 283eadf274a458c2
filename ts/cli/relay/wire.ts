import type { OnReadOpts, Socket } from "node:net";
import { SLICE } from "./buffers.ts";

/** The events of a {@link Wire}. `ended` and `failed` are the last. */
export interface WireSink {
  /** Bytes have arrived. They belong to the sink, unless the wire {@link Wire.lends} them. */
  received(bytes: Buffer<ArrayBuffer>): void;
  /** The peer has ended its side. */
  ended(): void;
  /** Both sides are dead, after the bytes that have arrived. */
  failed(error: unknown): void;
  /**
   * The peer sends although it was asked to stop, or after its end: both sides are dead at once, since
   * the bytes that have arrived may never pass.
   */
  broken(error: unknown): void;
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

/** Reports to the sink of a wire when there is room again. */
export class Room {
  sink: WireSink | undefined;
  #full = false;
  readonly #hasRoom: () => boolean;

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Call it after a write. Returns whether there is room for more. */
  get left(): boolean {
    this.#full = !this.#hasRoom();
    return !this.#full;
  }

  /** The callback of each write. */
  readonly sent = (error?: Error | null): void => {
    if (error == null) this.proceed();
  };

  /** There may be room again. */
  proceed(): void {
    if (!this.#full || !this.#hasRoom()) return;
    this.#full = false;
    this.sink?.drained();
  }

  /** The callback of a write whose bytes are released. */
  sentAnd(release: (() => void) | undefined): (error?: Error | null) => void {
    if (release === undefined) return this.sent;
    return (error) => {
      release();
      this.sent(error);
    };
  }
}

/** The buffer into which all sockets read: the bytes are decoded or copied before the next read. */
const READ = Buffer.allocUnsafeSlow(SLICE);

/** The option `onread` of a socket that reads into one buffer for all, and passes the bytes to its wire. */
export class SharedReads implements OnReadOpts {
  readonly buffer = READ;
  sink: WireSink | undefined;

  readonly callback = (count: number): boolean => {
    this.sink?.received(READ.subarray(0, count));
    return true;
  };
}

/**
 * A wire over a socket that allows half-closed connections. `reads` is the socket's option
 * `onread`, if it has one.
 */
export function socketWire(socket: Socket, reads?: SharedReads): Wire {
  const room = new Room(() => socket.writableLength <= MARK);
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
