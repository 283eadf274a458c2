import {
  HEADER_SIZE,
  type Pointer,
  RESULT_COUNT,
  RESULT_ERROR,
  RESULT_FIRST,
  RESULT_HAVE,
  RESULT_MORE,
  RESULT_OUTGOING,
  RESULT_OUTGOING_AT,
  RESULT_TOTAL,
  WINDOW_SIZE,
} from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import { type ImsgError, invalid, truncated } from "../module/error.ts";
import { InstanceHandle } from "../module/instance.ts";
import { Owner } from "../module/live.ts";
import { type BatchOptions, openBatch } from "./batch.ts";
import { Records } from "./records.ts";

/** A {@link Judge} returns this for a message that is not forwarded. */
export const DROP = -1;
/** A {@link Judge} returns this for a message that ends the forwarding. */
export const STOP = -2;

/**
 * Decides about a message by its type, its pid and the length of its payload:
 * returns the pid that it is forwarded with, {@link DROP} or {@link STOP}. It
 * must not call the library.
 */
export type Judge = (type: number, pid: number, size: number) => number;

/** Returns a buffer that has so many bytes, or more. It must not call the library. */
export type Room = (bytes: number) => Uint8Array;

/** The result of {@link Forwarder.forward}. */
export interface Forwarded {
  /** How many messages the other end has encoded. */
  count: number;
  /** How many bytes of the buffer these messages take. */
  bytes: number;
  /** The error of a bad header behind these messages, which is final. */
  error: ImsgError | undefined;
}

/** Payloads up to this size are copied byte by byte: a view costs more. */
const SHORT = 64;

/**
 * One end of a relay: an imsgbuf that decodes the bytes of one peer, and hands
 * the messages to another end, which encodes them for its own peer. No object
 * is made for a message. Every byte goes through the original's imsgbuf_read,
 * every message through its imsg_compose and imsgbuf_write. No descriptor
 * passes.
 */
export class Forwarder extends Owner {
  readonly #engine: Engine;
  readonly #records: Records;
  readonly #window: Pointer;
  readonly #outgoing: Pointer;
  readonly #headers: number;
  readonly #result: number;
  /** Bytes of the unfinished message that the module has. */
  #begun = 0;
  #failed: ImsgError | undefined;
  /** Bytes of a message that came in two chunks, in the outgoing window. */
  #straddler = 0;
  /** Whether the last forward has flushed, so that the bytes lie where the result says. */
  #flushed = false;

  /** Throws EINVAL for bad options or a bad instance, ENOMEM. */
  constructor(instance: InstanceHandle, options: Omit<BatchOptions, "fdpass">) {
    const engine = InstanceHandle.engineOf(instance, "imsgbuf_init");
    const pointer = openBatch(engine, options);
    super(engine, "batch", pointer, (e) => e.exports.batch_close(pointer));
    this.#engine = engine;
    this.#records = Records.of(engine);
    this.#window = engine.exports.batch_window();
    this.#outgoing = engine.exports.batch_outgoing();
    this.#headers = engine.exports.batch_headers() >> 2;
    this.#result = engine.exports.batch_result() >> 2;
  }

