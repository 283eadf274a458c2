import { type Bytes, checkBytes, checkFd, checkSize, checkValue } from "./check.ts";
import { defaultEngine } from "./default.ts";
import type { Engine } from "./engine.ts";
import { ImsgError } from "./error.ts";
import { type ExportName, layout, type Pointer } from "./exports.ts";
import { lend } from "./lent.ts";
import type { Msgbuf } from "./msgbuf.ts";
import { disposable, Owner, type Root } from "./owner.ts";

const at = layout.ibuf;

/** What a view is made of: the memory it borrows, and since when. */
interface Borrowed {
  root: Root;
  version: number;
}

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
export class Ibuf extends Owner {
  /** @internal */
  readonly root: Root = { version: 0 };
  readonly #borrowed: Borrowed | undefined;

  /** @internal */
  static engine(): Engine {
    return defaultEngine();
  }

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, borrowed?: Borrowed, memory: Pointer = 0) {
    super(engine, "ibuf", pointer, (e) => {
      if (borrowed !== undefined) {
        e.exports.free(pointer);
        e.exports.free(memory);
        return;
      }
      e.exports.ibuf_fd_get(pointer);
      e.exports.ibuf_free(pointer);
    });
    this.#borrowed = borrowed;
    this.#memory = memory;
  }

  /** The copy that fromBuffer made, or 0. */
  readonly #memory: Pointer;

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
    const bytes = checkBytes(data, "ibuf_from_buffer");
    const memory = engine.allocate(bytes.length, "ibuf_from_buffer");
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
   * The address for the next call, of an object that may be used.
   * @internal
   */
  pointer(syscall: string): Pointer {
    const pointer = this.at(syscall);
    const borrowed = this.#borrowed;
    if (borrowed !== undefined && borrowed.root.version !== borrowed.version) {
      throw new ImsgError("ERR_IMSG_STALE", { syscall });
    }
    return pointer;
  }

  /**
   * A new view of this ibuf's memory, or of what this view itself borrows.
   * @internal
   */
  view(pointer: Pointer): Ibuf {
    const own = this.#borrowed;
    const root = own === undefined || this.#memory !== 0 ? this.root : own.root;
    return new Ibuf(this.engine, pointer, { root, version: root.version });
  }

  /** Whether this is one of C's ibufs on the stack, which borrow their memory. */
  get isView(): boolean {
    return this.#borrowed !== undefined;
  }

  /** Refuses what C would abort on. */
  #owned(syscall: string): Pointer {
    const pointer = this.pointer(syscall);
    if (this.#borrowed === undefined) return pointer;
    throw new ImsgError("EINVAL", { syscall, detail: "a view borrows its memory" });
  }

  /**
   * The address for a call that takes this ibuf, if C can take it.
   * @internal
   */
  give(syscall: string): Pointer {
    return this.#owned(syscall);
  }

  /** @internal */
  markMoved(): void {
    this.root.version++;
    this.retire("moved");
  }

  /** @internal */
  markFreed(): void {
    this.root.version++;
    this.retire("disposed");
  }

  /** Runs what may grow the buffer: views are stale if it did. */
  #grow(pointer: Pointer, run: () => number, syscall: string): number {
    const { memory } = this.engine;
    const before = memory.word(pointer + at.size);
    const rv = run();
    if (memory.word(pointer + at.size) !== before) this.root.version++;
    if (rv === -1) throw this.engine.failure(syscall);
    return rv;
  }

  /** Adds bytes at the end. `ibuf_add`. Throws ERANGE, EINVAL, ENOMEM. */
  add(data: Bytes): void {
    const pointer = this.pointer("ibuf_add");
    const bytes = checkBytes(data, "ibuf_add");
    const from = this.engine.put(bytes, "ibuf_add");
    try {
      this.#grow(pointer, () => this.engine.call.ibuf_add(pointer, from, bytes.length), "ibuf_add");
    } finally {
      this.engine.release(from);
    }
  }

  /** Adds what another ibuf has to read. `ibuf_add_ibuf`. Throws ERANGE, EINVAL, ENOMEM. */
  addIbuf(from: Ibuf): void {
    const pointer = this.pointer("ibuf_add_ibuf");
    const source = checkSame(this, from, "ibuf_add_ibuf");
    if (from === this || from.#borrowed?.root === this.root) {
      // growing may move the very bytes that are being added
      this.#addOwn(pointer, from.data());
      return;
    }
    this.#grow(pointer, () => this.engine.call.ibuf_add_ibuf(pointer, source), "ibuf_add_ibuf");
  }

  #addOwn(pointer: Pointer, bytes: Uint8Array<ArrayBuffer>): void {
    const copy = this.engine.put(bytes, "ibuf_add_ibuf");
    try {
      const { call } = this.engine;
      this.#grow(pointer, () => call.ibuf_add(pointer, copy, bytes.length), "ibuf_add_ibuf");
    } finally {
      this.engine.release(copy);
    }
  }

  /** Adds zero bytes. `ibuf_add_zero`. Throws ERANGE, EINVAL, ENOMEM. */
  addZero(len: number): void {
    const pointer = this.pointer("ibuf_add_zero");
    const n = checkSize(len, "len", "ibuf_add_zero");
    this.#grow(pointer, () => this.engine.call.ibuf_add_zero(pointer, n), "ibuf_add_zero");
  }

  #addValue(syscall: AddName, value: number | bigint): void {
    const pointer = this.pointer(syscall);
    const v = checkValue(value, syscall);
    this.#grow(pointer, () => this.engine.call[syscall](pointer, v), syscall);
  }

  /** Adds a byte. `ibuf_add_n8`. Throws EINVAL if it does not fit, ERANGE, ENOMEM. */
  addN8(value: number | bigint): void {
    this.#addValue("ibuf_add_n8", value);
  }

  /** Adds 16 bits in network order. `ibuf_add_n16`. Throws EINVAL, ERANGE, ENOMEM. */
  addN16(value: number | bigint): void {
    this.#addValue("ibuf_add_n16", value);
  }

  /** Adds 32 bits in network order. `ibuf_add_n32`. Throws EINVAL, ERANGE, ENOMEM. */
  addN32(value: number | bigint): void {
    this.#addValue("ibuf_add_n32", value);
  }

  /** Adds 64 bits in network order. `ibuf_add_n64`. Throws ERANGE, ENOMEM. */
  addN64(value: number | bigint): void {
    this.#addValue("ibuf_add_n64", value);
  }

  /** Adds 16 bits in host order, little-endian. `ibuf_add_h16`. Throws EINVAL, ERANGE, ENOMEM. */
  addH16(value: number | bigint): void {
    this.#addValue("ibuf_add_h16", value);
  }

  /** Adds 32 bits in host order, little-endian. `ibuf_add_h32`. Throws EINVAL, ERANGE, ENOMEM. */
  addH32(value: number | bigint): void {
    this.#addValue("ibuf_add_h32", value);
  }

  /** Adds 64 bits in host order, little-endian. `ibuf_add_h64`. Throws ERANGE, ENOMEM. */
  addH64(value: number | bigint): void {
    this.#addValue("ibuf_add_h64", value);
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
    this.#grow(
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
    const bytes = checkBytes(data, "ibuf_set");
    const from = this.engine.put(bytes, "ibuf_set");
    try {
      if (this.engine.call.ibuf_set(pointer, p, from, bytes.length) === -1) {
        throw this.engine.failure("ibuf_set");
      }
    } finally {
      this.engine.release(from);
    }
  }

  #setValue(syscall: SetName, pos: number, value: number | bigint): void {
    const pointer = this.pointer(syscall);
    const p = checkSize(pos, "pos", syscall);
    const v = checkValue(value, syscall);
    if (this.engine.call[syscall](pointer, p, v) === -1) throw this.engine.failure(syscall);
  }

  /** Overwrites a byte. `ibuf_set_n8`. Throws EINVAL if it does not fit, ERANGE. */
  setN8(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n8", pos, value);
  }

  /** Overwrites 16 bits in network order. `ibuf_set_n16`. Throws EINVAL, ERANGE. */
  setN16(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n16", pos, value);
  }

  /** Overwrites 32 bits in network order. `ibuf_set_n32`. Throws EINVAL, ERANGE. */
  setN32(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n32", pos, value);
  }

  /** Overwrites 64 bits in network order. `ibuf_set_n64`. Throws ERANGE. */
  setN64(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n64", pos, value);
  }

  /** Overwrites 16 bits in host order. `ibuf_set_h16`. Throws EINVAL, ERANGE. */
  setH16(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h16", pos, value);
  }

  /** Overwrites 32 bits in host order. `ibuf_set_h32`. Throws EINVAL, ERANGE. */
  setH32(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h32", pos, value);
  }

  /** Overwrites 64 bits in host order. `ibuf_set_h64`. Throws ERANGE. */
  setH64(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h64", pos, value);
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
    this.#grow(pointer, () => this.engine.call.ibuf_truncate(pointer, n), "ibuf_truncate");
  }

  /** Reads from the start again. `ibuf_rewind`. */
  rewind(): void {
    this.engine.call.ibuf_rewind(this.pointer("ibuf_rewind"));
  }

  /** Queues this ibuf for writing; it has moved. `ibuf_close`. Throws EINVAL for a view. */
  close(msgbuf: Msgbuf): void {
    const pointer = this.#owned("ibuf_close");
    if (msgbuf?.engine !== this.engine) throw otherInstance("ibuf_close");
    this.engine.call.ibuf_close(msgbuf.at("ibuf_close"), pointer);
    this.markMoved();
  }

  /** Reads `len` bytes, copied. `ibuf_get`. Throws EBADMSG. */
  get(len: number): Uint8Array<ArrayBuffer> {
    const pointer = this.pointer("ibuf_get");
    const n = checkSize(len, "len", "ibuf_get");
    // no memory for what C is going to refuse
    const to = this.engine.borrow(Math.min(n, this.size), "ibuf_get");
    try {
      if (this.engine.call.ibuf_get(pointer, to, n) === -1) throw this.engine.failure("ibuf_get");
      return this.engine.memory.copy(to, n);
    } finally {
      this.engine.release(to);
    }
  }

  /** A view of the next `len` bytes, which are read. `ibuf_get_ibuf`. Throws EBADMSG, ENOMEM. */
  getIbuf(len: number): Ibuf {
    const pointer = this.pointer("ibuf_get_ibuf");
    const n = checkSize(len, "len", "ibuf_get_ibuf");
    const view = allocateView(this.engine, "ibuf_get_ibuf");
    if (this.engine.call.ibuf_get_ibuf(pointer, n, view) === -1) {
      const failure = this.engine.failure("ibuf_get_ibuf");
      this.engine.release(view);
      throw failure;
    }
    return this.view(view);
  }

  #getValue(syscall: GetName, width: number): number {
    const pointer = this.pointer(syscall);
    const to = this.engine.borrow(8, syscall);
    if (this.engine.call[syscall](pointer, to) === -1) throw this.engine.failure(syscall);
    const word = this.engine.memory.word(to);
    return width === 4 ? word : word & (width === 2 ? 0xffff : 0xff);
  }

  #getLong(syscall: "ibuf_get_n64" | "ibuf_get_h64"): bigint {
    const pointer = this.pointer(syscall);
    const to = this.engine.borrow(8, syscall);
    if (this.engine.call[syscall](pointer, to) === -1) throw this.engine.failure(syscall);
    const { u32 } = this.engine.memory;
    return (BigInt(u32[(to >> 2) + 1]!) << 32n) | BigInt(u32[to >> 2]!);
  }

  /** Reads a byte. `ibuf_get_n8`. Throws EBADMSG. */
  getN8(): number {
    return this.#getValue("ibuf_get_n8", 1);
  }

  /** Reads 16 bits in network order. `ibuf_get_n16`. Throws EBADMSG. */
  getN16(): number {
    return this.#getValue("ibuf_get_n16", 2);
  }

  /** Reads 32 bits in network order. `ibuf_get_n32`. Throws EBADMSG. */
  getN32(): number {
    return this.#getValue("ibuf_get_n32", 4);
  }

  /** Reads 64 bits in network order. `ibuf_get_n64`. Throws EBADMSG. */
  getN64(): bigint {
    return this.#getLong("ibuf_get_n64");
  }

  /** Reads 16 bits in host order. `ibuf_get_h16`. Throws EBADMSG. */
  getH16(): number {
    return this.#getValue("ibuf_get_h16", 2);
  }

  /** Reads 32 bits in host order. `ibuf_get_h32`. Throws EBADMSG. */
  getH32(): number {
    return this.#getValue("ibuf_get_h32", 4);
  }

  /** Reads 64 bits in host order. `ibuf_get_h64`. Throws EBADMSG. */
  getH64(): bigint {
    return this.#getLong("ibuf_get_h64");
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
    this.engine.release(string);
    return bytes;
  }

  /** Passes over `len` bytes. `ibuf_skip`. Throws EBADMSG. */
  skip(len: number): void {
    const pointer = this.pointer("ibuf_skip");
    const n = checkSize(len, "len", "ibuf_skip");
    if (this.engine.call.ibuf_skip(pointer, n) === -1) throw this.engine.failure("ibuf_skip");
  }

  /**
   * Wipes and frees the buffer, and closes its descriptor. `ibuf_free`.
   * Throws EINVAL for a view, where C would abort; {@link dispose} ends those.
   */
  free(): void {
    const pointer = this.#owned("ibuf_free");
    this.root.version++;
    this.retire("disposed");
    this.engine.call.ibuf_free(pointer);
  }

  /** Ends the use of this ibuf or view. Idempotent. */
  dispose(): void {
    if (this.moved || this.disposed || this.engine.trapped !== undefined) return;
    if (this.#borrowed === undefined) {
      this.free();
      return;
    }
    const pointer = this.at("ibuf_free");
    this.root.version++;
    this.retire("disposed");
    this.engine.release(pointer);
    if (this.#memory !== 0) this.engine.release(this.#memory);
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
    const pointer = this.#owned("ibuf_fd_set");
    this.engine.call.ibuf_fd_set(pointer, checkFd(fd, "ibuf_fd_set"));
  }
}

