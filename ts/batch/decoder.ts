import {
  HEADER_SIZE,
  HEADERS_WORDS,
  type Pointer,
  RESULT_COUNT,
  RESULT_DROP_COUNT,
  RESULT_ERROR,
  RESULT_FD,
  RESULT_FD_COUNT,
  RESULT_FD_MESSAGE,
  RESULT_FIRST,
  RESULT_HAVE,
  RESULT_NEED,
  RESULT_TOTAL,
  WINDOW_SIZE,
} from "../module/abi.ts";
import { type Bytes, checkBytes, isResizable, uint8Length } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { type ImsgError, invalid, truncated } from "../module/error.ts";
import type { Owner } from "../module/live.ts";
import { withMemory } from "../module/memory.ts";
import { POOL, POOLED, STAGE, TINY } from "./limits.ts";
import { ImsgMessage, PassedMessage } from "./message.ts";
import { Records } from "./records.ts";

/** The memory that a message's data may share. */
export type Sharing =
  /** the chunk that it arrived in, or other messages */
  | "chunk"
  /** none */
  | "none";

/**
 * How the peer writes the length of a message: with 32 bits and the mark of a
 * descriptor in bit 31 (imsg.h from late 2024 on), or with 16 bits and a mark
 * among 16 flags (before). Without a descriptor both write the same bytes.
 */
export type Dialect = "current" | "classic";

/**
 * The reading half of a batch: takes chunks and makes their messages, at most
 * one call into the module for each window of bytes. Every byte goes through
 * the original's imsgbuf_read. Payloads that lie whole in the chunk are taken
 * from there, because the bytes are the same.
 */
export class Decoder {
  readonly #owner: Owner;
  readonly #engine: Engine;
  readonly #records: Records;
  readonly #dialect: Dialect | undefined;
  readonly #maxSize: number;
  readonly #windowAt: Pointer;
  readonly #result: number;
  readonly #headers: number;
  /** Bytes of the unfinished message that the module has. */
  #begun = 0;
  /** Bytes until a message can be complete. */
  #need = HEADER_SIZE;
  #stage: Uint8Array<ArrayBuffer> = NO_BYTES;
  #staged = 0;
  /** The buffer of payloads that may share memory and began in an earlier chunk. */
  #pool: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** Bytes of the pool that belong to messages. */
  #pooled = 0;
  /** The error after which nothing can be decoded any more. */
  failed: ImsgError | undefined;

  /** The owner is the batch, whose pointer is C's struct batch. */
  constructor(owner: Owner, dialect: Dialect | undefined, maxSize: number) {
    const { engine } = owner;
    this.#owner = owner;
    this.#engine = engine;
    this.#records = Records.of(engine);
    this.#dialect = dialect;
    this.#maxSize = maxSize;
    this.#windowAt = engine.exports.batch_window();
    this.#result = engine.exports.batch_result() >> 2;
    this.#headers = engine.exports.batch_headers() >> 2;
  }

  /** See Batch.decode. */
  decode(chunk: Bytes, sharing: Sharing, out: ImsgMessage[]): ImsgError | undefined {
    if (this.stage(chunk)) return undefined;
    const bytes = checkBytes(chunk, "imsgbuf_read");
    let at = 0;
    do at = this.#window(bytes, at, sharing, out, -1);
    while (at < bytes.length && this.failed === undefined);
    return this.failed;
  }

  /** See Batch.decodeSome. */
  decodeSome(chunk: Bytes, from: number, sharing: Sharing, out: ImsgMessage[], fd: number): number {
    if (from === 0 && fd === -1 && this.stage(chunk)) return uint8Length(chunk)!;
    return this.#window(checkBytes(chunk, "imsgbuf_read"), from, sharing, out, fd);
  }

