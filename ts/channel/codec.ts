import { Batch } from "../batch/batch.ts";
import { type ImsgMessage, type MessageInit, readMessage } from "../batch/message.ts";
import { HEADER_SIZE } from "../module/abi.ts";
import {
  type Bytes,
  checkIterable,
  checkMessage,
  checkSize,
  checkTarget,
} from "../module/check.ts";
import { closedError, failure, fieldsOf, invalid } from "../module/error.ts";
import { withMemory } from "../module/memory.ts";
import { FLUSH } from "./limits.ts";
import { type ImsgOptions, resolveOptions } from "./options.ts";

/** Options of an {@link ImsgCodec}. */
export interface CodecOptions extends ImsgOptions {
  /**
   * Whether the data of each message has an ArrayBuffer of its own; false if
   * absent. Otherwise the data may alias the chunk that was pushed, and the
   * chunk must not be changed afterwards.
   */
  copy?: boolean | undefined;
}

/** The result of {@link ImsgCodec.encodeInto}. */
export interface EncodeIntoResult {
  /** How many of the messages are in the buffer. */
  read: number;
  /** Bytes of the buffer that they take. */
  written: number;
}

/** The result of {@link ImsgCodec.pushPart}. */
export interface PushPartResult {
  /** The messages that the part completes, at most 4,095. */
  messages: ImsgMessage[];
  /** The position of the rest of the chunk; the length of the chunk if there is none. */
  read: number;
}

/**
 * Bytes to messages and messages to bytes, without any I/O.
 *
 * The bytes go through the original's `imsgbuf_read` and `imsgbuf_write`. A
 * codec holds a little of the module's memory until it is disposed.
 *
 * @example
 * const codec = new ImsgCodec();
 * const bytes = codec.encode({ type: 1, data: new Uint8Array([1, 2, 3]) });
 * for (const { type, data } of codec.push(bytes)) console.log(type, data);
 * codec.dispose();
 */
export class ImsgCodec {
  readonly #batch: Batch;
  readonly #copy: boolean;
  readonly #maxSize: number;
  #ended = false;
  #busy = false;

  /** Throws EINVAL for bad options (a maxSize below 16 or above 0x7fffffff), ENOMEM. */
  constructor(options: CodecOptions = {}) {
    const resolved = resolveOptions(options);
    this.#copy = options.copy === true;
    this.#batch = new Batch(resolved);
    this.#maxSize = resolved.maxSize;
  }

  /**
   * Decodes a chunk and returns the messages that it completes, in order.
   * `imsgbuf_read`, `imsg_get`.
   *
   * Without the option `copy` their data may alias the chunk, which belongs to
   * the codec from then on, or share a buffer of at most 64 KiB with other
   * messages that began in an earlier chunk. A SharedArrayBuffer and a resizable buffer are
   * copied first.
   *
   * Throws ERANGE for a bad length in a header and ENOMEM, both at once if no
   * good message came before it in the chunk, else from the next call on, and
   * at every call after that; EINVAL for what is no bytes; ERR_IMSG_CLOSED
   * after {@link end}; ERR_IMSG_DISPOSED.
   */
  push(chunk: Bytes): ImsgMessage[] {
    this.#checkOpen();
    const messages: ImsgMessage[] = [];
    this.#batch.decode(chunk, this.#copy ? "none" : "chunk", messages);
    return this.#checked(messages);
  }

  /**
   * Decodes a part of a chunk: at most 65,520 bytes from position `from` on. It
   * bounds the messages and the time that one call takes, whatever the size of
   * the chunk. Decode each chunk to its end before the next one. Throws as
   * {@link push}, EINVAL if `from` is beyond the chunk.
   *
   * @example
   * for (let at = 0; at < chunk.length; ) {
   *   const { messages, read } = codec.pushPart(chunk, at);
   *   await handle(messages);
   *   at = read;
   * }
   */
  pushPart(chunk: Bytes, from = 0): PushPartResult {
    this.#checkOpen();
    const at = checkSize(from, "from", "imsgbuf_read");
    const messages: ImsgMessage[] = [];
    const sharing = this.#copy ? "none" : "chunk";
    const read = this.#batch.decodeSome(chunk, at, sharing, messages);
    return { messages: this.#checked(messages), read };
  }

  #checkOpen(): void {
    this.#checked([]);
    if (this.#ended) throw closedError("imsgbuf_read", "end() was called");
  }

  /** Returns messages, or throws the error of the input if there are none before it. */
  #checked(messages: ImsgMessage[]): ImsgMessage[] {
    const { failed } = this.#batch;
    if (failed !== undefined && messages.length === 0) throw failed;
    return messages;
  }

