import { type Bytes, checkBytes, checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { layout, type Pointer } from "../module/exports.ts";
import { Owner, type Root } from "../module/live.ts";
import { allocateView, checkIbuf, Ibuf } from "./ibuf.ts";
import { borrow, put, release } from "./scratch.ts";

const at = layout.imsg;

/** The four words of a message's header. */
export interface ImsgHeader {
  /** What kind of message it is; the protocol's own number. */
  readonly type: number;
  /** Length in bytes, header included. */
  readonly len: number;
  /** An id that the protocol gives a meaning, often of a peer. */
  readonly peerid: number;
  /** The sender's process id, unsigned as in the header. */
  readonly pid: number;
}

/**
 * A received message: C's `struct imsg`. It owns its payload and descriptor
 * until it is freed. Every method may throw ERR_IMSG_DISPOSED.
 */
export class Imsg extends Owner {
  /** The header as it was received, without the mark of a descriptor in `len`. */
  readonly hdr: ImsgHeader;
  readonly #root: Root = { version: 0 };

  /** @internal */
  constructor(engine: Engine, pointer: Pointer) {
    super(engine, "imsg", pointer, (e) => {
      e.exports.imsg_get_fd(pointer);
      e.exports.imsg_free(pointer);
      e.exports.free(pointer);
    });
    const { memory } = engine;
    this.hdr = Object.freeze({
      type: memory.word(pointer + at.type),
      len: memory.word(pointer + at.len),
      peerid: memory.word(pointer + at.peerid),
      pid: memory.word(pointer + at.pid),
    });
  }

  /**
   * A copy of the whole payload, however much of it has been read; undefined
   * if it is empty. The `data` of C's structure.
   */
  get data(): Uint8Array<ArrayBuffer> | undefined {
    const { memory } = this.engine;
    const pointer = this.at("imsg_get_data");
    const data = memory.word(pointer + at.data);
    return data === 0 ? undefined : memory.copy(data, memory.word(pointer + at.len) - 16);
  }

  /** A view of what is left of the payload, which is read. `imsg_get_ibuf`. Throws EBADMSG if that is nothing, ENOMEM. */
  getIbuf(): Ibuf {
    const pointer = this.at("imsg_get_ibuf");
    const view = allocateView(this.engine, "imsg_get_ibuf");
    if (this.engine.call.imsg_get_ibuf(pointer, view) === -1) {
      const failure = this.engine.failure("imsg_get_ibuf");
      release(this.engine, view);
      throw failure;
    }
    const root = this.#root;
    return new Ibuf(this.engine, view, { root, version: root.version, parent: this });
  }

  /**
   * Reads the rest of the payload, which must be exactly `len` bytes long.
   * `imsg_get_data`. Throws EINVAL if len is 0, EBADMSG if it is another.
   */
  getData(len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.at("imsg_get_data");
    const n = checkSize(len, "len", "imsg_get_data");
    const { call, memory } = this.engine;
    const to = borrow(this.engine, Math.min(n, this.getLen()), "imsg_get_data");
    try {
      if (call.imsg_get_data(pointer, to, n) === -1) throw this.engine.failure("imsg_get_data");
      return memory.copy(to, n);
    } finally {
      release(this.engine, to);
    }
  }

  /** Takes the descriptor: its number, or -1; it is the caller's. `imsg_get_fd`. */
  getFd(): number {
    return this.engine.call.imsg_get_fd(this.at("imsg_get_fd"));
  }

  /** The header's peerid. `imsg_get_id`. */
  getId(): number {
    return this.engine.call.imsg_get_id(this.at("imsg_get_id")) >>> 0;
  }

  /** How many bytes of the payload have not been read. `imsg_get_len`. */
  getLen(): number {
    return this.engine.call.imsg_get_len(this.at("imsg_get_len")) >>> 0;
  }

  /** The header's pid, signed as in C. `imsg_get_pid`. */
  getPid(): number {
    return this.engine.call.imsg_get_pid(this.at("imsg_get_pid")) | 0;
  }

  /** The header's type. `imsg_get_type`. */
  getType(): number {
    return this.engine.call.imsg_get_type(this.at("imsg_get_type")) >>> 0;
  }

  /** Wipes and frees the message, and closes its descriptor. `imsg_free`. */
  free(): void {
    const pointer = this.at("imsg_free");
    this.engine.enter("imsg_free");
    this.#root.version++;
    this.retire("disposed");
    this.engine.call.imsg_free(pointer);
    release(this.engine, pointer);
  }

  /** The same as {@link free}, but idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.free();
  }

  /**
   * Adds to a message made with {@link Imsgbuf.create}; returns how many bytes.
   * `imsg_add`. Throws ERANGE or ENOMEM, and the message has been freed then;
   * EINVAL for a view.
   */
  static add(msg: Ibuf, data: Bytes): number {
    const ibuf = checkIbuf(msg, "imsg_add");
    const { engine } = ibuf;
    const bytes = engine.outside(checkBytes(data, "imsg_add"));
    // C aborts on a view only when there is something to add
    const pointer = bytes.length === 0 ? ibuf.pointer("imsg_add") : ibuf.give("imsg_add");
    const from = putOrFree(ibuf, bytes);
    try {
      return engine.held(() => {
        const size = engine.memory.word(pointer + layout.ibuf.size);
        const rv = engine.call.imsg_add(pointer, from, bytes.length);
        if (rv === -1) {
          ibuf.markFreed();
          throw engine.failure("imsg_add");
        }
        if (engine.memory.word(pointer + layout.ibuf.size) !== size) ibuf.root.version++;
        return rv;
      });
    } finally {
      release(engine, from);
    }
  }
}

/** No memory for the bytes is no memory for the message: it ends as in C. */
function putOrFree(ibuf: Ibuf, bytes: Uint8Array<ArrayBufferLike>): Pointer {
  try {
    return put(ibuf.engine, bytes, "imsg_add");
  } catch (error) {
    ibuf.dispose();
    throw error;
  }
}
