import { Batch } from "../batch/batch.ts";
import { checkMessage, type ImsgMessage, type MessageInit } from "../batch/message.ts";
import { HEADER_SIZE } from "../module/abi.ts";
import type { Bytes } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";
import { type ImsgOptions, resolveOptions } from "./options.ts";

/** Options of an {@link ImsgCodec}. */
export interface CodecOptions extends ImsgOptions {
  /**
   * Whether each message gets an ArrayBuffer of its own. If not, its data may
   * alias the chunk that was pushed, which must not be changed afterwards.
   */
  copy?: boolean;
}

/** What {@link ImsgCodec.encodeInto} has done. */
export interface EncodeIntoResult {
  /** How many of the messages are in the buffer. */
  read: number;
  /** How many bytes of the buffer they have taken. */
  written: number;
}

/** How many bytes may be queued before encodeInto writes them: what a window can take. */
const FLUSH = 49152;

/** Bytes that a message will have, if its data is what it should be. */
function lengthOf(data: MessageInit["data"]): number {
  // what is no bytes has no length here; it is refused later
  const pieces = (Array.isArray(data) ? data : [data]) as (Bytes | null)[];
  return pieces.reduce((sum, piece) => sum + (piece?.byteLength ?? 0), HEADER_SIZE);
}

/**
 * Bytes to messages and messages to bytes, without any I/O.
 *
 * The bytes go through the original's `imsgbuf_read` and `imsgbuf_write`. A
 * codec holds a little of the module's memory until it is disposed.
 */
export class ImsgCodec {
  readonly #batch: Batch;
  readonly #copy: boolean;
  readonly #maxSize: number;
  #failed: ImsgError | undefined;
  #ended = false;
  #busy = false;

  /** Throws EINVAL for a maxSize below 16 or above 0x7fffffff, ENOMEM. */
  constructor(options: CodecOptions = {}) {
    const { engine, ...resolved } = resolveOptions(options);
    this.#batch = new Batch(engine, resolved);
    this.#copy = options.copy === true;
    this.#maxSize = resolved.maxSize;
  }

  /**
   * The messages that a chunk completes, in order. `imsgbuf_read`, `imsg_get`.
   *
   * Without `copy`, their data may alias the chunk, which is the codec's from
   * then on. A SharedArrayBuffer's bytes are copied first. Throws ERANGE for a
   * bad length in a header, at once if no good message came before it in the
   * chunk, else from the next call on, and then always; ENOMEM likewise; EINVAL
   * for what is no bytes; ERR_IMSG_CLOSED after {@link end}; ERR_IMSG_DISPOSED.
   */
  push(chunk: Bytes): ImsgMessage[] {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#ended) {
      const detail = "the codec was told so";
      throw new ImsgError("ERR_IMSG_CLOSED", { syscall: "imsgbuf_read", detail });
    }
    const messages: ImsgMessage[] = [];
    const error = this.#batch.decode(chunk, this.#copy ? "none" : "chunk", messages);
    if (error !== undefined) {
      this.#failed = error;
      if (messages.length === 0) throw error;
    }
    return messages;
  }

  /**
   * Tells that no more bytes will come. Throws ERR_IMSG_TRUNCATED inside a
   * message, and what push would throw. Idempotent otherwise.
   */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#ended) return;
    this.#failed = this.#batch.end();
    this.#ended = true;
    if (this.#failed !== undefined) throw this.#failed;
  }

  /**
   * The bytes of one message, in a buffer of their own. `imsg_compose`,
   * `imsgbuf_write`. Throws ERANGE if it is too large, EINVAL, ENOMEM;
   * ERR_IMSG_REENTRANT while messages of this codec are being read to be encoded.
   */
  encode(message: MessageInit): Uint8Array<ArrayBuffer> {
    return this.encodeAll([message]);
  }

  /** The bytes of several messages, one after the other. Throws as {@link encode}. */
  encodeAll(messages: Iterable<MessageInit>): Uint8Array<ArrayBuffer> {
    return this.#alone(() => {
      let queued = 0;
      for (const message of messages) queued += this.#batch.compose(checkMessage(message));
      const all = new Uint8Array(queued);
      if (queued > 0) this.#batch.flushInto(all, 0);
      return all;
    });
  }

  /**
   * Writes the bytes of several messages into the caller's buffer: as many of
   * the first messages as fit whole. Tells how many were read, and how many
   * bytes were written. Nothing is allocated. Throws as {@link encode}; what the
   * buffer holds then is not defined.
   */
  encodeInto(messages: readonly MessageInit[], into: Uint8Array): EncodeIntoResult {
    const batch = this.#batch;
    return this.#alone(() => {
      if (!(into instanceof Uint8Array)) throw new ImsgError("EINVAL", { syscall: "imsg_compose" });
      const room = into.length;
      let read = 0;
      let written = 0;
      let queued = 0;
      for (; read < messages.length; read++) {
        const message = checkMessage(messages[read]!);
        const left = room - written - queued;
        if (left < this.#maxSize && lengthOf(message.data) > left) break;
        queued += batch.compose(message);
        if (queued < FLUSH) continue;
        written += batch.flushInto(into, written);
        queued = 0;
      }
      if (queued > 0) written += batch.flushInto(into, written);
      return { read, written };
    });
  }

  /** Encodes with nobody else in between; of what fails, nothing stays behind. */
  #alone<T>(run: () => T): T {
    if (this.#busy) throw new ImsgError("ERR_IMSG_REENTRANT", { syscall: "imsg_compose" });
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