  /**
   * Decodes a chunk of at most 65,520 bytes. The other end, of the same instance,
   * encodes the messages that the chunk completes and that the judge lets pass, into
   * the buffer that `room` returns; `room` is not called if there are none. The chunk
   * may change after the call. Throws EINVAL for a longer chunk, ENOMEM and ERANGE of
   * the other end. `imsgbuf_read`, `imsg_compose`, `imsgbuf_write`.
   */
  forward(chunk: Uint8Array<ArrayBuffer>, to: Forwarder, judge: Judge, room: Room): Forwarded {
    const pointer = this.pointerFor("imsgbuf_read");
    const { length } = chunk;
    if (length > WINDOW_SIZE) {
      const detail = `a chunk of ${length} bytes is longer than ${WINDOW_SIZE}`;
      throw invalid("imsgbuf_read", detail);
    }
    // reading no bytes would be the end of the stream
    if (this.#failed !== undefined || length === 0) {
      return { count: 0, bytes: 0, error: this.#failed };
    }
    this.#records.free();
    this.#engine.memory.u8.set(chunk, this.#window);
    const rv = this.#engine.call.batch_read(pointer, length, -1);
    if (rv === -1) this.#failed = this.#badHeader();
    let queued: Pick<Forwarded, "count" | "bytes">;
    try {
      queued = this.#queue(chunk, to, judge);
    } finally {
      if (this.#word(RESULT_FIRST) !== 0) this.#engine.call.batch_release();
    }
    if (queued.bytes > 0) to.#take(room(queued.bytes));
    return { ...queued, error: this.#failed };
  }

  /** Queues the messages of the window, which the chunk has filled, at the other end. */
  #queue(
    chunk: Uint8Array<ArrayBuffer>,
    to: Forwarder,
    judge: Judge,
  ): Pick<Forwarded, "count" | "bytes"> {
    const { memory } = this.#engine;
    let { u8, u32 } = memory;
    let view = new DataView(u8.buffer);
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    const end = this.#headers + this.#word(RESULT_COUNT) * 4;
    const window = this.#window;
    let start = -this.#begun; // of the message in the chunk
    let shift: number | undefined; // of the chunk in the window
    let at = 0; // of the next record in the window
    let records = 0;
    let count = 0;
    let total = 0;
    for (let w = this.#headers; w < end; w += 4) {
      const type = u32[w]!;
      const len = u32[w + 1]!;
      const size = len - HEADER_SIZE;
      const pid = judge(type, u32[w + 3]!, size);
      if (pid === STOP) break;
      if (pid === DROP) {
        start += len;
        continue;
      }
      const payload = start + HEADER_SIZE;
      if (payload < 0) {
        // its header is older than the chunk, and so is a part of the payload
        to.#create(type, u32[w + 2]!, pid, this.#word(RESULT_FIRST), size);
        ({ u8, u32 } = memory);
        view = new DataView(u8.buffer);
      } else {
        shift ??= this.#align(start, chunk.length);
        const record = window + at;
        if (start - shift !== at) {
          copy(bytes, payload, size, u8, record + HEADER_SIZE);
          view.setUint32(record, type, true);
          view.setUint32(record + 8, u32[w + 2]!, true);
        }
        // the message in the chunk may have a mark in its length
        view.setUint32(record + 4, len, true);
        view.setUint32(record + 12, pid, true);
        at += len;
        records++;
      }
      start += len;
      count++;
      total += len;
    }
    if (records > 0) to.#compose(records);
    this.#begun = chunk.length - start;
    return { count, bytes: total };
  }

  /**
   * Moves the chunk in the window so that its first message lies where its record
   * will. A record is the message itself, so as long as none is dropped, nothing
   * else has to be copied. Returns by how many bytes the chunk has moved.
   */
  #align(start: number, length: number): number {
    if (start <= 0) return 0;
    const window = this.#window;
    this.#engine.memory.u8.copyWithin(window, window + start, window + length);
    return start;
  }

  /** Has the original compose the records in the window, and write them unless others come first. */
  #compose(records: number): void {
    const pointer = this.pointerFor("imsg_compose");
    const flush = this.#flushed ? 0 : 1;
    const count = this.#engine.call.batch_compose(pointer, records, flush);
    if (count !== records || this.#word(RESULT_ERROR) !== 0) throw this.#error("imsg_compose");
    this.#flushed = true;
  }

  /** Has the original compose a message whose payload is in the module's memory. */
  #create(type: number, peerid: number, pid: number, payload: Pointer, size: number): void {
    const { call, memory } = this.#engine;
    const pointer = this.pointerFor("imsg_compose");
    const at = call.batch_create(pointer, type, peerid, pid, size);
    if (at === 0) throw this.#error("imsg_compose");
    memory.u8.copyWithin(at, payload, payload + size);
    call.batch_finish(pointer, -1);
    // the messages behind it are composed in place if it has left the queue
    if (call.batch_flush(pointer) === -1) throw this.#error("imsgbuf_write");
    if (this.#word(RESULT_MORE) === 0) this.#straddler = this.#word(RESULT_OUTGOING);
    else this.#flushed = true;
  }

  /**
   * Copies the bytes of all messages to a buffer that has room for them: those that
   * were written already, and then what is still queued.
   */
  #take(into: Uint8Array): void {
    const pointer = this.pointerFor("imsgbuf_write");
    const { call, memory } = this.#engine;
    let written = 0;
    const copy = (at: Pointer, length: number): void => {
      into.set(memory.u8.subarray(at, at + length), written);
      written += length;
    };
    copy(this.#outgoing, this.#straddler);
    this.#straddler = 0;
    do {
      if (!this.#flushed && call.batch_flush(pointer) === -1) throw this.#error("imsgbuf_write");
      this.#flushed = false;
      copy(this.#word(RESULT_OUTGOING_AT), this.#word(RESULT_OUTGOING));
    } while (this.#word(RESULT_MORE) !== 0);
  }

  /** The peer has ended its side. Throws ERR_IMSG_TRUNCATED inside a message, or the error of a bad header. */
  end(): void {
    if (this.#failed !== undefined) throw this.#failed;
    this.#engine.call.batch_read(this.pointerFor("imsgbuf_read"), 0, -1);
    const total = this.#word(RESULT_TOTAL);
    if (total !== 0) throw truncated("imsgbuf_read", this.#word(RESULT_HAVE), total);
  }

  /** Frees the imsgbuf with everything that is queued. Idempotent. */
  dispose(): void {
    if (this.disposed || this.#engine.trapped !== undefined) return;
    const pointer = this.pointerFor("imsgbuf_clear");
    this.retire("disposed");
    this.#engine.call.batch_close(pointer);
  }

  /** The error of the header that was refused, behind the messages of the window. */
  #badHeader(): ImsgError {
    const { memory } = this.#engine;
    let at = -this.#begun;
    for (let i = this.#word(RESULT_COUNT) - 1; i >= 0; i--) {
      at += memory.u32[this.#headers + i * 4 + 1]!;
    }
    // up to 15 bytes of it lie before the window, where the original had them
    const header = new DataView(memory.copy(this.#window + at, HEADER_SIZE).buffer);
    const [type, length, peerid, pid] = [0, 4, 8, 12].map((n) => header.getUint32(n, true));
    const detail = `header type ${type}, len ${length}, peerid ${peerid}, pid ${pid}`;
    const number = this.#word(RESULT_ERROR);
    return this.#engine.failureOf(number, "imsgbuf_read", { detail, fromPeer: true });
  }

  #error(syscall: string): ImsgError {
    return this.#engine.failureOf(this.#word(RESULT_ERROR), syscall);
  }

  #word(index: number): number {
    return this.#engine.memory.u32[this.#result + index]!;
  }
}

/** Copies a payload of the chunk to the module's memory. */
function copy(
  from: Uint8Array<ArrayBuffer>,
  at: number,
  size: number,
  to: Uint8Array<ArrayBuffer>,
  target: Pointer,
): void {
  if (size > SHORT) to.set(from.subarray(at, at + size), target);
  else for (let i = 0; i < size; i++) to[target + i] = from[at + i]!;
}
