import type { Transport, TransportSink } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";

/** The part of Bun's TCP and Unix sockets that is used. */
export interface BunSocket {
  /** What the adapter keeps in the socket. */
  data: unknown;
  /** Writes what fits, and returns how many bytes that was; -1 if it is closed. */
  write(bytes: Uint8Array): number;
  /** Stops and restarts delivery. */
  pause(): void;
  /** See {@link pause}. */
  resume(): void;
  /** Ends the sending side. */
  shutdown(): void;
  /** Closes both sides. */
  end(): unknown;
  /** Closes both sides at once. */
  terminate(): void;
}

/** The callbacks of Bun's sockets, shared by all of a listener. */
export interface BunSocketHandler {
  /** A connection is there. */
  open(socket: BunSocket): void;
  /** Bytes have arrived. */
  data(socket: BunSocket, chunk: Uint8Array): void;
  /** There is room to write again. */
  drain(socket: BunSocket): void;
  /** The peer has ended its side. */
  end(socket: BunSocket): void;
  /** Both sides are closed. */
  close(socket: BunSocket, error?: Error): void;
  /** Something broke; a close follows. */
  error(socket: BunSocket, error: Error): void;
}

/** A {@link Transport} over a Bun socket, whose callbacks call the methods beginning with on. */
export class BunTransport implements Transport {
  readonly #socket: BunSocket;
  readonly #queue: Uint8Array[] = [];
  #queued = 0; // bytes
  #sink: TransportSink | undefined;
  #full = false;
  #ending = false; // our side
  #ended = false;
  #peerEnded = false;
  #closed = false;

  constructor(socket: BunSocket) {
    this.#socket = socket;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
  }

  onData(chunk: Uint8Array): void {
    this.#sink?.received(chunk);
  }

  onDrain(): void {
    this.#write();
    if (!this.#full || this.#sink === undefined) return;
    if (this.#queued >= this.#sink.highWaterMark) return;
    this.#full = false;
    this.#sink.drained();
  }

  onEnd(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    this.#sink?.ended();
    if (this.#ended) this.#socket.end();
  }

  onClose(error: unknown): void {
    this.#closed = true;
    const sink = this.#sink;
    if (error !== undefined && error !== null) sink?.failed(error);
    else this.onEnd(); // Bun has no end event once our side has ended
    if (this.#queue.length > 0) sink?.failed(new ImsgError("EPIPE", { syscall: "imsgbuf_write" }));
  }

  #write(): void {
    for (let bytes = this.#queue[0]; bytes !== undefined; bytes = this.#queue[0]) {
      const written = Math.max(0, this.#socket.write(bytes));
      this.#queued -= written;
      if (written < bytes.length) {
        this.#queue[0] = bytes.subarray(written);
        return;
      }
      this.#queue.shift();
    }
    if (!this.#ending || this.#ended) return;
    this.#ended = true;
    if (this.#peerEnded || this.#sink === undefined) this.#socket.end();
    else this.#socket.shutdown();
  }

  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#closed) throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queue.length === 1) this.#write();
    if (this.#queued >= this.#sink!.highWaterMark) this.#full = true;
    return !this.#full;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#ending = true;
    if (this.#queue.length === 0) this.#write();
  }

  close(): void {
    this.#sink = undefined;
    if (this.#ended) this.#socket.end();
    else this.end();
  }

  abort(): void {
    this.#sink = undefined;
    this.#queue.length = this.#queued = 0;
    this.#socket.terminate();
  }
}
