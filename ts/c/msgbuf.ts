import { checkSize } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import type { Pointer } from "../module/exports.ts";
import { checkOwner, Owner } from "../module/live.ts";
import { Readers } from "./header-callbacks.ts";
import { Ibuf } from "./ibuf.ts";
import { Reading } from "./read-guard.ts";
import type { Socket } from "./socket.ts";

/**
 * Queues of ibufs to write and of messages read: C's `struct msgbuf`.
 *
 * It owns the ibufs that are queued on it. Every method may throw
 * ERR_IMSG_DISPOSED, and EINVAL for arguments that C could not take.
 */
export class Msgbuf extends Owner {
  readonly #reader: number;
  readonly #reading = new Reading();

  /** @internal */
  static engine(): Engine {
    return defaultEngine();
  }

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, reader = 0) {
    super(engine, "msgbuf", pointer, (e) => {
      e.exports.msgbuf_free(pointer);
      Readers.of(e).remove(reader);
    });
    this.#reader = reader;
  }

  /** A msgbuf for writing only. `msgbuf_new`. Throws ENOMEM. */
  static new(): Msgbuf {
    const engine = this.engine();
    const pointer = engine.call.msgbuf_new();
    if (pointer === 0) throw engine.failure("msgbuf_new");
    return new Msgbuf(engine, pointer);
  }

  /**
   * A msgbuf that cuts what it reads into messages. `msgbuf_new_reader`.
   *
   * `readHeader` gets a copy of the `headerSize` bytes that every message
   * begins with, and returns the length in bytes of the whole message, header
   * included, or throws; what it throws, read throws. It must not call into
   * the library (ERR_IMSG_REENTRANT). A descriptor that has just arrived is
   * attached to the message. Throws EINVAL if headerSize is 0 or above 32,767,
   * ENOMEM.
   */
  static reader(headerSize: number, readHeader: (header: Uint8Array) => number): Msgbuf {
    const engine = this.engine();
    const size = checkSize(headerSize, "headerSize", "msgbuf_new_reader");
    if (typeof readHeader !== "function") {
      throw new ImsgError("EINVAL", {
        syscall: "msgbuf_new_reader",
        detail: "readHeader must be a function",
      });
    }
    const reader = Readers.of(engine).add(readHeader);
    const pointer = engine.call.msgbuf_reader(size, reader);
    if (pointer === 0) {
      Readers.of(engine).remove(reader);
      throw engine.failure("msgbuf_new_reader");
    }
    return new Msgbuf(engine, pointer, reader);
  }

  /** Frees it with everything queued. `msgbuf_free`. */
  free(): void {
    const pointer = this.at("msgbuf_free");
    this.engine.enter("msgbuf_free");
    this.retire("disposed");
    this.engine.call.msgbuf_free(pointer);
    Readers.of(this.engine).remove(this.#reader);
  }

  /** The same as {@link free}, but idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.free();
  }

  /** Frees everything queued, both ways. `msgbuf_clear`. */
  clear(): void {
    this.engine.call.msgbuf_clear(this.at("msgbuf_clear"));
  }

  /** How many ibufs wait to be written. `msgbuf_queuelen`. */
  get queuelen(): number {
    return this.engine.call.msgbuf_queuelen(this.at("msgbuf_queuelen")) >>> 0;
  }

  /** The oldest message that was read; it is the caller's. `msgbuf_get`. */
  get(): Ibuf | undefined {
    const pointer = this.engine.call.msgbuf_get(this.at("msgbuf_get"));
    return pointer === 0 ? undefined : new Ibuf(this.engine, pointer);
  }

  #write(syscall: "ibuf_write" | "msgbuf_write", socket: Socket): 0 {
    const pointer = this.at(syscall);
    const fd = checkSocket(this.engine, socket, syscall);
    if (this.engine.call[syscall](fd, pointer) === -1) throw this.engine.failure(syscall);
    return 0;
  }

  #read(syscall: "ibuf_read" | "msgbuf_read", socket: Socket): 0 | 1 {
    const pointer = this.at(syscall);
    const fd = checkSocket(this.engine, socket, syscall);
    return this.#reading.run(this.engine, pointer, syscall, () =>
      this.engine.call[syscall](fd, pointer),
    );
  }

  /**
   * Writes what is queued with one writev, without descriptors. 0 also if it
   * would block. `ibuf_write`. Throws what the socket says.
   */
  ibufWrite(socket: Socket): 0 {
    return this.#write("ibuf_write", socket);
  }

  /**
   * Writes what is queued with one sendmsg, and the descriptor of the first
   * ibuf. 0 also if it would block. `msgbuf_write`. Throws what the socket says.
   */
  write(socket: Socket): 0 {
    return this.#write("msgbuf_write", socket);
  }

  /**
   * Reads once with readv: 1, also if it would block, or 0 at the end.
   * `ibuf_read`. Throws EINVAL without a reader, ERR_IMSG_TRUNCATED at an end
   * inside a message, what readHeader threw or ENOMEM, and that again for good;
   * what the socket says.
   */
  ibufRead(socket: Socket): 0 | 1 {
    return this.#read("ibuf_read", socket);
  }

  /**
   * Reads once with recvmsg, which also receives a descriptor: 1 or 0 as
   * {@link ibufRead}. `msgbuf_read`. Throws as that does.
   */
  read(socket: Socket): 0 | 1 {
    return this.#read("msgbuf_read", socket);
  }
}

/** An argument that must be a live socket, of the same instance if one is given: its number. */
export function checkSocket(engine: Engine | undefined, socket: unknown, syscall: string): number {
  return checkOwner(socket, "socket", engine, syscall).at(syscall);
}