  /**
   * Ends the input: no chunk will follow. Throws ERR_IMSG_TRUNCATED inside a
   * message, and what push would throw. Idempotent otherwise.
   */
  end(): void {
    this.#checked([]);
    if (this.#ended) return;
    this.#batch.end();
    this.#ended = true;
    this.#checked([]);
  }

  /**
   * Returns the bytes of one message, in a buffer of their own. `imsg_compose`,
   * `imsgbuf_write`. Throws ERANGE if the message is too large, EINVAL, ENOMEM;
   * ERR_IMSG_REENTRANT while the codec reads messages that it is encoding.
   */
  encode(message: MessageInit): Uint8Array<ArrayBuffer> {
    return this.encodeAll([message]);
  }

  /** Returns the bytes of several messages, one after the other. Throws as {@link encode}. */
  encodeAll(messages: Iterable<MessageInit>): Uint8Array<ArrayBuffer> {
    return this.#alone(() => {
      const list = checkIterable(messages, "imsg_compose");
      let queued = 0;
      for (const message of list) queued += this.#batch.compose(checkMessage(message));
      const all = withMemory(() => new Uint8Array(queued));
      if (queued > 0) this.#batch.flushInto(all, 0);
      return all;
    });
  }

  /**
   * Writes the bytes of several messages into the caller's buffer: as many of
   * the first messages as fit whole. Returns how many were read and how many
   * bytes were written. Allocates no buffer. Throws as {@link encode}; the
   * contents of the buffer are undefined then.
   */
  encodeInto(messages: readonly MessageInit[], into: Uint8Array): EncodeIntoResult {
    return this.#alone(() => {
      const target = checkTarget(into, "imsg_compose");
      if (!Array.isArray(fieldsOf(messages)))
        throw invalid("imsg_compose", "messages must be an array");
      return this.#encodeInto(messages, target);
    });
  }

  #encodeInto(messages: readonly MessageInit[], into: Uint8Array): EncodeIntoResult {
    const batch = this.#batch;
    const room = into.length;
    const { length } = messages;
    let read = 0;
    let written = 0;
    let queued = 0;
    // as long as no more bytes are queued than this, the next message fits the buffer and the window
    let plenty = -1;
    for (; read < length; read++) {
      let message = checkMessage(messages[read]!);
      if (queued > plenty) {
        if (queued > FLUSH) {
          written += batch.flushInto(into, written);
          queued = 0;
        }
        plenty = Math.min(FLUSH, room - written - this.#maxSize);
        if (queued > plenty) {
          // it may not fit: read it once, so that its length is that of the bytes to be written
          message = readMessage(message);
          if (lengthOf(message) > room - written - queued) break;
        }
      }
      queued += batch.compose(message);
    }
    if (queued > 0) written += batch.flushInto(into, written);
    return { read, written };
  }

  /** Encodes while no other call encodes with this codec. If that fails, drops everything that is queued. */
  #alone<T>(run: () => T): T {
    if (this.#busy) throw failure("ERR_IMSG_REENTRANT", "imsg_compose");
    this.#busy = true;
    try {
      return run();
    } catch (error) {
      this.#batch.discard();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Frees the module's memory. Idempotent. */
  dispose(): void {
    this.#batch.dispose();
  }

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Bytes of a message that readMessage returned. */
function lengthOf({ data }: MessageInit): number {
  return (data as readonly Uint8Array[]).reduce((sum, { length }) => sum + length, HEADER_SIZE);
}
