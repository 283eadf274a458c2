import { Batch } from "../batch/batch.ts";
import type { ImsgMessage, MessageInit } from "../batch/message.ts";
import { type Bytes, checkBytes } from "../module/check.ts";
import { ImsgCodec } from "./codec.ts";
import { type ImsgOptions, resolveOptions } from "./options.ts";

/**
 * Resolves to true when the reader has read all earlier results, or to false if the streams are over.
 * With an error, rejects with it at that time: an error of the stream drops results that are unread.
 */
type Room = (error?: unknown) => Promise<boolean>;

/**
 * Makes a readable and a writable stream. `write` turns a chunk into results. When no chunk follows,
 * the object's end() returns or throws an error if bytes of a message are missing. An error ends both
 * streams. The object is disposed whichever way they end. A TransformStream cannot dispose
 * the object: Node 20 does not notify its transformer of cancel() and abort().
 */
function pair<In, Out>(
  object: { dispose(): void; end(): unknown },
  write: (chunk: In, room: Room, enqueue: (result: Out) => void) => Promise<void>,
): { readable: ReadableStream<Out>; writable: WritableStream<In> } {
  let results: ReadableStreamDefaultController<Out>;
  let chunks: WritableStreamDefaultController;
  let pulled = (): void => {};
  let over = false;
  const finish = (): void => {
    over = true;
    object.dispose();
    pulled();
  };
  const room: Room = async (error) => {
    while (!over && results.desiredSize! <= 0) {
      await new Promise<void>((resolve) => {
        pulled = resolve;
      });
    }
    if (error) throw error;
    return !over;
  };
  const end = async (): Promise<void> => {
    const error = object.end();
    if (error) await room(error);
  };
  const attempt = async (step: Promise<void> | undefined): Promise<void> => {
    try {
      await step;
    } catch (error) {
      finish();
      results.error(error);
      throw error;
    }
  };
  return {
    // room() needs the default high-water mark, 1
    readable: new ReadableStream<Out>({
      start: (controller) => {
        results = controller;
      },
      pull: () => pulled(),
      cancel: (reason) => {
        finish();
        chunks.error(reason);
      },
    }),
    writable: new WritableStream<In>({
      start: (controller) => {
        chunks = controller;
        // abort() itself would wait for a write that waits for the reader
        controller.signal.addEventListener("abort", finish);
      },
      write: (chunk) => attempt(write(chunk, room, (result) => results.enqueue(result))),
      close: async () => {
        await attempt(end());
        if (over) return;
        results.close();
        finish();
      },
      abort: (reason) => results.error(reason),
    }),
  };
}

/**
 * A transform stream from byte chunks to messages, as TextDecoderStream is one
 * to strings. The data of each message has a buffer of its own. A large chunk is
 * decoded in parts of at most 65,520 bytes, each when the messages before it
 * have been read. After the messages before it, the stream errors as
 * {@link ImsgCodec.push} and {@link ImsgCodec.end} throw.
 */
export class ImsgDecoderStream {
  /** The stream of messages. */
  declare readonly readable: ReadableStream<ImsgMessage>;
  /** The stream that takes byte chunks. */
  declare readonly writable: WritableStream<Bytes>;

  /** Throws EINVAL for bad options, ENOMEM. */
  constructor(options: ImsgOptions = {}) {
    const batch = new Batch(resolveOptions(options));
    const streams = pair<Bytes, ImsgMessage>(batch, async (chunk, room, enqueue) => {
      const bytes = checkBytes(chunk, "imsgbuf_read");
      let at = 0;
      while ((at < bytes.length || batch.failed) && (await room(batch.failed))) {
        const messages: ImsgMessage[] = [];
        at = batch.decodeSome(bytes, at, "none", messages);
        messages.forEach(enqueue);
      }
    });
    Object.assign(this, streams);
  }
}

/**
 * A transform stream from messages to byte chunks, one for each message. It
 * errors as {@link ImsgCodec.encode} throws.
 */
export class ImsgEncoderStream {
  /** The stream of byte chunks. */
  declare readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The stream that takes messages. */
  declare readonly writable: WritableStream<MessageInit>;

  /** Throws EINVAL for bad options, ENOMEM. */
  constructor(options: ImsgOptions = {}) {
    const codec = new ImsgCodec(options);
    const streams = pair<MessageInit, Uint8Array<ArrayBuffer>>(
      codec,
      async (message, room, enqueue) => {
        if (await room()) enqueue(codec.encode(message));
      },
    );
    Object.assign(this, streams);
  }
}
