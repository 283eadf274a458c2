import type { ImsgMessage, MessageInit } from "../batch/message.ts";
import type { Bytes } from "../module/check.ts";
import { ImsgCodec } from "./codec.ts";
import type { ImsgOptions } from "./options.ts";

/**
 * A transform stream from byte chunks to messages, as TextDecoderStream is one
 * to strings. The data of each message has a buffer of its own. After the
 * messages before it, the stream errors as {@link ImsgCodec.push} and
 * {@link ImsgCodec.end} throw.
 */
export class ImsgDecoderStream {
  /** The stream of messages. */
  readonly readable: ReadableStream<ImsgMessage>;
  /** The stream that takes byte chunks. */
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
