import { layout, type Pointer } from "../module/abi.ts";
import { type Bytes, checkFd, checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { apiEngine } from "./default.ts";
import {
  addBytes,
  addIbuf,
  checkIbuf,
  copyData,
  getBytes,
  getStringBytes,
  grow,
  reserveBytes,
  seekBytes,
  setBytes,
  viewOfCopy,
} from "./ibuf-bytes.ts";
import { addInteger, getInteger, setInteger } from "./ibuf-integers.ts";
import type { Msgbuf } from "./msgbuf.ts";
import { Owned } from "./owned.ts";
import { checked, checkedPointer } from "./results.ts";
import { filled } from "./scratch.ts";
import { type Borrowed, freeView, IbufMemory } from "./views.ts";

/**
 * A buffer with a read and a write position: C's `struct ibuf`.
 *
 * An ibuf owns its memory until it is disposed, or until C takes it
 * ({@link close}, {@link Imsgbuf.close}, {@link Imsgbuf.composeIbuf}): then it
 * has moved. Views ({@link fromBuffer}, {@link fromIbuf}, {@link getIbuf},
 * {@link Imsg.getIbuf}) are C's ibufs on the stack. They borrow memory, so they
 * cannot grow, be queued or carry a descriptor, and they are stale once that
 * memory has grown, moved or been freed.
 *
 * Integers have network order (`N`) or host order (`H`), which is little-endian.
 *
 * Every method may throw ERR_IMSG_MOVED, ERR_IMSG_DISPOSED or ERR_IMSG_STALE,
 * and EINVAL for arguments that C could not take.
 */
export class Ibuf extends Owned {
  /** @internal */
  readonly memory: IbufMemory;

  /** @internal */
  static engine(): Engine {
    return apiEngine();
  }

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, borrowed?: Borrowed, copy: Pointer = 0) {
    const memory = new IbufMemory(borrowed, copy);
    super(engine, "ibuf", pointer, memory.freer(pointer));
    this.memory = memory;
  }

  /** Makes a buffer of exactly `len` bytes that cannot grow. `ibuf_open`. Throws ENOMEM. */
  static open(len: number): Ibuf {
    const engine = this.engine();
    const pointer = engine.call.ibuf_open(checkSize(len, "len", "ibuf_open"));
    return new Ibuf(engine, checkedPointer(engine, pointer, "ibuf_open"));
  }

  /**
   * Makes a buffer of `len` bytes that grows up to `max`. `ibuf_dynamic`.
   * Throws EINVAL if max is 0 or less than len, ENOMEM.
   */
  static dynamic(len: number, max: number): Ibuf {
    const engine = this.engine();
    const pointer = engine.call.ibuf_dynamic(
      checkSize(len, "len", "ibuf_dynamic"),
      checkSize(max, "max", "ibuf_dynamic"),
    );
    return new Ibuf(engine, checkedPointer(engine, pointer, "ibuf_dynamic"));
  }

  /**
   * Makes a view of a copy of `data`, for the get methods; the copy is freed
   * with the view. `ibuf_from_buffer`. Throws ENOMEM.
   */
  static fromBuffer(data: Bytes): Ibuf {
    const engine = this.engine();
    const { pointer, copy } = viewOfCopy(engine, data);
    return new Ibuf(engine, pointer, { root: { version: 0 }, version: 0 }, copy);
  }

  /** Makes a view of the unread bytes of `from`. `ibuf_from_ibuf`. Throws ENOMEM. */
  static fromIbuf(from: Ibuf): Ibuf {
    const source = checkIbuf(from, "ibuf_from_ibuf");
    const { engine } = source;
    const parent = source.pointerFor("ibuf_from_ibuf");
    return source.#view("ibuf_from_ibuf", (at) => engine.call.ibuf_from_ibuf(at, parent));
  }

  /** Makes a view that a function of C fills, of this ibuf's memory or of the memory that it borrows. */
  #view(syscall: string, fill: (at: Pointer) => unknown): Ibuf {
    const { engine } = this;
    const view = filled(engine, layout.ibuf.sizeof, syscall, fill);
    return new Ibuf(engine, view, this.memory.lendTo(this));
  }

  /** @internal */
  override pointerFor(syscall: string): Pointer {
    const pointer = super.pointerFor(syscall);
    this.memory.checkFresh(syscall);
    return pointer;
  }

  /**
   * The address, for a call that C would abort on if this were a view: EINVAL then.
   * @internal
   */
  ownedPointer(syscall: string): Pointer {
    const pointer = this.pointerFor(syscall);
    this.memory.checkOwned(syscall);
    return pointer;
  }

  /** Whether this is one of C's ibufs on the stack, which borrow their memory. */
  get isView(): boolean {
    return this.memory.borrowed !== undefined;
  }

  /**
   * Marks the ibuf, which C has taken or freed, and its views as ended.
   * @internal
   */
  end(state: "moved" | "disposed"): void {
    this.memory.root.version++;
    this.retire(state);
  }

  /**
   * Wipes and frees the buffer, and closes its descriptor. `ibuf_free`.
   * Throws EINVAL for a view, where C would abort; {@link dispose} ends those.
   */
  free(): void {
    const pointer = this.ownedPointer("ibuf_free");
    this.engine.enter("ibuf_free");
    this.end("disposed");
    this.engine.call.ibuf_free(pointer);
  }

  /** Frees this ibuf, or ends this view. Idempotent. */
  dispose(): void {
    const { engine } = this;
    if (this.moved || this.disposed || engine.trapped !== undefined) return;
    if (this.isView) this.#endView();
    else this.free();
  }

  #endView(): void {
    const pointer = super.pointerFor("ibuf_free"); // a stale view can be disposed, too
    this.engine.enter("ibuf_free");
    this.end("disposed");
    freeView(this.engine, pointer, this.memory.copy);
  }

  /** Adds bytes at the end. `ibuf_add`. Throws ERANGE, EINVAL, ENOMEM. */
  add(data: Bytes): void {
    addBytes(this, data);
  }

  /** Adds the unread bytes of another ibuf. `ibuf_add_ibuf`. Throws ERANGE, EINVAL, ENOMEM. */
  addIbuf(from: Ibuf): void {
    addIbuf(this, from);
  }

  /** Adds zero bytes. `ibuf_add_zero`. Throws ERANGE, EINVAL, ENOMEM. */
  addZero(len: number): void {
    const pointer = this.pointerFor("ibuf_add_zero");
    const n = checkSize(len, "len", "ibuf_add_zero");
    grow(this, pointer, "ibuf_add_zero", () => this.engine.call.ibuf_add_zero(pointer, n));
  }

  /**
   * Adds `len` bytes and returns their memory to be filled. It is memory of the
   * module, and valid until the next call into the library. `ibuf_reserve`.
   * Throws ERANGE, EINVAL for a view, ENOMEM.
   */
  reserve(len: number): Uint8Array<ArrayBuffer> {
    return reserveBytes(this, len);
  }

  /**
   * Returns the memory of `len` bytes from position `pos` on. It is memory of
   * the module, and valid until the next call into the library. `ibuf_seek`.
   * Throws ERANGE.
   */
  seek(pos: number, len: number): Uint8Array<ArrayBuffer> {
    return seekBytes(this, pos, len);
  }

  /** Overwrites bytes from position `pos` on. `ibuf_set`. Throws ERANGE. */
  set(pos: number, data: Bytes): void {
    setBytes(this, pos, data);
  }

  /** Returns a copy of the unread bytes, which stay unread. `ibuf_data`. */
  data(): Uint8Array<ArrayBuffer> {
    return copyData(this);
  }

  /** The number of unread bytes. `ibuf_size`. */
  get size(): number {
    return this.engine.call.ibuf_size(this.pointerFor("ibuf_size")) >>> 0;
  }

  /** The number of bytes that can still be added. `ibuf_left`. */
  get left(): number {
    return this.engine.call.ibuf_left(this.pointerFor("ibuf_left")) >>> 0;
  }

  /**
   * Cuts the unread bytes to `len` bytes, or extends them with zeros.
   * `ibuf_truncate`. Throws ERANGE, ENOMEM.
   */
  truncate(len: number): void {
    const pointer = this.pointerFor("ibuf_truncate");
    const n = checkSize(len, "len", "ibuf_truncate");
    grow(this, pointer, "ibuf_truncate", () => this.engine.call.ibuf_truncate(pointer, n));
  }

  /** Sets the read position back to the start. `ibuf_rewind`. */
  rewind(): void {
    this.engine.call.ibuf_rewind(this.pointerFor("ibuf_rewind"));
  }

  /** Queues this ibuf for writing; it has moved. `ibuf_close`. Throws EINVAL for a view. */
  close(msgbuf: Msgbuf): void {
    const pointer = this.ownedPointer("ibuf_close");
    const queue = Owned.check(msgbuf, "msgbuf", this.engine, "ibuf_close");
    this.engine.call.ibuf_close(queue.pointerFor("ibuf_close"), pointer);
    this.end("moved");
  }

  /** Reads `len` bytes and returns a copy. `ibuf_get`. Throws EBADMSG. */
  get(len: number): Uint8Array<ArrayBuffer> {
    return getBytes(this, len);
  }

  /** Reads `len` bytes and returns a view of them. `ibuf_get_ibuf`. Throws EBADMSG, ENOMEM. */
  getIbuf(len: number): Ibuf {
    const { engine } = this;
    const pointer = this.pointerFor("ibuf_get_ibuf");
    const n = checkSize(len, "len", "ibuf_get_ibuf");
    return this.#view("ibuf_get_ibuf", (at) =>
      checked(engine, engine.call.ibuf_get_ibuf(pointer, n, at), "ibuf_get_ibuf"),
    );
  }

  /**
   * Reads `len` bytes and returns those before the first NUL, decoded as UTF-8
   * (invalid bytes become U+FFFD). `ibuf_get_string`. Throws EBADMSG, ENOMEM.
   */
  getString(len: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.getStringBytes(len));
  }

  /**
   * Reads `len` bytes and returns a copy of those before the first NUL.
   * `ibuf_get_string`. Throws EBADMSG, ENOMEM.
   */
  getStringBytes(len: number): Uint8Array<ArrayBuffer> {
    return getStringBytes(this, len);
  }

  /** Skips `len` bytes. `ibuf_skip`. Throws EBADMSG. */
  skip(len: number): void {
    const { engine } = this;
    const pointer = this.pointerFor("ibuf_skip");
    const n = checkSize(len, "len", "ibuf_skip");
    checked(engine, engine.call.ibuf_skip(pointer, n), "ibuf_skip");
  }

  /** Whether a descriptor is attached. `ibuf_fd_avail`. */
  get fdAvail(): boolean {
    return this.engine.call.ibuf_fd_avail(this.pointerFor("ibuf_fd_avail")) !== 0;
  }

  /** Takes the descriptor and returns its number, or -1; the caller owns it. `ibuf_fd_get`. */
  fdGet(): number {
    return this.engine.call.ibuf_fd_get(this.pointerFor("ibuf_fd_get"));
  }

  /**
   * Attaches a descriptor, which belongs to the ibuf from then on, and closes
   * the one before. A negative number attaches none. `ibuf_fd_set`. Throws
   * EINVAL for a view.
   */
  fdSet(fd: number): void {
    const pointer = this.ownedPointer("ibuf_fd_set");
    this.engine.call.ibuf_fd_set(pointer, checkFd(fd, "ibuf_fd_set"));
  }

  /** Adds a byte. `ibuf_add_n8`. Throws EINVAL if it does not fit, ERANGE, ENOMEM. */
  addN8(value: number | bigint): void {
    addInteger(this, "ibuf_add_n8", value);
  }

  /** Adds 16 bits in network order. `ibuf_add_n16`. Throws EINVAL, ERANGE, ENOMEM. */
  addN16(value: number | bigint): void {
    addInteger(this, "ibuf_add_n16", value);
  }

  /** Adds 32 bits in network order. `ibuf_add_n32`. Throws EINVAL, ERANGE, ENOMEM. */
  addN32(value: number | bigint): void {
    addInteger(this, "ibuf_add_n32", value);
  }

  /** Adds 64 bits in network order. `ibuf_add_n64`. Throws ERANGE, ENOMEM. */
  addN64(value: number | bigint): void {
    addInteger(this, "ibuf_add_n64", value);
  }

  /** Adds 16 bits in host order. `ibuf_add_h16`. Throws EINVAL, ERANGE, ENOMEM. */
  addH16(value: number | bigint): void {
    addInteger(this, "ibuf_add_h16", value);
  }

  /** Adds 32 bits in host order. `ibuf_add_h32`. Throws EINVAL, ERANGE, ENOMEM. */
  addH32(value: number | bigint): void {
    addInteger(this, "ibuf_add_h32", value);
  }

  /** Adds 64 bits in host order. `ibuf_add_h64`. Throws ERANGE, ENOMEM. */
  addH64(value: number | bigint): void {
    addInteger(this, "ibuf_add_h64", value);
  }

  /** Overwrites a byte at position `pos`. `ibuf_set_n8`. Throws EINVAL if it does not fit, ERANGE. */
  setN8(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_n8", pos, value);
  }

  /** Overwrites 16 bits in network order at position `pos`. `ibuf_set_n16`. Throws EINVAL, ERANGE. */
  setN16(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_n16", pos, value);
  }

  /** Overwrites 32 bits in network order at position `pos`. `ibuf_set_n32`. Throws EINVAL, ERANGE. */
  setN32(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_n32", pos, value);
  }

  /** Overwrites 64 bits in network order at position `pos`. `ibuf_set_n64`. Throws ERANGE. */
  setN64(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_n64", pos, value);
  }

  /** Overwrites 16 bits in host order at position `pos`. `ibuf_set_h16`. Throws EINVAL, ERANGE. */
  setH16(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_h16", pos, value);
  }

  /** Overwrites 32 bits in host order at position `pos`. `ibuf_set_h32`. Throws EINVAL, ERANGE. */
  setH32(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_h32", pos, value);
  }

  /** Overwrites 64 bits in host order at position `pos`. `ibuf_set_h64`. Throws ERANGE. */
  setH64(pos: number, value: number | bigint): void {
    setInteger(this, "ibuf_set_h64", pos, value);
  }

  /** Reads a byte. `ibuf_get_n8`. Throws EBADMSG. */
  getN8(): number {
    return Number(getInteger(this, "ibuf_get_n8"));
  }

  /** Reads 16 bits in network order. `ibuf_get_n16`. Throws EBADMSG. */
  getN16(): number {
    return Number(getInteger(this, "ibuf_get_n16"));
  }

  /** Reads 32 bits in network order. `ibuf_get_n32`. Throws EBADMSG. */
  getN32(): number {
    return Number(getInteger(this, "ibuf_get_n32"));
  }

  /** Reads 64 bits in network order. `ibuf_get_n64`. Throws EBADMSG. */
  getN64(): bigint {
    return getInteger(this, "ibuf_get_n64");
  }

  /** Reads 16 bits in host order. `ibuf_get_h16`. Throws EBADMSG. */
  getH16(): number {
    return Number(getInteger(this, "ibuf_get_h16"));
  }

  /** Reads 32 bits in host order. `ibuf_get_h32`. Throws EBADMSG. */
  getH32(): number {
    return Number(getInteger(this, "ibuf_get_h32"));
  }

  /** Reads 64 bits in host order. `ibuf_get_h64`. Throws EBADMSG. */
  getH64(): bigint {
    return getInteger(this, "ibuf_get_h64");
  }
}
