import { checkPid, checkSize } from "../module/check.ts";
import { type Engine, WINDOW } from "../module/engine.ts";
import { type ImsgError, truncated } from "../module/error.ts";
import type { Pointer } from "../module/exports.ts";
import { Owner } from "../module/live.ts";
import { ImsgMessage, PassedMessage } from "./message.ts";

/** Chunks shorter than this are put together before they cross the border. */
const TINY = 512;
const STAGE = 4096;
/** Payloads from here on need not have a buffer of their own. */
const LARGE = 4096;
export const HEADER = 16;
// words of struct batch_result
const COUNT = 0;
const ERROR = 1;
const NEED = 2;
const HAVE = 3;
const TOTAL = 4;
const FIRST = 5;
const NFDS = 6;
const FD_MESSAGE = 7;
const FD = 9;

// flags of batch_open
const FDPASS = 1;
const CLASSIC = 2;

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
  /** Whether descriptors pass. */
  fdpass?: boolean;
  /** How headers look on the wire: see {@link Dialect}. */
  dialect?: Dialect;
}

/**
 * How the peer writes the length of a message: with 32 bits and the mark of a
 * descriptor in bit 31 (imsg.h of late 2024 and after), or with 16 bits and a
 * mark among 16 flags (before). Without a descriptor they are the same bytes.
 */
export type Dialect = "current" | "classic";

/**
 * The reading half of a {@link Batch}: takes a chunk and gives its messages in
 * one call. Every byte goes through the original's
 * imsgbuf_read; payloads that lie whole in the chunk are
 * handed out from there, because the bytes are the same.
 */
export abstract class BatchReader extends Owner {
  /** @internal */
  protected readonly pointer: Pointer;
  /** @internal */
  protected readonly window: Pointer;
  /** Index of struct batch_result's first word. @internal */
  protected readonly result: number;
  readonly #dialect: Dialect;
  readonly #headers: number;
  /** Bytes of the message under way that the module has. */
  #begun = 0;
  /** Bytes until a message can be complete. */
  #need = HEADER;
  #stage: Uint8Array<ArrayBuffer> | undefined;
  #staged = 0;

  constructor(engine: Engine, { maxSize, pid, fdpass = false, dialect = "current" }: BatchOptions) {
    const pointer = engine.call.batch_open(
      checkSize(maxSize, "maxSize", "imsgbuf_set_maxsize"),
      checkPid(pid, "imsgbuf_init"),
      (fdpass ? FDPASS : 0) | (dialect === "classic" ? CLASSIC : 0),
    );
    if (pointer === 0) {
      const refused = engine.errno() === "EINVAL";
      throw refused
        ? engine.failure("imsgbuf_set_maxsize", { detail: `maxSize ${maxSize}` })
        : engine.failure("imsgbuf_init");
    }
    super(engine, "batch", pointer, (e) => e.exports.batch_close(pointer));
    this.pointer = pointer;
    this.#dialect = dialect;
    this.window = engine.exports.batch_window();
    this.result = engine.exports.batch_result() >> 2;
    this.#headers = engine.exports.batch_headers() >> 2;
  }

