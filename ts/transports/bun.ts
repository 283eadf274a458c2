import type { PeerCredentials, Transport, TransportSink } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";
import { CONNECTED } from "./connected-table.ts";
import { transportError } from "./system-error.ts";
import { WriteQueue } from "./write-queue.ts";

/** The part of Bun's TCP and Unix sockets that is used. */
export interface BunSocket {
  /** The adapter keeps its transport in the socket. */
  data: unknown;
  /** The number of the descriptor. */
  readonly fd?: number | undefined;
  /** The port of the peer; undefined on a Unix socket. */
  readonly remotePort?: number | undefined;
  /** Writes what fits, and returns how many bytes that was; -1 if the socket is closed. */
  write(bytes: Uint8Array): number;
  /** Stops and restarts delivery. */
  pause(): void;
  /** See {@link pause}. */
  resume(): void;
  /** Ends the sending side. */
  shutdown(): void;
  /** Closes both sides. */
  end(): unknown;
  /** Closes both sides at once; resets a TCP connection. */
  terminate(): void;
  /** Lets the socket keep the process alive. */
  ref(): void;
  /** Lets the process exit although the socket is open. */
  unref(): void;
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
  /** The connection has an error; a close follows. */
  error(socket: BunSocket, error: Error): void;
}

/**
 * A {@link Transport} over a Bun socket, which the transport owns. The callbacks
 * of the socket call the methods that begin with `on`.
 *
 * `abort` resets a TCP connection; a Unix socket is closed. Bun closes a socket by
 * itself when the peer is gone, also after the peer's half-close, which becomes
 * `hungUp`. While the socket is paused, it does not.
 */
export class BunTransport implements Transport {
  readonly lingers = true;
  readonly name: string;
  /** The process at the other end of a Unix socket, if the caller has set it. */
  peerCredentials: PeerCredentials | undefined;
  readonly #socket: BunSocket;
  readonly #queue: WriteQueue;
  #sink: TransportSink | undefined;
  #peerEnded = false;
  #closed = false; // by Bun
  #released = false;

  constructor(socket: BunSocket) {
    this.#socket = socket;
    this.name = socket.remotePort === undefined ? "Unix socket" : "TCP";
    this.#queue = new WriteQueue({
      write: (bytes) => {
        const written = this.#closed ? -1 : socket.write(bytes);
        if (written !== -1) return written;
        throw new ImsgError("EPIPE", { syscall: "send", detail: "the socket is closed" });
      },
      shutdown: () => {
        // Bun calls `close` from within `end`, which the queue does not expect now
        if (this.#peerEnded) queueMicrotask(() => this.#release(() => socket.end()));
        else socket.shutdown();
      },
      drained: () => this.#sink?.drained(),
      failed: (error) => this.#sink?.sendFailed(error),
    });
  }

  get unsent(): number {
    return this.#queue.unsent;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
  }

  /** Bun's `data`. */
  onData(chunk: Uint8Array): void {
    this.#sink?.received(chunk);
  }

  /** Bun's `drain`. */
  onDrain(): void {
    this.#queue.proceed();
  }

  /** Bun's `end`. */
  onEnd(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    this.#sink?.ended();
    if (this.#queue.ended) this.#release(() => this.#socket.end());
  }

  /** Bun's `error`, and its `close` with or without an error. */
  onClose(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    const sink = this.#sink;
    if (error !== undefined && error !== null) {
      this.#sink = undefined;
      this.#queue.drop();
      sink?.failed(transportError(error, "recv", CONNECTED));
      return;
    }
    // Bun has no end event once our own side has ended
    if (this.#queue.ended) this.onEnd();
    else {
      this.#peerEnded = true;
      this.#queue.proceed(); // if bytes wait, writing them fails and reports it
      queueMicrotask(() => this.#sink?.hungUp());
    }
  }

  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    return this.#queue.send(bytes, undefined, this.#sink!.highWaterMark);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): Promise<void> {
    return this.#queue.end();
  }

  async close(): Promise<void> {
    this.#sink = undefined;
    // a peer that cannot send does not read either: bytes are discarded until the close
    if (!this.#queue.over) {
      this.#socket.resume();
      await this.#queue.end();
    }
    this.#release(() => this.#socket.end());
  }

  abort(): void {
    this.#sink = undefined;
    this.#queue.drop();
    this.#release(() => this.#socket.terminate());
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #release(close: () => void): void {
    if (this.#released || this.#closed) return;
    this.#released = true;
    close();
  }
}