disposable(Ibuf.prototype);

type AddName = Extract<ExportName, `ibuf_add_${"n" | "h"}${number}`>;
type SetName = Extract<ExportName, `ibuf_set_${"n" | "h"}${number}`>;
type GetName = Exclude<
  Extract<ExportName, `ibuf_get_${"n" | "h"}${number}`>,
  "ibuf_get_n64" | "ibuf_get_h64"
>;

function otherInstance(syscall: string): ImsgError {
  return new ImsgError("EINVAL", { syscall, detail: "the objects belong to different instances" });
}

/** An argument that must be an ibuf. */
export function checkIbuf(value: unknown, syscall: string): Ibuf {
  if (value instanceof Ibuf) return value;
  throw new ImsgError("EINVAL", { syscall, detail: "an Ibuf is needed" });
}

/** An argument that must be an ibuf of the same instance: its address. */
export function checkSame(owner: Owner, value: unknown, syscall: string): Pointer {
  const ibuf = checkIbuf(value, syscall);
  if (ibuf.engine !== owner.engine) throw otherInstance(syscall);
  return ibuf.pointer(syscall);
}

/** Memory for an ibuf on C's stack; `also` is given back if there is none. */
export function allocateView(engine: Engine, syscall: string, also: Pointer = 0): Pointer {
  try {
    return engine.allocate(at.sizeof, syscall);
  } catch (error) {
    if (also !== 0) engine.release(also);
    throw error;
  }
}