  /** See Batch.stage. */
  stage(chunk: Bytes): boolean {
    const length = uint8Length(chunk);
    if (length === undefined || length >= TINY) return false;
    const end = this.#staged + length;
    if (length === 0 || end >= this.#need || end > STAGE) return false;
    this.#owner.pointerFor("imsgbuf_read");
    if (this.failed !== undefined) return false;
    if (end > this.#stage.length) this.#growStage(end);
    this.#stage.set(chunk as Uint8Array, this.#staged);
    this.#staged = end;
    return true;
  }

  /** Makes room for so many bytes, and as many again: a stage is about as large as the bytes that a peer has sent. */
  #growStage(bytes: number): void {
    const larger = withMemory(() => new Uint8Array(Math.min(STAGE, bytes * 2)));
    larger.set(this.#stage.subarray(0, this.#staged));
    this.#stage = larger;
  }

  /** Decodes one window of bytes of a plain chunk from a position on, and returns where the next one begins. */
  #window(
    chunk: Uint8Array<ArrayBuffer>,
    from: number,
    sharing: Sharing,
    out: ImsgMessage[],
    fd: number,
  ): number {
    const engine = this.#engine;
    this.#owner.pointerFor("imsgbuf_read");
    // the descriptor belongs to this chunk: decode the staged bytes first
    if (fd !== -1) this.#unstage(out);
    const staged = this.#staged;
    const to = Math.min(chunk.length, from + WINDOW_SIZE - staged);
    if (from > chunk.length) {
      const detail = `position ${from} is beyond the chunk of ${chunk.length} bytes`;
      throw invalid("imsgbuf_read", detail);
    }
    // reading no bytes would be the end of the stream
    if (this.failed !== undefined || to <= from) {
      if (fd !== -1) engine.call.kernel_close(fd);
      return to;
    }
    const { buffer } = chunk;
    let piece = to - from === chunk.length ? chunk : chunk.subarray(from, to);
    // messages must not alias memory that may change its size or move
    if (isResizable(buffer) || buffer === engine.exports.memory.buffer) {
      piece = piece.slice();
    }
    engine.enter("imsgbuf_read");
    this.#records.free();
    this.#staged = 0;
    const { u8 } = engine.memory;
    if (staged > 0) u8.set(this.#stage.subarray(0, staged), this.#windowAt);
    u8.set(piece, this.#windowAt + staged);
    this.#read(piece, staged, sharing, out, fd);
    return to;
  }

  /** Decodes the staged bytes. */
  #unstage(out: ImsgMessage[]): void {
    const n = this.#staged;
    this.#staged = 0;
    if (n > 0) this.#window(this.#stage.slice(0, n), 0, "none", out, -1);
  }

  /** Reads the window, which holds staged bytes and a piece of the chunk. */
  #read(
    piece: Uint8Array<ArrayBuffer>,
    staged: number,
    sharing: Sharing,
    out: ImsgMessage[],
    fd: number,
  ): void {
    const engine = this.#engine;
    const { length } = piece;
    let rv: number;
    try {
      const pointer = this.#owner.pointerFor("imsgbuf_read");
      rv = engine.exports.batch_read(pointer, staged + length, fd);
    } catch (cause) {
      throw engine.trap(cause, "imsgbuf_read");
    }
    const words = engine.memory.u32;
    const result = this.#result;
    const before = out.length;
    const first = words[result + RESULT_FIRST]!;
    const start = this.#messages(piece, -staged - this.#begun, first, sharing, out);
    for (let i = words[result + RESULT_FD_COUNT]! - 1; i >= 0; i--) {
      const at = before + words[result + RESULT_FD_MESSAGE + i]!;
      out[at] = new PassedMessage(out[at]!, { engine, fd: words[result + RESULT_FD + i]! });
    }
    const dropped = this.#headers + HEADERS_WORDS;
    for (let i = words[result + RESULT_DROP_COUNT]! - 1; i >= 0; i--) {
      const at = before + words[dropped + i]!;
      out[at] = new PassedMessage(out[at]!);
    }
    // before disposers run, whose code may read other messages
    if (rv === -1) {
      const detail = this.#badHeader(start + staged);
      const number = words[result + RESULT_ERROR]!;
      this.failed = engine.failureOf(number, "imsgbuf_read", { detail, fromPeer: true });
    }
    this.#begun = length - start;
    this.#need = words[result + RESULT_NEED]!;
    if (first !== 0) engine.exports.batch_release();
    if (engine.values.pending) engine.settle();
  }

  /**
   * Makes the messages that the module has completed. The first one begins at
   * `start` in the piece, or before it if that is negative. Returns where the
   * next one begins.
   */
  #messages(
    piece: Uint8Array<ArrayBuffer>,
    start: number,
    first: Pointer,
    sharing: Sharing,
    out: ImsgMessage[],
  ): number {
    const words = this.#engine.memory.u32;
    const { buffer, byteOffset } = piece;
    const empty = sharing === "chunk" ? sharedEmpty() : undefined;
    const end = this.#headers + words[this.#result + RESULT_COUNT]! * 4;
    for (let w = this.#headers; w < end; w += 4) {
      const size = words[w + 1]! - HEADER_SIZE;
      const at = start + HEADER_SIZE;
      let data: Uint8Array<ArrayBuffer>;
      if (size === 0) data = empty ?? new Uint8Array(0);
      // a header may be older than the chunk that has all of the payload
      else if (at < 0) data = this.#copyOut(first, size, sharing);
      else if (sharing === "chunk") data = new Uint8Array(buffer, byteOffset + at, size);
      else data = piece.slice(at, at + size);
      out.push(new ImsgMessage(words[w]!, words[w + 2]!, words[w + 3]!, data));
      start = at + size;
    }
    return start;
  }

