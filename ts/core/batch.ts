import { type BatchOptions, BatchReader, HEADER, WINDOW } from "./batch-reader.ts";
import { type Bytes, checkBytes, checkPid, checkSize, checkU32 } from "./check.ts";
import type { Engine } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";
import type { HostValue } from "./host-values.ts";
import { checkMessage, type MessageInit } from "./message.ts";
import { RECORD, Records } from "./records.ts";

export type { BatchOptions, Dialect, Sharing } from "./batch-reader.ts";

/** What no payload can be longer than, whatever maxSize is. */
const LONGEST = 0x7fffffff - HEADER;

// words of struct batch_result
const ERROR = 1;
const TXLEN = 11;
const TXVALUE = 12;
const MORE = 13;

/** Payloads up to here are worth gathering; larger ones go to the module at once. */
const SMALL = 8192;
const EMPTY = new Uint8Array(0);

/** Bytes to send, and what goes with the first of them. */
export interface Piece {
  readonly data: Uint8Array<ArrayBuffer>;
  /** The value of the descriptor that travels along; it is the taker's. */
  readonly passed: HostValue | undefined;
  /** Whether there is more to take. */
  readonly more: boolean;
}

/**
 * An imsgbuf that takes chunks and gives their messages, and takes messages and
 * gives their bytes: every one of them through the original's imsgbuf_read and
 * imsgbuf_write.
 */
export class Batch extends BatchReader {
  readonly #maxSize: number;
  #records: Records | undefined;

  /** Throws EINVAL for a bad maxSize or pid, ENOMEM. */
  constructor(engine: Engine, options: BatchOptions) {
    super(engine, options);
    this.#maxSize = options.maxSize;
  }

  /**
   * Queues a message; returns its length with the header. A descriptor belongs
   * to the original then. Throws ERANGE if the message is too large, EINVAL,
   * ENOMEM.
   */
  compose(init: MessageInit, fd = -1): number {
    const type = checkSize(init.type, "type", "imsg_compose");
    const peerid = checkU32(init.peerid, "peerid", "imsg_compose");
    const pid = checkPid(init.pid, "imsg_compose");
    const { engine } = this;
    const { data } = init;
    const one =
      data === undefined
        ? EMPTY
        : Array.isArray(data)
          ? undefined
          : engine.outside(checkBytes(data, "imsg_compose"));
    const pieces =
      one === undefined
        ? Array.from(data as Bytes[], (d) => engine.outside(checkBytes(d, "imsg_compose"), 0))
        : undefined;
    let length = 0;
    if (pieces === undefined) length = one!.length;
    else for (const piece of pieces) length += piece.length;
    // C's lengths have 32 bits: a longer one would be taken for a short one
    if (length > LONGEST) throw new ImsgError("ERANGE", { syscall: "imsg_compose" });
    this.at("imsg_compose"); // reading the arguments may have run the user's code
    engine.enter("imsg_compose");
    try {
      let at: Pointer;
      const small = length <= WINDOW - RECORD;
      if (small) {
        const words = engine.memory.u32;
        const w = this.window >> 2;
        words[w] = type;
        words[w + 1] = peerid;
        words[w + 2] = pid;
        words[w + 3] = fd;
        words[w + 4] = length;
        at = this.window + RECORD;
      } else {
        at = engine.exports.batch_create(this.pointer, type, peerid, pid, length);
        if (at === 0) throw this.#error("imsg_compose");
      }
      const { u8 } = engine.memory;
      if (one !== undefined) {
        if (length > 0) u8.set(one, at);
      } else {
        for (const piece of pieces!) {
          u8.set(piece, at);
          at += piece.length;
        }
      }
      if (!small) engine.exports.batch_finish(this.pointer, fd);
      else if (engine.exports.batch_compose(this.pointer, 1, 0) !== 1) {
        throw this.#error("imsg_compose");
      }
    } catch (cause) {
      throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsg_compose");
    }
    return length + HEADER;
  }

  /**
   * Queues several messages, with as few crossings as they need. Throws as
   * {@link compose} does; the messages before the bad one are queued then.
   */
  composeAll(messages: Iterable<MessageInit>): void {
    // a caller's iterator that composes in between finds no records to disturb
    const records = this.#records ?? new Records(WINDOW);
    this.#records = undefined;
    try {
      for (const message of messages) {
        const { data } = checkMessage(message);
        const plain = data instanceof Uint8Array && data.length <= SMALL;
        if (!plain || data.length + HEADER > this.#maxSize) {
          this.#commit(records);
          this.compose(message);
          continue;
        }
        const type = checkSize(message.type, "type", "imsg_compose");
        const peerid = checkU32(message.peerid, "peerid", "imsg_compose");
        const pid = checkPid(message.pid, "imsg_compose");
        if (records.add(type, peerid, pid, checkBytes(data, "imsg_compose"))) continue;
        this.#commit(records);
        records.add(type, peerid, pid, checkBytes(data, "imsg_compose"));
      }
      this.#commit(records);
    } finally {
      records.clear();
      this.#records = records;
    }
  }

  #commit(records: Records): void {
    if (records.count === 0) return;
    this.at("imsg_compose");
    const { engine } = this;
    engine.enter("imsg_compose");
    const count = records.moveTo(engine.memory.u8, this.window);
    try {
      if (engine.exports.batch_compose(this.pointer, count, 0) !== count) {
        throw this.#error("imsg_compose");
      }
    } catch (cause) {
      throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsg_compose");
    }
  }

  #error(syscall: string): ImsgError {
    const number = this.engine.memory.int((this.result + ERROR) << 2);
    return this.engine.failureOf(number, syscall);
  }

  /**
   * Takes what is queued, as far as it fits one window and up to the next
   * descriptor; undefined if that is nothing.
   */
  take(): Piece | undefined {
    this.at("imsgbuf_write");
    const { engine } = this;
    engine.enter("imsgbuf_write");
    try {
      if (engine.exports.batch_flush(this.pointer) === -1) throw this.#error("imsgbuf_write");
    } catch (cause) {
      throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsgbuf_write");
    }
    const words = engine.memory.u32;
    const length = words[this.result + TXLEN]!;
    if (length === 0) return undefined;
    const piece = {
      data: engine.memory.copy(engine.exports.batch_outgoing(), length),
      passed: engine.values.take(words[this.result + TXVALUE]!),
      more: words[this.result + MORE] !== 0,
    };
    // the numbers that were sent are closed; the values are on their way
    if (engine.values.pending) engine.settle();
    return piece;
  }

  /** Takes everything that is queued: its bytes, or undefined if that's none. */
  flush(): Uint8Array<ArrayBuffer> | undefined {
    const first = this.take();
    if (first === undefined || !first.more) return first?.data;
    const all = [first.data];
    for (let piece = this.take(); piece !== undefined; piece = this.take()) all.push(piece.data);
    return concat(all);
  }
}

function concat(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
