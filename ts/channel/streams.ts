import { checkBytes } from "../module/check.ts";
import type { Transport, TransportSink } from "./transport.ts";

/** A pair of byte streams: what most of the web's connections are. */
export interface StreamPair {
  /** What the peer sends. */
  readable: ReadableStream<Uint8Array>;
  /** What the peer receives. */
  writable: WritableStream<Uint8Array<ArrayBuffer>>;
}

/** A {@link Transport} over a pair of byte streams, which it locks. */
export function streamTransport({ readable, writable }: StreamPair): Transport {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let writing = 0; // bytes
  let full = false;
  let paused = false;
  let stopped = false;
  let resume: (() => void) | undefined;
  let sink: TransportSink;

  const receive = async (): Promise<void> => {
    try {
      while (!stopped) {
        if (paused) {
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
          continue;
        }
        const { done, value } = await reader.read();
        if (stopped) return;
        if (done) {
          sink.ended();
          return;
        }
        sink.received(checkBytes(value, "imsgbuf_read"));
      }
    } catch (error) {
      if (!stopped) sink.failed(error);
    }
  };
  const stop = (): void => {
    stopped = true;
    resume?.();
  };
  const failed = (error: unknown): void => {
    if (!stopped) sink.failed(error);
  };
  const ignore = (): void => {};

  return {
    start(to) {
      sink = to;
      // a peer that reads no more is an error of those who send, as on sockets:
      // what it has sent before is still to be received
      writer.closed.catch(ignore);
      void receive();
    },
    send(bytes) {
      const { length } = bytes; // 0 once the stream has transferred them
      writing += length;
      // streams count as they like, most in chunks, and some always have room
      if (writing >= sink.highWaterMark) full = true;
      writer.write(bytes).then(() => {
        writing -= length;
        if (!full || writing >= sink.highWaterMark) return;
        full = false;
        sink.drained();
      }, failed);
      return !full;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      resume?.();
    },
    end() {
      writer.close().catch(failed);
    },
    close() {
      stop();
      writer.close().catch(ignore);
      reader.cancel().catch(ignore);
    },
    abort(reason) {
      stop();
      writer.abort(reason).catch(ignore);
      reader.cancel(reason).catch(ignore);
    },
  };
}
