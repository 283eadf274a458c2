import { type Bytes, checkBytes, checkPid, checkSize, checkU32 } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import type { HostValue } from "../module/host-values.ts";
import { type BatchOptions, BatchReader, HEADER } from "./decoder.ts";
import type { MessageInit } from "./message.ts";

export { type BatchOptions, type Dialect, HEADER, type Sharing } from "./decoder.ts";

/** What no payload can be longer than, whatever maxSize is. */
const LONGEST = 0x7fffffff - HEADER;

// words of struct batch_result
const ERROR = 1;
const TXLEN = 11;
const TXVALUE = 12;
const MORE = 13;

/** Payloads up to here are worth gathering; larger ones go to the module at once. */
const SMALL = 4096;
const EMPTY = /* @__PURE__ */ new Uint8Array(0);

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
  readonly #outgoing: number;
  /** What went wrong while records were composed that nobody was told yet. */
  #lost: ImsgError | undefined;

  /** Throws EINVAL for a bad maxSize or pid, ENOMEM. */
  constructor(engine: Engine, options: BatchOptions) {
    super(engine, options);
    this.#maxSize = options.maxSize;
    this.#outgoing = engine.exports.batch_outgoing();
  }

  /**
   * Queues a message; returns its length with the header. A descriptor belongs
   * to the original then. Throws ERANGE if the message is too large, EINVAL,
   * ENOMEM; a small one may run out of memory later, which {@link take} throws.
   */
  compose(init: MessageInit, fd = -1): number {
    const type = checkSize(init.type, "type", "imsg_compose");
    const peerid = checkU32(init.peerid, "peerid", "imsg_compose");
    const pid = checkPid(init.pid, "imsg_compose");
    const { data } = init;
    // reading all that may have run the user's code; from here on none runs
    if (fd === -1 && this.engine.ready) {
      const bytes = data === undefined ? EMPTY : ArrayBuffer.isView(data) ? data : undefined;
      if (bytes instanceof Uint8Array && this.#gather(type, peerid, pid, bytes)) {
        return bytes.length + HEADER;
      }
    }
    return this.#compose(type, peerid, pid, data, fd);
  }

  /** Puts a small message into the window; false if it has to go another way. */
  #gather(type: number, peerid: number, pid: number, data: Uint8Array): boolean {
    const { length } = data;
    if (length > SMALL || length + HEADER > this.#maxSize) return false;
    this.at("imsg_compose");
    const { records, expire } = this.engine;
    if (expire !== undefined) expire();
    if (records.add(this, type, peerid, pid, data, length)) return true;
    this.commit();
    return records.add(this, type, peerid, pid, data, length);
  }

  #compose(type: number, peerid: number, pid: number, data: MessageInit["data"], fd: number) {
    const { engine } = this;
    const one = Array.isArray(data) ? undefined : this.#outside(data);
    // the list first: reading it may run the user's code, which could detach a piece
    const list = one === undefined ? Array.from(data as Bytes[]) : [];
    const pieces = list.map((piece) => this.#outside(piece));
    let length = one === undefined ? 0 : one.length;
    for (const piece of pieces) length += piece.length;
    // C's lengths have 32 bits: a longer one would be taken for a short one
    if (length > LONGEST) throw new ImsgError("ERANGE", { syscall: "imsg_compose" });
    this.at("imsg_compose"); // reading the arguments may have run the user's code
    engine.enter("imsg_compose");
    try {
      let at = engine.exports.batch_create(this.pointer, type, peerid, pid, length);
      if (at === 0) throw this.#error("imsg_compose");
      const { u8 } = engine.memory;
      if (one !== undefined) u8.set(one, at);
      for (const piece of pieces) {
        u8.set(piece, at);
        at += piece.length;
      }
      engine.exports.batch_finish(this.pointer, fd);
    } catch (cause) {
      throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsg_compose");
    }
    return length + HEADER;
  }

  /** The caller's bytes, where no allocation moves them. */
  #outside(data: Bytes | readonly Bytes[] | undefined): Uint8Array {
    if (data === undefined) return EMPTY;
    return this.engine.outside(checkBytes(data, "imsg_compose"), 0);
  }

  /** Has the original compose the messages that wait in the window. */
  commit(): void {
    this.#commit(0);
  }

  #commit(flush: number): void {
    const { engine } = this;
    const count = engine.records.release();
    try {
      if (engine.trapped !== undefined) throw engine.trapped;
      const done = engine.exports.batch_compose(this.pointer, count, flush);
      if (done !== count) this.#lost ??= this.#error("imsg_compose");
    } catch (cause) {
      this.#lost ??= engine.trap(cause, "imsg_compose");
    }
  }

  #error(syscall: string): ImsgError {
    const number = this.engine.memory.int((this.result + ERROR) << 2);
    return this.engine.failureOf(number, syscall);
  }

  /** Writes what is queued to the outgoing window; returns how many bytes there are. */
  #flush(): number {
    this.at("imsgbuf_write");
    const { engine } = this;
    if (engine.records.holder === this) {
      // what is told now must not have taken anything
      this.#commit(this.#lost === undefined ? 1 : 0);
    } else {
      engine.enter("imsgbuf_write");
      try {
        if (this.#lost === undefined) engine.exports.batch_flush(this.pointer);
      } catch (cause) {
        throw engine.trap(cause, "imsgbuf_write");
      }
    }
    if (this.#lost !== undefined) {
      const lost = this.#lost;
      this.#lost = undefined;
      throw lost;
    }
    const words = engine.memory.u32;
    if (words[this.result + ERROR] !== 0) throw this.#error("imsgbuf_write");
    return words[this.result + TXLEN]!;
  }

  get #more(): boolean {
    return this.engine.memory.u32[this.result + MORE] !== 0;
  }

  /**
   * Takes what is queued, as far as it fits one window and up to the next
   * descriptor; undefined if that is nothing.
   */
  take(): Piece | undefined {
    const length = this.#flush();
    if (length === 0) return undefined;
    const { engine } = this;
    const piece = {
      data: engine.memory.copy(this.#outgoing, length),
      passed: engine.values.take(engine.memory.u32[this.result + TXVALUE]!),
      more: this.#more,
    };
    // the numbers that were sent are closed; the values are on their way
    if (engine.values.pending) engine.settle();
    return piece;
  }

  /** Takes everything that is queued to throw it away. Throws nothing. */
  discard(): void {
    try {
      if (this.engine.records.holder === this) this.commit();
      this.#lost = undefined;
      while (this.take()?.more) {
        // go on
      }
    } catch {
      // the error that led here is the one to be told
    }
  }

  /** Takes everything that is queued into a buffer that has room for it; returns how many bytes. */
  flushInto(into: Uint8Array, at: number): number {
    const from = at;
    for (;;) {
      const length = this.#flush();
      if (length > 0) {
        const start = this.#outgoing;
        into.set(this.engine.memory.u8.subarray(start, start + length), at);
        at += length;
      }
      if (length === 0 || !this.#more) return at - from;
    }
  }
}
