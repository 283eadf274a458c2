import {
  HEADER_SIZE,
  RESULT_ERROR,
  RESULT_MORE,
  RESULT_OUTGOING,
  RESULT_OUTGOING_AT,
  RESULT_VALUE,
} from "../module/abi.ts";
import { checkPid, checkSize, isU32, uint8Length } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { failure, type ImsgError, invalid } from "../module/error.ts";
import type { HostValue } from "../module/host-values.ts";
import type { Owner } from "../module/live.ts";
import { SMALL } from "./limits.ts";
import { type MessageInit, readData } from "./message.ts";
import { Records } from "./records.ts";

const EMPTY = /* @__PURE__ */ new Uint8Array(0);

/** Bytes to send, and the value that travels with the first of them. */
export interface Piece {
  readonly data: Uint8Array<ArrayBuffer>;
  /** The value of the descriptor that travels along. The caller that takes the piece owns it. */
  readonly passed: HostValue | undefined;
  /** Whether more bytes are queued. */
  readonly more: boolean;
}

/**
 * The writing half of a batch: takes messages and returns their bytes. Every
 * message goes through the original's imsg_compose (or imsg_create and
 * imsg_close), every byte through its imsgbuf_write.
 */
export class Encoder {
  readonly #owner: Owner;
  readonly #engine: Engine;
  readonly #records: Records;
  readonly #maxSize: number;
  /** The longest payload in bytes that is gathered as a record. */
  readonly #small: number;
  readonly #result: number;
  /** The first error of a record that was composed later than it was added. The next flush throws it. */
  #deferredError: ImsgError | undefined;

  /** The owner is the batch, whose pointer is C's struct batch. */
  constructor(owner: Owner, maxSize: number) {
    const { engine } = owner;
    this.#owner = owner;
    this.#engine = engine;
    this.#records = Records.of(engine);
    this.#maxSize = maxSize;
    this.#small = Math.min(SMALL, maxSize - HEADER_SIZE);
    this.#result = engine.exports.batch_result() >> 2;
  }

  /**
   * See Batch.compose. Each field is read once and checked before the next one is
   * read. The functions that check are short, so that V8 inlines all of them.
   */
  compose(init: MessageInit, fd: number): number {
    const { type } = init;
    if (!isU32(type)) checkSize(type, "type", "imsg_compose");
    const { peerid = 0 } = init;
    if (!isU32(peerid)) checkSize(peerid, "peerid", "imsg_compose");
    const { pid = 0 } = init;
    if (!isU32(pid)) checkPid(pid, "imsg_compose");
    const { data = EMPTY } = init;
    // no code of the caller runs after this on the fast path
    const length = fd === -1 ? uint8Length(data) : undefined;
    if (
      length !== undefined &&
      length <= this.#small &&
      this.#gather(type, peerid, pid, data as Uint8Array, length)
    ) {
      return length + HEADER_SIZE;
    }
    return this.#create(type, peerid, pid, data, fd);
  }

