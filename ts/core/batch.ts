import { type Bytes, checkBytes, checkPid, checkSize, checkU32 } from "./check.ts";
import type { Engine } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";
import { ImsgMessage, type MessageInit } from "./message.ts";
import { Owner } from "./owner.ts";
import { truncated } from "./reading.ts";

/** How many bytes of a chunk one call can take (BATCH_WINDOW). */
const WINDOW = 65520;
/** Chunks shorter than this are put together before they cross the border. */
const TINY = 512;
const STAGE = 4096;
/** Payloads from here on need not have a buffer of their own. */
const LARGE = 4096;
const HEADER = 16;
const RECORD = 20;

// words of struct batch_result
const COUNT = 0;
const ERROR = 1;
const NEED = 2;
const HAVE = 3;
const TOTAL = 4;
const FIRST = 5;
const TXLEN = 11;
const MORE = 13;

const EMPTY = new Uint8Array(0);

/** What a message's data may share memory with. */
export type Sharing =
  /** the chunk it came in */
  | "chunk"
  /** nothing, except that it may be most of the chunk it came in */
  | "large"
  /** nothing */
  | "none";

/** What a batch is made with. */
export interface BatchOptions {
  maxSize: number;
  /** 0: the process's. */
  pid: number;
}

/**
 * An imsgbuf that takes a chunk and gives its messages in one call, and takes
 * messages and gives their bytes. Every byte goes through the original's
 * imsgbuf_read and imsgbuf_write; payloads that lie whole in the chunk are
 * handed out from there, because the bytes are the same.
 */
export class Batch extends Owner {
  readonly #pointer: Pointer;
  readonly #window: Pointer;
  readonly #outgoing: Pointer;
  readonly #result: number;
  readonly #headers: number;
  /** Bytes of the message under way that the module has. */
  #begun = 0;
  /** Bytes until a message can be complete. */
  #need = HEADER;
  #stage: Uint8Array<ArrayBuffer> | undefined;
  #staged = 0;

  constructor(engine: Engine, { maxSize, pid }: BatchOptions) {
    const pointer = engine.call.batch_open(
      checkSize(maxSize, "maxSize", "imsgbuf_set_maxsize"),
      checkPid(pid, "imsgbuf_init"),
      0,
    );
    if (pointer === 0) throw engine.failure("imsgbuf_init");
    super(engine, "batch", pointer, (e) => e.exports.batch_close(pointer));
    this.#pointer = pointer;
    this.#window = engine.exports.batch_window();
    this.#outgoing = engine.exports.batch_outgoing();
    this.#result = engine.exports.batch_result() >> 2;
    this.#headers = engine.exports.batch_headers() >> 2;
  }