  /** Copies a payload that began in an earlier chunk out of its ibuf. */
  #copyOut(from: Pointer, size: number, sharing: Sharing): Uint8Array<ArrayBuffer> {
    const { memory } = this.#engine;
    if (sharing !== "chunk" || size > POOL / 4) return memory.copy(from, size);
    const at = this.#pooled;
    // a pool that a caller has transferred has no length
    if (this.#pool.length - at < size) return this.#refill(from, size);
    this.#pooled = at + size;
    const data = new Uint8Array(this.#pool.buffer, at, size);
    data.set(memory.u8.subarray(from, from + size));
    return data;
  }

  /** Copies a payload out of its ibuf, into a new pool. */
  #refill(from: Pointer, size: number): Uint8Array<ArrayBuffer> {
    this.#pool = withMemory(() => new Uint8Array(Math.min(POOL, size * POOLED)));
    this.#pooled = 0;
    return this.#copyOut(from, size, "chunk");
  }

  /** Describes the header that was refused, which stands at `at` in the window. */
  #badHeader(at: number): string {
    // up to 15 bytes of it lie before the window, where the original had them
    const header = this.#engine.memory.copy(this.#windowAt + at, HEADER_SIZE);
    const [type, length, peerid, pid] = new Uint32Array(header.buffer);
    const detail = `header type ${type}, len ${length}, peerid ${peerid}, pid ${pid}; maxSize is ${this.#maxSize}`;
    const marked = this.#dialect !== "classic" && length! >>> 16 === 1;
    return marked ? `${detail}; the peer may speak the classic dialect` : detail;
  }

  /** See Batch.end. */
  end(): ImsgError | undefined {
    const pointer = this.#owner.pointerFor("imsgbuf_read");
    const engine = this.#engine;
    this.#unstage([]);
    if (this.failed === undefined) {
      engine.call.batch_read(pointer, 0, -1);
      const words = engine.memory.u32;
      const total = words[this.#result + RESULT_TOTAL]!;
      const have = words[this.#result + RESULT_HAVE]!;
      if (total > 0) this.failed = truncated("imsgbuf_read", have, total);
    }
    return this.failed;
  }

  /** Drops the staged bytes, because the batch is about to be freed. */
  forget(): void {
    this.#stage = NO_BYTES;
    this.#staged = 0;
    this.#pool = NO_BYTES;
  }
}

const NO_BYTES = /* @__PURE__ */ new Uint8Array(0);
let EMPTY = /* @__PURE__ */ new Uint8Array(/* @__PURE__ */ new ArrayBuffer(1), 0, 0);

/**
 * The empty payload of all messages that may share memory, since an empty view
 * costs as much to make as any other. It is replaced if its buffer has been
 * transferred.
 */
function sharedEmpty(): Uint8Array<ArrayBuffer> {
  if (EMPTY.buffer.byteLength === 0) EMPTY = new Uint8Array(new ArrayBuffer(1), 0, 0);
  return EMPTY;
}