  /** Adds a small message to the records. Returns false if it must be composed at once. */
  #gather(type: number, peerid: number, pid: number, data: Uint8Array, length: number): boolean {
    const engine = this.#engine;
    if (!engine.ready) return false;
    const records = this.#records;
    // a disposed batch holds no records
    if (records.holder !== this) {
      this.#owner.pointerFor("imsg_compose");
      records.hold(this);
    }
    return records.add(type, peerid, pid, data, length);
  }

  #create(
    type: number,
    peerid: number,
    pid: number,
    data: MessageInit["data"],
    fd: number,
  ): number {
    const engine = this.#engine;
    // an allocation could move bytes that alias the module's memory
    const pieces = readData(data).map((piece) => engine.copyIfAliased(piece, 0));
    let length = 0;
    for (const piece of pieces) length += piece.length;
    // reading the message may have run code of the caller, which may have disposed the batch
    const pointer = this.#owner.pointerFor("imsg_compose");
    // C has the same limit, and would take the low 32 bits of a longer length
    if (length + HEADER_SIZE > this.#maxSize) {
      const detail = `the message has ${length + HEADER_SIZE} bytes, and maxSize is ${this.#maxSize}`;
      throw failure("ERANGE", "imsg_compose", detail);
    }
    // earlier messages come first
    if (this.#holds) this.commit();
    let at = engine.call.batch_create(pointer, type, peerid, pid, length);
    if (at === 0) throw this.#error("imsg_compose");
    const { u8 } = engine.memory;
    for (const piece of pieces) {
      u8.set(piece, at);
      at += piece.length;
    }
    engine.call.batch_finish(pointer, fd);
    return length + HEADER_SIZE;
  }

  /** Whether the records in the window are this encoder's. */
  get #holds(): boolean {
    return this.#records.holder === this;
  }

  /** Has the original compose the records in the window. An error is deferred to the next flush. */
  commit(): void {
    this.#run(0);
  }

  /**
   * Composes the records if they are this encoder's, and then writes the queue if
   * there is no error. It does not settle: the outgoing window must be
   * read before a disposer can use the module.
   */
  #run(flush: 0 | 1): void {
    const engine = this.#engine;
    try {
      const pointer = this.#owner.pointerFor("imsgbuf_write");
      engine.enter("imsgbuf_write");
      if (this.#holds) {
        const count = this.#records.release();
        const done = engine.exports.batch_compose(pointer, count, flush);
        if (done !== count) this.#deferredError ??= this.#error("imsg_compose");
      } else if (flush) engine.exports.batch_flush(pointer);
    } catch (cause) {
      this.#deferredError ??= engine.trap(cause, "imsgbuf_write");
    }
  }

  /** Drops the records, because the batch is about to be freed. */
  forget(): void {
    if (this.#holds) this.#records.release();
  }

  #error(syscall: string): ImsgError {
    return this.#engine.failureOf(this.#word(RESULT_ERROR), syscall);
  }

  #word(index: number): number {
    return this.#engine.memory.u32[this.#result + index]!;
  }

  /** Writes the queue to the outgoing window and returns how many bytes there are. */
  #flush(): number {
    // a deferred error is about to be thrown: do not flush, or the bytes would be lost
    this.#run(this.#deferredError === undefined ? 1 : 0);
    const error = this.#deferredError;
    this.#deferredError = undefined;
    if (error !== undefined) throw error;
    if (this.#word(RESULT_ERROR) !== 0) throw this.#error("imsgbuf_write");
    return this.#word(RESULT_OUTGOING);
  }

  get #more(): boolean {
    return this.#word(RESULT_MORE) !== 0;
  }

  /** See Batch.take. */
  take(): Piece | undefined {
    const length = this.#flush();
    if (length === 0) return undefined;
    const engine = this.#engine;
    const piece = {
      data: engine.memory.copy(this.#word(RESULT_OUTGOING_AT), length),
      passed: engine.values.take(this.#word(RESULT_VALUE)),
      more: this.#more,
    };
    // the numbers that were sent are closed; their values travel with the piece
    if (engine.values.pending) engine.settle();
    return piece;
  }

  /** See Batch.discard. */
  discard(): void {
    try {
      if (this.#holds) this.commit();
      this.#deferredError = undefined;
      while (this.take()?.more) {
        // each take() removes the bytes that it returns from the queue
      }
    } catch {
      // the caller throws the error that made it discard the queue
    }
  }

  /** See Batch.flushInto. */
  flushInto(into: Uint8Array, at: number): number {
    const from = at;
    for (;;) {
      const length = this.#flush();
      if (length > 0) {
        const start = this.#word(RESULT_OUTGOING_AT);
        try {
          into.set(this.#engine.memory.u8.subarray(start, start + length), at);
        } catch (cause) {
          const detail = "the buffer to write to has been detached or resized";
          throw invalid("imsgbuf_write", detail, cause);
        }
        at += length;
      }
      if (length === 0 || !this.#more) return at - from;
    }
  }
}