  /**
   * Adds the messages that a chunk completes to `out`. Returns the error of a
   * bad header behind them, after which nothing may be decoded any more.
   */
  decode(chunk: Uint8Array, sharing: Sharing, out: ImsgMessage[]): ImsgError | undefined {
    this.at("imsgbuf_read");
    const staged = this.#staged;
    const length = chunk.length;
    if (length < TINY && staged + length < this.#need && staged + length <= STAGE) {
      this.#stage ??= new Uint8Array(STAGE);
      this.#stage.set(chunk, staged);
      this.#staged += length;
      return undefined;
    }
    this.#staged = 0;
    let error: ImsgError | undefined;
    let from = 0;
    // staged bytes come first; the messages they belong to began before the chunk
    if (staged > 0) {
      from = Math.min(length, WINDOW - staged);
      const u8 = this.#u8("imsgbuf_read");
      u8.set(this.#stage!.subarray(0, staged), this.#window);
      u8.set(from === length ? chunk : chunk.subarray(0, from), this.#window + staged);
      this.#begun += staged;
      error = this.#read(staged + from, -staged, chunk, sharing, out, staged);
    }
    while (from < length && error === undefined) {
      const n = Math.min(length - from, WINDOW);
      const piece = n === length ? chunk : chunk.subarray(from, from + n);
      this.#u8("imsgbuf_read").set(piece, this.#window);
      error = this.#read(n, from, chunk, sharing, out, 0);
      from += n;
    }
    return error;
  }

  #u8(syscall: string): Uint8Array<ArrayBuffer> {
    this.engine.enter(syscall);
    return this.engine.memory.u8;
  }

  /** Reads `n` bytes of the window, which begin at `from` in the chunk. */
  #read(
    n: number,
    from: number,
    chunk: Uint8Array,
    sharing: Sharing,
    out: ImsgMessage[],
    counted: number,
  ): ImsgError | undefined {
    const { engine } = this;
    let rv: number;
    try {
      rv = engine.exports.batch_read(this.#pointer, n, -1);
    } catch (cause) {
      throw engine.trap(cause, "imsgbuf_read");
    }
    const words = engine.memory.u32;
    const count = words[this.#result + COUNT]!;
    const first = words[this.#result + FIRST]!;
    // where the first message begins in the chunk; before it if negative
    let start = from - (this.#begun - counted);
    const buffer = chunk.buffer;
    const base = chunk.byteOffset;
    for (let i = 0, w = this.#headers; i < count; i++, w += 4) {
      const size = words[w + 1]! - HEADER;
      let data: Uint8Array<ArrayBuffer>;
      if (size === 0) data = EMPTY;
      else if (start < 0) data = engine.memory.copy(first, size);
      else if (sharing === "chunk") {
        data = new Uint8Array(buffer as ArrayBuffer, base + start + HEADER, size);
      } else if (sharing === "large" && size >= LARGE && size * 2 > buffer.byteLength) {
        data = new Uint8Array(buffer as ArrayBuffer, base + start + HEADER, size);
      } else data = own(chunk, start + HEADER, size);
      out.push(new ImsgMessage(words[w]!, words[w + 2]!, words[w + 3]!, data));
      start += size + HEADER;
    }
    if (first !== 0) engine.exports.batch_release();
    if (rv === -1) {
      const at = engine.memory.int((this.#result + ERROR) << 2);
      return engine.failureOf(at, "imsgbuf_read", this.#badHeader(chunk, start));
    }
    this.#begun = from + n - start;
    this.#need = words[this.#result + NEED]!;
    return undefined;
  }

  /** What the header at a place of the chunk says, as far as it lies there. */
  #badHeader(chunk: Uint8Array, start: number): string | undefined {
    if (start < 0 || start + HEADER > chunk.length) return undefined;
    const view = new DataView(chunk.buffer, chunk.byteOffset + start, HEADER);
    const [type, length, peerid, pid] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
    return `header type ${type}, len ${length}, peerid ${peerid}, pid ${pid}`;
  }

  /** The stream has ended: the error if that was inside a message. */
  end(): ImsgError | undefined {
    this.at("imsgbuf_read");
    const { engine } = this;
    if (this.#staged > 0) {
      const staged = this.#stage!.slice(0, this.#staged);
      this.#staged = 0;
      this.#u8("imsgbuf_read").set(staged, this.#window);
      const error = this.#read(staged.length, 0, staged, "none", [], 0);
      if (error !== undefined) return error;
    }
    engine.enter("imsgbuf_read");
    try {
      engine.exports.batch_read(this.#pointer, 0, -1);
    } catch (cause) {
      throw engine.trap(cause, "imsgbuf_read");
    }
    const words = engine.memory.u32;
    const total = words[this.#result + TOTAL]!;
    if (total === 0) return undefined;
    return truncated("imsgbuf_read", words[this.#result + HAVE]!, total);
  }

  /**
   * Queues a message; returns its length with the header. Throws ERANGE if it
   * is too large, EINVAL, ENOMEM.
   */
  compose(init: MessageInit): number {
    this.at("imsg_compose");
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
          : checkBytes(data as Bytes, "imsg_compose");
    const pieces =
      one === undefined ? (data as Bytes[]).map((d) => checkBytes(d, "imsg_compose")) : undefined;
    let length = 0;
    if (pieces === undefined) length = one!.length;
    else for (const piece of pieces) length += piece.length;
    engine.enter("imsg_compose");
    try {
      let at: Pointer;
      const small = length <= WINDOW - RECORD;
      if (small) {
        const words = engine.memory.u32;
        const w = this.#window >> 2;
        words[w] = type;
        words[w + 1] = peerid;
        words[w + 2] = pid;
        words[w + 3] = 0xffffffff;
        words[w + 4] = length;
        at = this.#window + RECORD;
      } else {
        at = engine.exports.batch_create(this.#pointer, type, peerid, pid, length);
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
      if (!small) engine.exports.batch_finish(this.#pointer, -1);
      else if (engine.exports.batch_compose(this.#pointer, 1, 0) !== 1) {
        throw this.#error("imsg_compose");
      }
    } catch (cause) {
      throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsg_compose");
    }
    return length + HEADER;
  }

  #error(syscall: string): ImsgError {
    const number = this.engine.memory.int((this.#result + ERROR) << 2);
    return this.engine.failureOf(number, syscall);
  }

  /** Takes everything that is queued: its bytes, or undefined if that's none. */
  flush(): Uint8Array<ArrayBuffer> | undefined {
    this.at("imsgbuf_write");
    const { engine } = this;
    let all: Uint8Array<ArrayBuffer>[] | undefined;
    for (;;) {
      engine.enter("imsgbuf_write");
      try {
        if (engine.exports.batch_flush(this.#pointer) === -1) throw this.#error("imsgbuf_write");
      } catch (cause) {
        throw cause instanceof ImsgError ? cause : engine.trap(cause, "imsgbuf_write");
      }
      const words = engine.memory.u32;
      const length = words[this.#result + TXLEN]!;
      const more = words[this.#result + MORE] !== 0 && length > 0;
      const bytes = length === 0 ? undefined : engine.memory.copy(this.#outgoing, length);
      if (!more && all === undefined) return bytes;
      all ??= [];
      if (bytes !== undefined) all.push(bytes);
      if (!more) return concat(all);
    }
  }

  /** Frees it with everything queued. Idempotent. */
  dispose(): void {
    if (!this.retire("disposed")) return;
    this.#stage = undefined;
    if (this.engine.trapped === undefined) this.engine.call.batch_close(this.#pointer);
  }
}

/** A copy in a buffer of its own; typed arrays' slice would keep Buffer's pool. */
function own(chunk: Uint8Array, at: number, size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  if (size > 64) {
    data.set(new Uint8Array(chunk.buffer, chunk.byteOffset + at, size));
    return data;
  }
  for (let i = 0; i < size; i++) data[i] = chunk[at + i]!;
  return data;
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
