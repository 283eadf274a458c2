import { Batch } from "../batch/batch.ts";
import type { ImsgMessage, MessageInit } from "../batch/message.ts";
import { type Bytes, checkBytes } from "../module/check.ts";
import { ImsgCodec } from "./codec.ts";
import { type ImsgOptions, resolveOptions } from "./options.ts";

/**
 * A transform stream from byte chunks to messages, as TextDecoderStream is one
 * to strings. The data of each message has a buffer of its own. A large chunk is
 * decoded in parts of at most 65,520 bytes, each when the messages before it
 * have been read. After the messages before it, the stream errors as
 * {@link ImsgCodec.push} and {@link ImsgCodec.end} throw.
 */
export class ImsgDecoderStream {
  /** The stream of messages. */
  readonly readable: ReadableStream<ImsgMessage>;
  /** The stream that takes byte chunks. */
  readonly writable: WritableStream<Bytes>;

  /** Throws EINVAL for bad options, ENOMEM. */
  constructor(options: ImsgOptions = {}) {
    const { engine, ...resolved } = resolveOptions(options);
    const batch = new Batch(engine, resolved);
    let messages: ReadableStreamDefaultController<ImsgMessage>;
    let chunks: WritableStreamDefaultController;
    let pulled = (): void => {};
    let over = false;
    const finish = (): void => {
      over = true;
      batch.dispose();
      pulled();
    };
    const fail = (error: unknown): never => {
      finish();
      messages.error(error);
      throw error;
    };
    const room = async (): Promise<void> => {
      while (!over && messages.desiredSize! <= 0) {
        await new Promise<void>((resolve) => {
          pulled = resolve;
        });
      }
    };
    this.readable = new ReadableStream<ImsgMessage>(
      {
        start: (controller) => {
          messages = controller;
        },
        pull: () => pulled(),
        cancel: (reason) => {
          finish();
          chunks.error(reason);
        },
      },
      { highWaterMark: 1 },
    );
    this.writable = new WritableStream<Bytes>({
      start: (controller) => {
        chunks = controller;
        // abort() itself would wait for a write that waits for the reader
        controller.signal.addEventListener("abort", finish);
      },
      write: async (chunk) => {
        try {
          const bytes = checkBytes(chunk, "imsgbuf_read");
          for (let at = 0; at < bytes.length; ) {
            await room();
            if (over) return;
            at = part(batch, bytes, at, messages);
            if (batch.failed === undefined) continue;
            // an error drops the messages that have not been read
            await room();
            throw batch.failed;
          }
        } catch (error) {
          fail(error);
        }
      },
      close: async () => {
        try {
          const error = batch.end();
          if (error !== undefined) {
            await room();
            throw error;
          }
          if (over) return;
          messages.close();
          finish();
        } catch (error) {
          fail(error);
        }
      },
      abort: (reason) => {
        finish();
        messages.error(reason);
      },
    });
  }
}

/** Decodes one window of a chunk, and returns the position of the rest. */
function part(
  batch: Batch,
  chunk: Uint8Array,
  at: number,
  messages: ReadableStreamDefaultController<ImsgMessage>,
): number {
  const out: ImsgMessage[] = [];
  const next = batch.decodeSome(chunk, at, "none", out);
  for (const message of out) messages.enqueue(message);
  return next;
}

/**
 * A transform stream from messages to byte chunks, one for each message. It
 * errors as {@link ImsgCodec.encode} throws.
 */
export class ImsgEncoderStream {
  /** The stream of byte chunks. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The stream that takes messages. */
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
