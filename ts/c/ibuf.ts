import { type Bytes, checkBytes, checkFd, checkSize } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { layout, type Pointer } from "../module/exports.ts";
import { lend } from "../module/lent.ts";
import { checkOwner, type Owner } from "../module/live.ts";
import { IbufValues } from "./ibuf-values.ts";
import type { Msgbuf } from "./msgbuf.ts";
import { allocate, borrow, put, release } from "./scratch.ts";

/**
 * A buffer with a read and a write position: C's `struct ibuf`.
 *
 * An ibuf owns its memory until it is disposed, or until C takes it
 * ({@link close}, {@link Imsgbuf.close}, {@link Imsgbuf.composeIbuf}): then it
 * has moved. Views ({@link fromBuffer}, {@link fromIbuf}, {@link getIbuf},
 * {@link Imsg.getIbuf}) are C's ibufs on the stack: they borrow, can neither
 * grow nor be queued nor carry a descriptor, and are stale once the memory
 * behind them has grown, moved or gone.
 *
 * Every method may throw ERR_IMSG_MOVED, ERR_IMSG_DISPOSED or ERR_IMSG_STALE,
 * and EINVAL for arguments that C could not take.
 */
export class Ibuf extends IbufValues {
  /** @internal */
  static engine(): Engine {
    return defaultEngine();
  }

  /** A buffer of exactly `len` bytes that cannot grow. `ibuf_open`. Throws ENOMEM. */
  static open(len: number): Ibuf {
    const engine = this.engine();
    const pointer = engine.call.ibuf_open(checkSize(len, "len", "ibuf_open"));
    if (pointer === 0) throw engine.failure("ibuf_open");
    return new Ibuf(engine, pointer);
  }

  /**
   * A buffer of `len` bytes that grows up to `max`. `ibuf_dynamic`.
   * Throws EINVAL if max is 0 or less than len, ENOMEM.
   */
  static dynamic(len: number, max: number): Ibuf {
    const engine = this.engine();
    const pointer = engine.call.ibuf_dynamic(
      checkSize(len, "len", "ibuf_dynamic"),
      checkSize(max, "max", "ibuf_dynamic"),
    );
    if (pointer === 0) throw engine.failure("ibuf_dynamic");
    return new Ibuf(engine, pointer);
  }

  /**
   * A view of a copy of `data`, for reading with the get methods; the copy
   * lives as long as the view. `ibuf_from_buffer`. Throws ENOMEM.
   */
  static fromBuffer(data: Bytes): Ibuf {
    const engine = this.engine();
    const bytes = engine.outside(checkBytes(data, "ibuf_from_buffer"), 0);
    const memory = allocate(engine, bytes.length, "ibuf_from_buffer");
    engine.memory.u8.set(bytes, memory);
    const pointer = allocateView(engine, "ibuf_from_buffer", memory);
    engine.call.ibuf_from_buffer(pointer, memory, bytes.length);
    return new Ibuf(engine, pointer, { root: { version: 0 }, version: 0 }, memory);
  }

  /** A view of what `from` has to read. `ibuf_from_ibuf`. Throws ENOMEM. */
  static fromIbuf(from: Ibuf): Ibuf {
    const source = checkIbuf(from, "ibuf_from_ibuf");
    const { engine } = source;
    const parent = source.pointer("ibuf_from_ibuf");
    const pointer = allocateView(engine, "ibuf_from_ibuf");
    engine.call.ibuf_from_ibuf(pointer, parent);
    return source.view(pointer);
  }

  /**
   * A new view of this ibuf's memory, or of what this view itself borrows.
   * @internal
   */
  view(pointer: Pointer): Ibuf {
    return new Ibuf(this.engine, pointer, this.lend());
  }

  /** Adds bytes at the end. `ibuf_add`. Throws ERANGE, EINVAL, ENOMEM. */
  add(data: Bytes): void {
    const pointer = this.pointer("ibuf_add");
    const bytes = this.engine.outside(checkBytes(data, "ibuf_add"));
    const from = put(this.engine, bytes, "ibuf_add");
    try {
      this.grow(pointer, () => this.engine.call.ibuf_add(pointer, from, bytes.length), "ibuf_add");
    } finally {
      release(this.engine, from);
    }
  }

