import { Queue } from "../channel/queue.ts";
import type { Passed } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";

/** The side of a transport that a {@link WriteQueue} writes to, and reports to. */
export interface Writer {
  /**
   * Writes some of the bytes, the value with the first of them, and returns how
   * many, perhaps by a promise. 0 means that there is no room: the transport calls
   * {@link WriteQueue.proceed} when there is some. Throws, or rejects, if nothing
   * can be sent any more. The queue closes a value that has been written.
   */
  write(bytes: Uint8Array<ArrayBuffer>, passed: Passed | undefined): number | Promise<number>;
  /** Ends the sending side; every byte has been written. Throws as `write` does. */
  shutdown(): void | Promise<void>;
  /** There is room again after a `send` that returned false. Never called from `send`. */
  drained(): void;
  /** Sending has failed for good. Never called from `send` or `end`. */
  failed(error: unknown): void;
}

interface Piece {
  bytes: Uint8Array<ArrayBuffer>;
  passed: Passed | undefined;
}

const discard = (passed: Passed | undefined): void => passed?.dispose?.(passed.value);

/**
 * The bytes that a transport has taken and the operating system has not: counts
 * them, writes them in order, asks the channel to wait at its high-water mark, and
 * ends the sending side after the last one.
 */
export class WriteQueue {
  readonly #writer: Writer;
  readonly #pieces = new Queue<Piece>();
  #unsent = 0; // bytes
  #values = 0; // pieces whose value has not been written
  #mark = 1;
  #full = false;
  #busy = false; // a write or the shutdown is under way
  #ending = false;
  #ended = false;
  #failed = false;
  #dropped = false;
  #finished: Promise<void> | undefined;
  #finish: (() => void) | undefined;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Bytes that the operating system has not taken. Stays as it is after a failure. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Whether bytes wait that `proceed` would write. */
  get waits(): boolean {
    return !this.over && this.#pieces.length > 0;
  }

  /** Whether the sending side has ended: every byte was written, and the shutdown is done. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether nothing will be written any more: ended, failed or dropped. */
  get over(): boolean {
    return this.#ended || this.#failed || this.#dropped;
  }

  /**
   * Takes bytes, and writes them if nothing waits before them. Returns false if
   * `highWaterMark` bytes or a value wait: values are scarce, so that one that
   * waits makes the channel wait. Throws EPIPE if nothing can be sent any more.
   */
  send(bytes: Uint8Array<ArrayBuffer>, passed: Passed | undefined, highWaterMark: number): boolean {
    if (this.over || this.#ending) {
      discard(passed);
      throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
    }
    this.#mark = highWaterMark;
    this.#pieces.push({ bytes, passed });
    this.#unsent += bytes.length;
    if (passed !== undefined) this.#values++;
    if (this.#pieces.length === 1) this.#write();
    this.#full = this.#isFull;
    return !this.#full;
  }

  /** Writes the pieces that wait, as far as there is room. */
  proceed(): void {
    this.#write();
    if (!this.#full || this.#isFull || this.over) return;
    this.#full = false;
    this.#writer.drained();
  }

  /**
   * Ends the sending side after the last byte. The promise is fulfilled when that
   * is done, or after `failed` was called, or after {@link drop}; `unsent` counts
   * the bytes that were lost. Idempotent.
   */
  end(): Promise<void> {
    this.#finished ??= new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#ending = true;
    if (this.over) this.#finish?.();
    else this.#write();
    return this.#finished;
  }

  /** Drops the pieces that wait, and closes their values. */
  drop(): void {
    this.#dropped = true;
    this.#forget();
    this.#finish?.();
  }

  get #isFull(): boolean {
    return this.#failed || this.#unsent >= this.#mark || this.#values > 0;
  }

  #forget(): void {
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      discard(piece.passed);
    }
  }

  #write(): void {
    if (this.#busy) return;
    try {
      for (let piece = this.#pieces.peek(); piece !== undefined; piece = this.#pieces.peek()) {
        const written = this.#writer.write(piece.bytes, piece.passed);
        if (typeof written !== "number") {
          this.#await(written.then((count) => this.#wrote(piece, count)));
          return;
        }
        if (written === 0) return;
        this.#wrote(piece, written);
      }
      if (!this.#ending || this.over) return;
      const done = this.#writer.shutdown();
      if (done === undefined) this.#conclude();
      else this.#await(done.then(() => this.#conclude()));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Continues after a write or the shutdown that takes time. */
  #await(pending: Promise<void>): void {
    this.#busy = true;
    pending.then(
      () => {
        this.#busy = false;
        if (!this.over) this.proceed();
      },
      (error) => this.#fail(error),
    );
  }

  #wrote(piece: Piece, count: number): void {
    if (this.over) return;
    this.#unsent -= count;
    if (piece.passed !== undefined) {
      discard(piece.passed); // a copy of it is on its way
      piece.passed = undefined;
      this.#values--;
    }
    if (count === piece.bytes.length) this.#pieces.shift();
    else piece.bytes = piece.bytes.subarray(count);
  }

  #conclude(): void {
    if (this.over) return;
    this.#ended = true;
    this.#finish?.();
  }

  #fail(error: unknown): void {
    if (this.over) return;
    this.#failed = true;
    this.#forget();
    // the caller may be inside `send`, where the channel does not expect a call
    queueMicrotask(() => {
      if (!this.#dropped) this.#writer.failed(error);
      this.#finish?.();
    });
  }
}
