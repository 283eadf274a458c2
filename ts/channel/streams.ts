import type { ImsgMessage, MessageInit } from "../batch/message.ts";
import type { Bytes } from "../module/check.ts";
import { checkBytes } from "../module/check.ts";
import { ImsgCodec } from "./codec.ts";
import type { ImsgOptions } from "./options.ts";
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

/**
 * Turns byte chunks into messages, like TextDecoderStream turns them into
 * strings. A message's data is a buffer of its own, or most of the chunk it
 * came in. Errors as {@link ImsgCodec.push} and {@link ImsgCodec.end} throw
 * them, after the messages before them.
 */
export class ImsgDecoderStream {
  /** The messages. */
  readonly readable: ReadableStream<ImsgMessage>;
  /** Takes the chunks. */
  readonly writable: WritableStream<Bytes>;

  /** Throws EINVAL for bad options, ENOMEM. */
  constructor(options: ImsgOptions = {}) {
    const codec = new ImsgCodec({ ...options, copy: true });
    const { readable, writable } = new TransformStream<Bytes, ImsgMessage>({
      transform(chunk, controller) {
        try {
          for (const message of codec.push(chunk)) controller.enqueue(message);
        } catch (error) {
          codec.dispose();
          throw error;
        }
      },
      flush() {
        try {
          codec.end();
        } finally {
          codec.dispose();
        }
      },
    });
    this.readable = readable;
    this.writable = writable;
  }
}

/** Turns messages into byte chunks, one for each message. Errors as {@link ImsgCodec.encode} throws them. */
export class ImsgEncoderStream {
  /** The chunks. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Takes the messages. */
  readonly writable: WritableStream<MessageInit>;

  /** Throws EINVAL for bad options, ENOMEM. */
  constructor(options: ImsgOptions = {}) {
    const codec = new ImsgCodec(options);
    const { readable, writable } = new TransformStream<MessageInit, Uint8Array<ArrayBuffer>>({
      transform(message, controller) {
        try {
          controller.enqueue(codec.encode(message));
        } catch (error) {
          codec.dispose();
          throw error;
        }
      },
      flush() {
        codec.dispose();
      },
    });
    this.readable = readable;
    this.writable = writable;
  }
}
