import { layout } from "../module/abi.ts";
import { type Bytes, checkBytes, checkFd, checkSize } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { type ErrnoName, isErrnoName, moduleErrno } from "../module/errno.ts";
import { ImsgError } from "../module/error.ts";
import { Owner } from "../module/live.ts";
import { checked } from "./results.ts";
import { allocate, release, withRoom } from "./scratch.ts";

/** A piece of the bytes that were written to a {@link Socket}. */
export interface Segment {
  /** The bytes, in a buffer of their own. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The number of the descriptor that travels with the first byte, or -1. */
  readonly fd: number;
  /** The value behind that descriptor, which the caller owns. */
  readonly value?: unknown;
}

/**
 * An in-memory socket of the kernel below the original, which an
 * {@link Imsgbuf} or {@link Msgbuf} reads from and writes to.
 *
 * Each read takes the next delivery, and each write the next outcome that
 * {@link limitNextWrite} or {@link failNextWrite} has queued. Without a
 * delivery a read would block. Without an outcome a write takes as many bytes as
 * there is {@link room} for.
 */
export class Socket extends Owner {
  /** The number of the socket's descriptor. */
  readonly fd: number;

  /** @internal */
  static engine(): Engine {
    return defaultEngine();
  }

  /** Makes a socket. Throws ENOMEM. */
  constructor() {
    const engine = new.target.engine();
    const fd = engine.call.kernel_socket();
    if (fd === -1) throw engine.failure("socket");
    super(engine, "socket", fd, (e) => e.exports.kernel_close(fd));
    this.fd = fd;
  }

  /** The engine of a socket that is not closed. Throws ERR_IMSG_DISPOSED. */
  #engineFor(syscall: string): Engine {
    this.pointerFor(syscall);
    return this.engine;
  }

  /**
   * Queues a delivery for a later read: a copy of bytes, and descriptors that
   * arrive with the first byte. The descriptors belong to the socket until a
   * read returns them. Throws ENOMEM, EINVAL.
   */
  deliver(data: Bytes, fds: readonly number[] = []): void {
    const engine = this.#engineFor("deliver");
    if (!Array.isArray(fds)) {
      throw new ImsgError("EINVAL", { syscall: "deliver", detail: "fds must be an array" });
    }
    const numbers = Array.from(fds as readonly number[], (fd) => checkFd(fd, "deliver"));
    const bytes = engine.copyIfAliased(checkBytes(data, "deliver"), 0);
    withRoom(engine, numbers.length * 4, "deliver", (list) => {
      const at = allocate(engine, bytes.length, "deliver");
      let rv = -1;
      try {
        engine.memory.u8.set(bytes, at);
        engine.memory.i32.set(numbers, list >> 2);
        rv = engine.call.kernel_deliver(this.fd, at, bytes.length, list, numbers.length);
      } finally {
        // the block is the socket's only if the call succeeded
        if (rv === -1) release(engine, at);
      }
      checked(engine, rv, "deliver");
    });
  }

  /** Queues the end: the reads after the deliveries return 0. Throws ENOMEM. */
  deliverEnd(): void {
    const engine = this.#engineFor("deliver");
    checked(engine, engine.call.kernel_deliver_end(this.fd), "deliver");
  }

  /** Queues an error: the read after the deliveries fails with it, once. Throws ENOMEM, EINVAL. */
  deliverError(code: ErrnoName): void {
    const engine = this.#engineFor("deliver");
    checked(engine, engine.call.kernel_deliver_error(this.fd, moduleNumber(code)), "deliver");
  }

  /** Queues an outcome: the next write takes at most so many bytes. Throws ENOMEM, EINVAL. */
  limitNextWrite(bytes: number): void {
    const engine = this.#engineFor("limitNextWrite");
    const n = checkSize(bytes, "bytes", "limitNextWrite");
    checked(engine, engine.call.kernel_limit_next_write(this.fd, n), "limitNextWrite");
  }

  /** Queues an outcome: the next write fails with an error. Throws ENOMEM, EINVAL. */
  failNextWrite(code: ErrnoName): void {
    const engine = this.#engineFor("failNextWrite");
    checked(
      engine,
      engine.call.kernel_fail_next_write(this.fd, moduleNumber(code)),
      "failNextWrite",
    );
  }

  /**
   * Bytes that writes may add before they fail with EAGAIN. Taking written
   * bytes makes no new room. Unlimited at first (0xffffffff).
   */
  set room(bytes: number) {
    const engine = this.#engineFor("room");
    const n = checkSize(bytes, "room", "room");
    checked(engine, engine.call.kernel_room(this.fd, n), "room");
  }

  /** Takes everything that was written. The caller owns the bytes and the values. */
  take(): Segment[] {
    const engine = this.#engineFor("take");
    const { memory, call, values } = engine;
    const { segment } = layout;
    const taken: Segment[] = [];
    for (let at = call.kernel_written(this.fd); at !== 0; at = call.kernel_written(this.fd)) {
      const data = memory.copy(memory.word(at + segment.data), memory.word(at + segment.len));
      const fd = memory.int(at + segment.fd);
      const value = values.take(memory.word(at + segment.value));
      taken.push(value === undefined ? { data, fd } : { data, fd, value: value.value });
      call.kernel_sent(this.fd);
    }
    return taken;
  }

  /** Closes the socket and frees everything that is queued on it. Idempotent. */
  close(): void {
    if (this.disposed || this.engine.trapped !== undefined) return;
    this.engine.enter("close");
    this.retire("disposed");
    this.engine.call.kernel_close(this.fd);
  }

  /** The same as {@link close}. */
  dispose(): void {
    this.close();
  }
}

/** The module's number of an errno. Throws EINVAL for any other value. */
function moduleNumber(code: ErrnoName): number {
  if (!isErrnoName(code)) {
    throw new ImsgError("EINVAL", { detail: `${String(code)} is no errno of the module` });
  }
  return moduleErrno(code);
}
