import type { Pointer } from "../module/abi.ts";
import { checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { invalid } from "../module/error.ts";
import { apiEngine } from "./default.ts";
import { HeaderCallbacks } from "./header-callbacks.ts";
import { Ibuf } from "./ibuf.ts";
import { Owned } from "./owned.ts";
import { ReadGuard } from "./read-guard.ts";
import { checked, checkedPointer } from "./results.ts";
import type { Socket } from "./socket.ts";

/**
 * A queue of ibufs to write and a queue of messages that were read: C's
 * `struct msgbuf`. It owns the ibufs that are queued on it.
 * Every method may throw
 * ERR_IMSG_DISPOSED, and EINVAL for arguments that C could not take.
 */
export class Msgbuf extends Owned {
  readonly #reader: number;
  readonly #guard = new ReadGuard();

  /** @internal */
  static engine(): Engine {
    return apiEngine();
  }

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, reader = 0) {
    super(engine, "msgbuf", pointer, (e) => {
      e.exports.msgbuf_free(pointer);
      HeaderCallbacks.of(e).remove(reader);
    });
    this.#reader = reader;
  }

  /** Makes a msgbuf for writing only. `msgbuf_new`. Throws ENOMEM. */
  static new(): Msgbuf {
    const engine = this.engine();
    return new Msgbuf(engine, checkedPointer(engine, engine.call.msgbuf_new(), "msgbuf_new"));
  }

  /**
   * Makes a msgbuf that cuts what it reads into messages. `msgbuf_new_reader`.
   *
   * `readHeader` gets a copy of the `headerSize` bytes that every message
   * begins with, and returns the length in bytes of the whole message, header
   * included. If it throws, read throws that. It must not call into the
   * library (ERR_IMSG_REENTRANT). A descriptor that has just arrived is
   * attached to the message. Throws EINVAL if headerSize is 0 or above 32,767,
   * ENOMEM.
   */
  static reader(headerSize: number, readHeader: (header: Uint8Array) => number): Msgbuf {
    const engine = this.engine();
    const size = checkSize(headerSize, "headerSize", "msgbuf_new_reader");
    if (typeof readHeader !== "function") {
      throw invalid("msgbuf_new_reader", "readHeader must be a function");
    }
    const reader = HeaderCallbacks.of(engine).add(readHeader);
    const pointer = engine.call.msgbuf_reader(size, reader);
    if (pointer === 0) {
      HeaderCallbacks.of(engine).remove(reader);
      throw engine.failure("msgbuf_new_reader");
    }
    return new Msgbuf(engine, pointer, reader);
  }

  /** Frees the msgbuf with everything that is queued. `msgbuf_free`. */
  free(): void {
    const pointer = this.pointerFor("msgbuf_free");
    this.engine.enter("msgbuf_free");
    this.retire("disposed");
    this.engine.call.msgbuf_free(pointer);
    HeaderCallbacks.of(this.engine).remove(this.#reader);
  }

  /** The same as {@link free}, and idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.free();
  }

  /** Frees everything that is queued, in both directions. `msgbuf_clear`. */
  clear(): void {
    this.engine.call.msgbuf_clear(this.pointerFor("msgbuf_clear"));
  }

  /** The number of ibufs that wait to be written. `msgbuf_queuelen`. */
  get queuelen(): number {
    return this.engine.call.msgbuf_queuelen(this.pointerFor("msgbuf_queuelen")) >>> 0;
  }

  /** Takes the oldest message that was read; undefined if there is none. The caller owns it. `msgbuf_get`. */
  get(): Ibuf | undefined {
    const pointer = this.engine.call.msgbuf_get(this.pointerFor("msgbuf_get"));
    return pointer === 0 ? undefined : new Ibuf(this.engine, pointer);
  }

  #write(syscall: "ibuf_write" | "msgbuf_write", socket: Socket): 0 {
    const pointer = this.pointerFor(syscall);
    const fd = checkSocket(this.engine, socket, syscall);
    checked(this.engine, this.engine.call[syscall](fd, pointer), syscall);
    return 0;
  }

  #read(syscall: "ibuf_read" | "msgbuf_read", socket: Socket): 0 | 1 {
    const pointer = this.pointerFor(syscall);
    const fd = checkSocket(this.engine, socket, syscall);
    return this.#guard.run(this.engine, pointer, syscall, () =>
      this.engine.call[syscall](fd, pointer),
    );
  }

  /**
   * Writes the queue with one writev, without descriptors. Returns 0, also
   * if the write would block. `ibuf_write`. Throws the socket's error.
   */
  ibufWrite(socket: Socket): 0 {
    return this.#write("ibuf_write", socket);
  }

  /**
   * Writes the queue with one sendmsg, and the descriptor of the first
   * ibuf. Returns 0, also if the write would block. `msgbuf_write`. Throws the
   * socket's error.
   */
  write(socket: Socket): 0 {
    return this.#write("msgbuf_write", socket);
  }

  /**
   * Reads once with readv. Returns 1, also if the read would block, or 0 at the
   * end. `ibuf_read`. Throws EINVAL without a reader, ERR_IMSG_TRUNCATED at an
   * end inside a message, the socket's error; what readHeader threw or ENOMEM,
   * and from then on the same error at every call.
   */
  ibufRead(socket: Socket): 0 | 1 {
    return this.#read("ibuf_read", socket);
  }

  /**
   * Reads once with recvmsg, which also receives a descriptor. Returns 1 or 0
   * as {@link ibufRead}. `msgbuf_read`. Throws the errors of ibufRead.
   */
  read(socket: Socket): 0 | 1 {
    return this.#read("msgbuf_read", socket);
  }
}

/** Checks an argument that must be a live socket, of the same instance if one is given; returns its number. */
export function checkSocket(engine: Engine | undefined, socket: unknown, syscall: string): number {
  return Owned.check(socket, "socket", engine, syscall).pointerFor(syscall);
}