  /** Adds what another ibuf has to read. `ibuf_add_ibuf`. Throws ERANGE, EINVAL, ENOMEM. */
  addIbuf(from: Ibuf): void {
    const pointer = this.pointer("ibuf_add_ibuf");
    const source = checkSame(this, from, "ibuf_add_ibuf");
    if (from.sharesMemory(this)) {
      // growing may move the very bytes that are being added
      this.#addOwn(pointer, from.data());
      return;
    }
    this.grow(pointer, () => this.engine.call.ibuf_add_ibuf(pointer, source), "ibuf_add_ibuf");
  }

  #addOwn(pointer: Pointer, bytes: Uint8Array<ArrayBuffer>): void {
    const copy = put(this.engine, bytes, "ibuf_add_ibuf");
    try {
      const { call } = this.engine;
      this.grow(pointer, () => call.ibuf_add(pointer, copy, bytes.length), "ibuf_add_ibuf");
    } finally {
      release(this.engine, copy);
    }
  }

  /** Adds zero bytes. `ibuf_add_zero`. Throws ERANGE, EINVAL, ENOMEM. */
  addZero(len: number): void {
    const pointer = this.pointer("ibuf_add_zero");
    const n = checkSize(len, "len", "ibuf_add_zero");
    this.grow(pointer, () => this.engine.call.ibuf_add_zero(pointer, n), "ibuf_add_zero");
  }

  /**
   * Adds `len` bytes and returns their memory to be filled. It is the module's,
   * and valid until the next call into the library. `ibuf_reserve`.
   * Throws ERANGE, EINVAL for a view, ENOMEM.
   */
  reserve(len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_reserve");
    const n = checkSize(len, "len", "ibuf_reserve");
    let reserved = 0;
    this.grow(
      pointer,
      () => {
        reserved = this.engine.call.ibuf_reserve(pointer, n);
        return reserved === 0 ? -1 : 0;
      },
      "ibuf_reserve",
    );
    return lend(this.engine, reserved, n);
  }

  /**
   * The memory of `len` bytes from position `pos` on. It is the module's, and
   * valid until the next call into the library. `ibuf_seek`. Throws ERANGE.
   */
  seek(pos: number, len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_seek");
    const p = checkSize(pos, "pos", "ibuf_seek");
    const n = checkSize(len, "len", "ibuf_seek");
    const found = this.engine.call.ibuf_seek(pointer, p, n);
    if (found === 0) throw this.engine.failure("ibuf_seek");
    return lend(this.engine, found, n);
  }

  /** Overwrites bytes from position `pos` on. `ibuf_set`. Throws ERANGE. */
  set(pos: number, data: Bytes): void {
    const pointer = this.pointer("ibuf_set");
    const p = checkSize(pos, "pos", "ibuf_set");
    const bytes = this.engine.outside(checkBytes(data, "ibuf_set"));
    const from = put(this.engine, bytes, "ibuf_set");
    try {
      if (this.engine.call.ibuf_set(pointer, p, from, bytes.length) === -1) {
        throw this.engine.failure("ibuf_set");
      }
    } finally {
      release(this.engine, from);
    }
  }

  /** A copy of what there is to read, which stays there. `ibuf_data`. */
  data(): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_data");
    const from = this.engine.call.ibuf_data(pointer);
    return this.engine.memory.copy(from, this.engine.exports.ibuf_size(pointer));
  }

  /** How many bytes there are to read. `ibuf_size`. */
  get size(): number {
    return this.engine.call.ibuf_size(this.pointer("ibuf_size")) >>> 0;
  }

  /** How many bytes can still be added. `ibuf_left`. */
  get left(): number {
    return this.engine.call.ibuf_left(this.pointer("ibuf_left")) >>> 0;
  }

  /**
   * Makes what there is to read `len` bytes long, with zeros if that is more.
   * `ibuf_truncate`. Throws ERANGE, ENOMEM.
   */
  truncate(len: number): void {
    const pointer = this.pointer("ibuf_truncate");
    const n = checkSize(len, "len", "ibuf_truncate");
    this.grow(pointer, () => this.engine.call.ibuf_truncate(pointer, n), "ibuf_truncate");
  }

  /** Reads from the start again. `ibuf_rewind`. */
  rewind(): void {
    this.engine.call.ibuf_rewind(this.pointer("ibuf_rewind"));
  }

  /** Queues this ibuf for writing; it has moved. `ibuf_close`. Throws EINVAL for a view. */
  close(msgbuf: Msgbuf): void {
    const pointer = this.give("ibuf_close");
    const queue = checkOwner(msgbuf, "msgbuf", this.engine, "ibuf_close");
    this.engine.call.ibuf_close(queue.at("ibuf_close"), pointer);
    this.markMoved();
  }

  /** Reads `len` bytes, copied. `ibuf_get`. Throws EBADMSG. */
  get(len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_get");
    const n = checkSize(len, "len", "ibuf_get");
    // no memory for what C is going to refuse
    const to = borrow(this.engine, Math.min(n, this.size), "ibuf_get");
    try {
      if (this.engine.call.ibuf_get(pointer, to, n) === -1) throw this.engine.failure("ibuf_get");
      return this.engine.memory.copy(to, n);
    } finally {
      release(this.engine, to);
    }
  }

  /** A view of the next `len` bytes, which are read. `ibuf_get_ibuf`. Throws EBADMSG, ENOMEM. */
  getIbuf(len: number): Ibuf {
    const pointer = this.pointer("ibuf_get_ibuf");
    const n = checkSize(len, "len", "ibuf_get_ibuf");
    const view = allocateView(this.engine, "ibuf_get_ibuf");
    if (this.engine.call.ibuf_get_ibuf(pointer, n, view) === -1) {
      const failure = this.engine.failure("ibuf_get_ibuf");
      release(this.engine, view);
      throw failure;
    }
    return this.view(view);
  }

  /**
   * Reads `len` bytes and returns those before the first NUL, decoded as UTF-8
   * (what is none becomes U+FFFD). `ibuf_get_string`. Throws EBADMSG, ENOMEM.
   */
  getString(len: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.getStringBytes(len));
  }

  /**
   * Reads `len` bytes and returns those before the first NUL as they are.
   * `ibuf_get_string`. Throws EBADMSG, ENOMEM.
   */
  getStringBytes(len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_get_string");
    const string = this.engine.call.ibuf_get_string(
      pointer,
      checkSize(len, "len", "ibuf_get_string"),
    );
    if (string === 0) throw this.engine.failure("ibuf_get_string");
    const bytes = this.engine.memory.copy(
      string,
      this.engine.memory.u8.indexOf(0, string) - string,
    );
    release(this.engine, string);
    return bytes;
  }

  /** Passes over `len` bytes. `ibuf_skip`. Throws EBADMSG. */
  skip(len: number): void {
    const pointer = this.pointer("ibuf_skip");
    const n = checkSize(len, "len", "ibuf_skip");
    if (this.engine.call.ibuf_skip(pointer, n) === -1) throw this.engine.failure("ibuf_skip");
  }

  /** Whether a descriptor is attached. `ibuf_fd_avail`. */
  get fdAvail(): boolean {
    return this.engine.call.ibuf_fd_avail(this.pointer("ibuf_fd_avail")) !== 0;
  }

  /** Takes the descriptor: its number, or -1; it is the caller's. `ibuf_fd_get`. */
  fdGet(): number {
    return this.engine.call.ibuf_fd_get(this.pointer("ibuf_fd_get"));
  }

  /**
   * Attaches a descriptor, which belongs to the ibuf from then on; closes the
   * one before. A negative number attaches none. `ibuf_fd_set`. Throws EINVAL
   * for a view.
   */
  fdSet(fd: number): void {
    const pointer = this.give("ibuf_fd_set");
    this.engine.call.ibuf_fd_set(pointer, checkFd(fd, "ibuf_fd_set"));
  }
}

/** An argument that must be an ibuf. */
export function checkIbuf(value: unknown, syscall: string): Ibuf {
  return checkOwner(value, "ibuf", undefined, syscall) as Ibuf;
}

/** An argument that must be an ibuf of the same instance: its address. */
export function checkSame(owner: Owner, value: unknown, syscall: string): Pointer {
  return (checkOwner(value, "ibuf", owner.engine, syscall) as Ibuf).pointer(syscall);
}

/** Memory for an ibuf on C's stack; `also` is given back if there is none. */
export function allocateView(engine: Engine, syscall: string, also: Pointer = 0): Pointer {
  try {
    return allocate(engine, layout.ibuf.sizeof, syscall);
  } catch (error) {
    if (also !== 0) release(engine, also);
    throw error;
  }
}
