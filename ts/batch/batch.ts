import {
  BATCH_CLASSIC,
  BATCH_FDPASS,
  HEADER_SIZE,
  LARGEST_MAX_SIZE,
  type Pointer,
} from "../module/abi.ts";
import { type Bytes, checkPid, checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import type { ImsgError } from "../module/error.ts";
import { invalid } from "../module/error.ts";
import { Owner } from "../module/live.ts";
import { Decoder, type Dialect, type Sharing } from "./decoder.ts";
import { Encoder, type Piece } from "./encoder.ts";
import type { ImsgMessage, MessageInit } from "./message.ts";

export type { Dialect, Sharing } from "./decoder.ts";
export type { Piece } from "./encoder.ts";

/** Options of a batch. */
export interface BatchOptions {
  /** The longest message in bytes, header included. */
  maxSize: number;
  /** The pid of messages that are composed without one; 0: the pid of the process. */
  pid: number;
  /** Whether descriptors pass. */
  fdpass?: boolean | undefined;
  /** How the peer writes headers; "current" if absent. */
  dialect?: Dialect | undefined;
}

/** Opens C's struct batch. Throws EINVAL for a bad maxSize or pid, ENOMEM. */
export function openBatch(
  engine: Engine,
  { maxSize, pid, fdpass, dialect }: BatchOptions,
): Pointer {
  const pointer = engine.call.batch_open(
    checkSize(maxSize, "maxSize", "imsgbuf_set_maxsize"),
    checkPid(pid, "imsgbuf_init"),
    (fdpass ? BATCH_FDPASS : 0) | (dialect === "classic" ? BATCH_CLASSIC : 0),
  );
  if (pointer !== 0) return pointer;
  const error = engine.failure("imsgbuf_init");
  if (error.code !== "EINVAL") throw error;
  const detail = `maxSize must be ${HEADER_SIZE} to ${LARGEST_MAX_SIZE}, not ${maxSize}`;
  throw invalid("imsgbuf_set_maxsize", detail);
}

/**
 * An imsgbuf for codecs and channels: chunks in and messages out, messages in
 * and bytes out, many per call into the module. It owns C's struct batch; a
 * {@link Decoder} and an {@link Encoder} do the work.
 */
export class Batch extends Owner {
  readonly #decoder: Decoder;
  readonly #encoder: Encoder;

  /** Throws EINVAL for a bad maxSize or pid, ENOMEM. */
  constructor(options: BatchOptions & { engine: Engine }) {
    const { engine, dialect, maxSize } = options;
    const pointer = openBatch(engine, options);
    super(engine, "batch", pointer, (e) => e.exports.batch_close(pointer));
    this.#decoder = new Decoder(this, dialect, maxSize);
    this.#encoder = new Encoder(this, maxSize);
  }

  /**
   * Adds the messages that a chunk completes to `out`. Returns the error of a
   * bad header behind them, which is final: later calls return it again. Throws
   * EINVAL if the chunk is no bytes.
   */
  decode(chunk: Bytes, sharing: Sharing, out: ImsgMessage[]): ImsgError | undefined {
    return this.#decoder.decode(chunk, sharing, out);
  }

  /**
   * Decodes one window (at most 65,520 bytes, so at most 4,095 messages) of a
   * chunk from position `from` on, and returns the position of the rest. The
   * whole chunk has been decoded when that is the chunk's length, or when
   * {@link failed} is set. A descriptor that came with the chunk belongs to the
   * first window, and to the original from then on, which passes or closes it.
   * For the rest see {@link decode}.
   */
  decodeSome(chunk: Bytes, from: number, sharing: Sharing, out: ImsgMessage[], fd = -1): number {
    return this.#decoder.decodeSome(chunk, from, sharing, out, fd);
  }

  /** The error of a bad header or of a cut message, after which nothing can be decoded any more. */
  get failed(): ImsgError | undefined {
    return this.#decoder.failed;
  }

  /**
   * Keeps a copy of a short chunk that completes no message, to be decoded with
   * the next one. Returns false if the chunk must be decoded now.
   */
  stage(chunk: Bytes): boolean {
    return this.#decoder.stage(chunk);
  }

  /** Notes that the stream has ended. Returns the error if it ended inside a message. */
  end(): ImsgError | undefined {
    return this.#decoder.end();
  }

  /**
   * Queues a message and returns its length in bytes, header included. A
   * descriptor belongs to the original from then on. Throws ERANGE if the
   * message is too large, EINVAL, ENOMEM. A small message may run out of memory
   * later; the next {@link take} or {@link flushInto} throws that.
   */
  compose(init: MessageInit, fd = -1): number {
    return this.#encoder.compose(init, fd);
  }

  /**
   * Takes the queued bytes, as many as fit one window, up to the next descriptor.
   * Returns undefined if nothing is queued.
   */
  take(): Piece | undefined {
    return this.#encoder.take();
  }

  /** Writes everything that is queued to a buffer with room for it from `at` on; returns the number of bytes. */
  flushInto(into: Uint8Array, at: number): number {
    return this.#encoder.flushInto(into, at);
  }

  /** Drops everything that is queued. Throws nothing. */
  discard(): void {
    this.#encoder.discard();
  }

  /** Frees the batch with everything that is queued, and closes its descriptors. Idempotent. */
  dispose(): void {
    const { engine } = this;
    if (this.disposed || engine.trapped !== undefined) return;
    engine.enter("imsgbuf_clear");
    const pointer = this.pointerFor("imsgbuf_clear");
    this.#encoder.forget();
    this.#decoder.forget();
    this.retire("disposed");
    engine.call.batch_close(pointer);
  }
}