  /**
   * Adds the messages that a chunk completes to `out`. Returns the error of a
   * bad header behind them, after which nothing may be decoded any more. A
   * descriptor that came with the chunk is the original's, to pass or to close.
   */
  decode(chunk: Uint8Array, sharing: Sharing, out: ImsgMessage[], fd = -1): ImsgError | undefined {
    this.at("imsgbuf_read");
    // what comes with a chunk must not come with the bytes before it
    if (fd !== -1) {
      const error = this.#unstage(out);
      if (error !== undefined) {
        this.engine.call.kernel_close(fd);
        return error;
      }
    }
    if (fd === -1 && this.stage(chunk)) return undefined;
    const staged = this.#staged;
    const length = chunk.length;
    this.#staged = 0;
    let error: ImsgError | undefined;
    let from = 0;
    // staged bytes come first; the messages they belong to began before the chunk
    if (staged > 0) {
      from = Math.min(length, WINDOW - staged);
      const u8 = this.#u8("imsgbuf_read");
      u8.set(this.#stage!.subarray(0, staged), this.window);
      u8.set(from === length ? chunk : chunk.subarray(0, from), this.window + staged);
      this.#begun += staged;
      error = this.#read(staged + from, -staged, chunk, sharing, out, staged, -1);
    }
    while (from < length && error === undefined) {
      const n = Math.min(length - from, WINDOW);
      error = this.#piece(chunk, from, n, sharing, out, from === 0 ? fd : -1);
      from += n;
    }
    return error;
  }

  /**
   * Keeps a chunk that is short and completes nothing, to be read together with
   * the next ones; false if it must be decoded. What is kept is a copy.
   */
  stage(chunk: Uint8Array): boolean {
    const { length } = chunk;
    const end = this.#staged + length;
    if (length >= TINY || end >= this.#need || end > STAGE) return false;
    this.at("imsgbuf_read");
    this.#stage ??= new Uint8Array(STAGE);
    this.#stage.set(chunk, this.#staged);
    this.#staged = end;
    return true;
  }

  /** Reads what was put together. */
  #unstage(out: ImsgMessage[]): ImsgError | undefined {
    const n = this.#staged;
    if (n === 0) return undefined;
    this.#staged = 0;
    return this.#piece(this.#stage!.slice(0, n), 0, n, "none", out, -1);
  }

  /** Reads `n` bytes of a chunk, from a place on. */
  #piece(
    chunk: Uint8Array,
    from: number,
    n: number,
    sharing: Sharing,
    out: ImsgMessage[],
    fd: number,
  ): ImsgError | undefined {
    const piece = n === chunk.length ? chunk : chunk.subarray(from, from + n);
    this.#u8("imsgbuf_read").set(piece, this.window);
    return this.#read(n, from, chunk, sharing, out, 0, fd);
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
    fd: number,
  ): ImsgError | undefined {
    const { engine } = this;
    let rv: number;
    try {
      rv = engine.exports.batch_read(this.pointer, n, fd);
    } catch (cause) {
      throw engine.trap(cause, "imsgbuf_read");
    }
    const words = engine.memory.u32;
    const before = out.length;
    const count = words[this.result + COUNT]!;
    const first = words[this.result + FIRST]!;
    // where the first message begins in the chunk; before it if negative
    let start = from - (this.#begun - counted);
    const buffer = chunk.buffer as ArrayBuffer;
    const base = chunk.byteOffset;
    // whatever the chunk is, slices of this are plain, and have buffers of their own
    const plain = new Uint8Array(buffer, base, chunk.length);
    const empty = sharing === "chunk" ? sharedEmpty() : undefined;
    for (let i = 0, w = this.#headers; i < count; i++, w += 4) {
      const size = words[w + 1]! - HEADER;
      let data: Uint8Array<ArrayBuffer>;
      if (size === 0) data = empty ?? new Uint8Array(0);
      // a header may be older than the chunk that has all of the payload
      else if (start + HEADER < 0) data = engine.memory.copy(first, size);
      else if (
        sharing === "chunk" ||
        (sharing === "large" && size >= LARGE && size * 2 > buffer.byteLength)
      ) {
        data = new Uint8Array(buffer, base + start + HEADER, size);
      } else data = plain.slice(start + HEADER, start + HEADER + size);
      out.push(new ImsgMessage(words[w]!, words[w + 2]!, words[w + 3]!, data));
      start += size + HEADER;
    }
    for (let i = words[this.result + NFDS]! - 1; i >= 0; i--) {
      const at = before + words[this.result + FD_MESSAGE + i]!;
      out[at] = new PassedMessage(out[at]!, engine, words[this.result + FD + i]!);
    }
    // settling runs the user's code, which may read other messages
    let error: ImsgError | undefined;
    if (rv === -1) {
      const number = words[this.result + ERROR]!;
      const detail = this.#badHeader(start - from);
      error = engine.failureOf(number, "imsgbuf_read", { detail, fromPeer: true });
    }
    this.#begun = from + n - start;
    this.#need = words[this.result + NEED]!;
    if (first !== 0) engine.exports.batch_release();
    if (engine.values.pending) engine.settle();
    return error;
  }

  /** What the header that was refused says; it stands so far into the window. */
  #badHeader(at: number): string {
    // up to 15 bytes of it lie before the window, where the original had them
    const header = this.engine.memory.copy(this.window + at, HEADER);
    const view = new DataView(header.buffer);
    const [type, length, peerid, pid] = [0, 4, 8, 12].map((word) => view.getUint32(word, true));
    const detail = `header type ${type}, len ${length}, peerid ${peerid}, pid ${pid}`;
    const marked = this.#dialect === "current" && length! >>> 16 === 1;
    return marked ? `${detail}; the peer may speak the classic dialect` : detail;
  }

  /** The stream has ended: the error if that was inside a message. */
  end(): ImsgError | undefined {
    this.at("imsgbuf_read");
    const { engine } = this;
    const error = this.#unstage([]);
    if (error !== undefined) return error;
    engine.enter("imsgbuf_read");
    try {
      engine.exports.batch_read(this.pointer, 0, -1);
    } catch (cause) {
      throw engine.trap(cause, "imsgbuf_read");
    }
    const words = engine.memory.u32;
    const total = words[this.result + TOTAL]!;
    if (total === 0) return undefined;
    return truncated("imsgbuf_read", words[this.result + HAVE]!, total);
  }

  /** Frees it with everything queued. Idempotent. */
  dispose(): void {
    if (this.disposed || this.engine.trapped !== undefined) return;
    this.engine.enter("imsgbuf_clear");
    this.retire("disposed");
    this.#stage = undefined;
    this.engine.call.batch_close(this.pointer);
  }
}

let EMPTY = /* @__PURE__ */ new Uint8Array(/* @__PURE__ */ new ArrayBuffer(1), 0, 0);

/**
 * No bytes, for all who may share memory: it costs as much to make as any other
 * view. One whose buffer somebody has transferred is replaced.
 */
function sharedEmpty(): Uint8Array<ArrayBuffer> {
  if (EMPTY.buffer.byteLength === 0) EMPTY = new Uint8Array(new ArrayBuffer(1), 0, 0);
  return EMPTY;
}
