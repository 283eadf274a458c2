import {
  HEADER_SIZE,
  type Pointer,
  RESULT_COUNT,
  RESULT_ERROR,
  RESULT_FIRST,
  RESULT_HAVE,
  RESULT_MORE,
  RESULT_OUTGOING,
  RESULT_TOTAL,
  WINDOW_SIZE,
} from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError, truncated } from "../module/error.ts";
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

/** The result of {@link Forwarder.forward}. */
export interface Forwarded {
  /** How many messages were queued at the other end. */
  count: number;
  /** Their bytes, which {@link Forwarder.take} returns. */
  bytes: number;
  /** The error of a bad header behind them, which is final. */
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

  /** Throws EINVAL for bad options or what is no instance, ENOMEM. */
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
   * Decodes a chunk of at most 65,520 bytes, and queues at the other end, of the
   * same instance, the messages that it completes and that the judge lets pass.
   * The chunk may change after the call. Throws EINVAL for a longer chunk,
   * ENOMEM and ERANGE of the other end.
   */
  forward(chunk: Uint8Array<ArrayBuffer>, to: Forwarder, judge: Judge): Forwarded {
    const pointer = this.pointerFor("imsgbuf_read");
    const { length } = chunk;
    if (length > WINDOW_SIZE) {
      const detail = `a chunk of ${length} bytes is longer than ${WINDOW_SIZE}`;
      throw new ImsgError("EINVAL", { syscall: "imsgbuf_read", detail });
    }
    // reading no bytes would be the end of the stream
    if (this.#failed !== undefined || length === 0) {
      return { count: 0, bytes: 0, error: this.#failed };
    }
    this.#records.free();
    this.#engine.memory.u8.set(chunk, this.#window);
    const rv = this.#engine.call.batch_read(pointer, length, -1);
    if (rv === -1) this.#failed = this.#badHeader();
    const queued = this.#queue(chunk, to, judge);
    if (this.#word(RESULT_FIRST) !== 0) this.#engine.call.batch_release();
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
        if (at + len > WINDOW_SIZE) {
          to.#compose(records);
          ({ u8, u32 } = memory);
          view = new DataView(u8.buffer);
          // from here on, records lie far before their messages
          at = records = 0;
        }
        shift ??= this.#align(start, len, chunk.length);
        const record = window + at;
        if (start - shift !== at) copy(bytes, payload, size, u8, record + HEADER_SIZE);
        view.setUint32(record, type, true);
        view.setUint32(record + 4, len, true);
        view.setUint32(record + 8, u32[w + 2]!, true);
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
   * will. A record is as long as a message of a multiple of 4 bytes, so as long
   * as those follow each other, no payload has to be copied. Returns by how many
   * bytes the chunk has moved.
   */
  #align(start: number, len: number, length: number): number {
    if (start <= 0 || len % 4 !== 0) return 0;
    const window = this.#window;
    this.#engine.memory.u8.copyWithin(window, window + start, window + length);
    return start;
  }

  /** Has the original compose the records in the window. */
  #compose(records: number): void {
    const pointer = this.pointerFor("imsg_compose");
    if (this.#engine.call.batch_compose(pointer, records, 0) === records) return;
    throw this.#error("imsg_compose");
  }

  /** Has the original compose a message whose payload is in the module's memory. */
  #create(type: number, peerid: number, pid: number, payload: Pointer, size: number): void {
    const { call, memory } = this.#engine;
    const pointer = this.pointerFor("imsg_compose");
    const at = call.batch_create(pointer, type, peerid, pid, size);
    if (at === 0) throw this.#error("imsg_compose");
    memory.u8.copyWithin(at, payload, payload + size);
    call.batch_finish(pointer, -1);
  }

  /**
   * Writes the bytes of everything that other ends have queued here into a buffer
   * that has room for them. Returns how many bytes there are. `imsgbuf_write`.
   */
  take(into: Uint8Array): number {
    const pointer = this.pointerFor("imsgbuf_write");
    const { call, memory } = this.#engine;
    let written = 0;
    do {
      if (call.batch_flush(pointer) === -1) throw this.#error("imsgbuf_write");
      const length = this.#word(RESULT_OUTGOING);
      into.set(memory.u8.subarray(this.#outgoing, this.#outgoing + length), written);
      written += length;
    } while (this.#word(RESULT_MORE) !== 0);
    return written;
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
