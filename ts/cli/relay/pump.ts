import { SLICE } from "./buffers.ts";
import type { Wire } from "./wire.ts";

/** Chunks shorter than half of this, in bytes, are collected in blocks of so many bytes while they wait. */
const BLOCK = 4096;

/** The callbacks and the source of a {@link Pump}. */
export interface PumpParts {
  /** The source of the bytes, which is paused while they cannot pass. */
  from: Wire;
  /** Whether there is room for the encoded bytes. */
  ready(): boolean;
  /** Takes a slice of at most {@link SLICE} bytes, and keeps nothing of it. An error that it throws ends the pump. */
  pass(slice: Buffer<ArrayBuffer>): void;
  /** The source has ended, and everything from it has passed. An error ends the pump likewise. */
  finish(): void;
  /** The first error. Nothing follows it. */
  failed(error: unknown): void;
}

/**
 * One direction of a connection. Decodes a slice only when there is room for it,
 * and returns to the event loop after each, so that no chunk, however large,
 * holds up other connections.
 */
export class Pump {
  readonly #parts: PumpParts;
  #chunks: Buffer<ArrayBuffer>[] = [];
  #offset = 0;
  /** The memory of the last chunk, if that is a block of short chunks. */
  #block: ArrayBuffer | undefined;
  #paused = false;
  #scheduled = false;
  #over = false;
  /** The end of the source behind the chunks: undefined in the array, or an error. */
  #last: [unknown] | undefined;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Whether the source is paused because its bytes cannot pass. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Adds a chunk of the source, which may change after the call if the source lends it. */
  add(chunk: Buffer<ArrayBuffer>): void {
    if (this.#over || this.#collected(chunk)) return;
    this.#chunks.push(chunk);
    if (!this.#scheduled) this.#run();
    if (this.#parts.from.lends && this.#chunks.at(-1) === chunk) this.#keep();
  }

  /** Collects a short chunk behind others that wait: each would cost some 200 bytes besides its own. */
  #collected(chunk: Buffer<ArrayBuffer>): boolean {
    const last = this.#chunks.at(-1);
    if (last === undefined || chunk.length >= BLOCK / 2) return false;
    const room = this.#block === last.buffer ? BLOCK - last.length : 0;
    if (room >= chunk.length) {
      const all = Buffer.from(last.buffer, 0, last.length + chunk.length);
      chunk.copy(all, last.length);
      this.#chunks[this.#chunks.length - 1] = all;
    } else {
      const block = Buffer.allocUnsafeSlow(BLOCK);
      this.#block = block.buffer;
      chunk.copy(block);
      this.#chunks.push(block.subarray(0, chunk.length));
    }
    return true;
  }

  /** Replaces the last chunk by a copy of its rest. */
  #keep(): void {
    const chunk = this.#chunks.pop()!;
    const first = this.#chunks.length === 0;
    this.#chunks.push(Buffer.from(first ? chunk.subarray(this.#offset) : chunk));
    if (first) this.#offset = 0;
  }

  /** Notes that the source has ended, with an error or without. The chunks before pass first. */
  end(error?: unknown): void {
    if (this.#over || this.#last !== undefined) return;
    this.#last = [error];
    if (!this.#scheduled) this.#run();
  }

  /** There may be room again. */
  kick(): void {
    if (!this.#over && !this.#scheduled) this.#run();
  }

  /** Drops the chunks that wait. */
  stop(): void {
    this.#over = true;
    this.#chunks = [];
  }

  #run(): void {
    const { from, ready, failed, finish, pass } = this.#parts;
    try {
      if (this.#chunks.length > 0 && ready()) pass(this.#next());
      if (this.#over) return;
      if (this.#chunks.length === 0 && this.#last !== undefined) {
        const [error] = this.#last;
        this.#over = true;
        if (error === undefined) finish();
        else failed(error);
        return;
      }
    } catch (error) {
      this.stop();
      failed(error);
      return;
    }
    const room = ready();
    this.#pause(!room || this.#chunks.length > 0, from);
    if (room && this.#chunks.length > 0) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#over) this.#run();
    });
  }

  #pause(paused: boolean, from: Wire): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) from.pause();
    else from.resume();
  }

  /** Removes the next slice from the chunks. */
  #next(): Buffer<ArrayBuffer> {
    const chunk = this.#chunks[0]!;
    const at = this.#offset;
    const end = Math.min(chunk.length, at + SLICE);
    if (end < chunk.length) this.#offset = end;
    else {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
  }
}
