import type { Transport, TransportSink } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";

/** The part of a `Deno.Conn` that is used: a Unix, TCP or TLS connection. */
export interface DenoConn {
  /** Reads into the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the sending side. */
  closeWrite(): Promise<void>;
  /** Closes both sides. */
  close(): void;
}

/** The size of the buffer that is read into, which only lives while the channel does. */
const READ = 65536;

/** A {@link Transport} over a Deno connection. */
export function denoTransport(conn: DenoConn): Transport {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let full = false;
  let writing = false;
  let ending = false; // our side
  let ended = false;
  let peerEnded = false;
  let stopped = false; // nothing is delivered any more
  let over = false;
  let paused = false;
  let wake: (() => void) | undefined;
  let sink: TransportSink;

  const release = (): void => {
    if (over) return;
    over = true;
    conn.close();
  };
  const failed = (error: unknown): void => {
    if (stopped) release();
    else if (!over) sink.failed(error);
  };
  const receive = async (): Promise<void> => {
    const buffer = new Uint8Array(READ);
    try {
      while (!stopped) {
        if (paused) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const length = await conn.read(buffer);
        if (stopped) return;
        if (length === null) {
          peerEnded = true;
          sink.ended();
          if (ended) release();
          return;
        }
        sink.received(buffer.slice(0, length));
      }
    } catch (error) {
      if (!stopped) failed(error);
    }
  };
  const write = async (): Promise<void> => {
    writing = true;
    try {
      for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) {
        for (let at = 0; at < bytes.length && !over; ) at += await conn.write(bytes.subarray(at));
        if (over) return;
        queued -= bytes.length;
        if (full && queued < sink.highWaterMark) {
          full = false;
          if (!stopped) sink.drained();
        }
      }
      writing = false;
      if (!ending || ended) return;
      ended = true;
      await conn.closeWrite();
      if (peerEnded || stopped) release();
    } catch (error) {
      failed(error);
    }
  };

  return {
    start(to) {
      sink = to;
      void receive();
    },
    send(bytes) {
      if (over) throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      queue.push(bytes);
      queued += bytes.length;
      if (!writing) void write();
      if (queued >= sink.highWaterMark) full = true;
      return !full;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      wake?.();
    },
    end() {
      ending = true;
      if (!writing) void write();
    },
    close() {
      stopped = true;
      wake?.();
      if (ended) release();
      else this.end();
    },
    abort() {
      stopped = true;
      wake?.();
      release();
    },
  };
}
