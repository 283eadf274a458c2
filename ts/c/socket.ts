import { layout } from "../module/abi.ts";
import { type Bytes, checkBytes, checkFd, checkSize, show } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { type ErrnoName, errnoNumber, isErrnoName } from "../module/errno.ts";
import { fieldsOf, invalid } from "../module/error.ts";
import { apiEngine } from "./default.ts";
import { deferDisposers, Owned } from "./owned.ts";
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
export class Socket extends Owned {
  /** The number of the socket's descriptor. */
  readonly fd: number;

  /** @internal */
  static engine(): Engine {
    return apiEngine();
  }

  /** Makes a socket. Throws ENOMEM. */
  constructor() {
    const engine = new.target.engine();
    const fd = engine.call.kernel_socket();
    if (fd === -1) throw engine.failure("socket");
    super(engine, "socket", fd, (e) => e.exports.kernel_close(fd));
    this.fd = fd;
  }

  /**
   * Queues a delivery for a later read: a copy of bytes, and descriptors that
   * arrive with the first byte. The descriptors belong to the socket until a
   * read returns them. Throws ENOMEM, EINVAL.
   */
  deliver(data: Bytes, fds: readonly number[] = []): void {
    const { engine } = this;
    if (!Array.isArray(fieldsOf(fds))) {
      throw invalid("deliver", "fds must be an array");
    }
    const numbers = Array.from(fds as readonly number[], (fd) => checkFd(fd, "deliver"));
    const bytes = engine.copyIfAliased(checkBytes(data, "deliver"), 0);
    // reading the list may have run code of the caller, which may have closed the socket
    const socket = this.pointerFor("deliver");
    withRoom(engine, numbers.length * 4, "deliver", (list) => {
      const at = allocate(engine, bytes.length, "deliver");
      let rv = -1;
      try {
        engine.memory.u8.set(bytes, at);
        engine.memory.u32.set(numbers, list >> 2);
        rv = engine.call.kernel_deliver(socket, at, bytes.length, list, numbers.length);
      } finally {
        // the block is the socket's only if the call succeeded
        if (rv === -1) release(engine, at);
      }
      checked(engine, rv, "deliver");
    });
  }

  /** Queues the end: the reads after the deliveries return 0. Throws ENOMEM. */
  deliverEnd(): void {
    const rv = this.engine.call.kernel_deliver_end(this.pointerFor("deliver"));
    checked(this.engine, rv, "deliver");
  }

  /** Queues an error: the read after the deliveries fails with it, once. Throws ENOMEM, EINVAL. */
  deliverError(code: ErrnoName): void {
    const socket = this.pointerFor("deliver");
    const rv = this.engine.call.kernel_deliver_error(socket, numberOf(code, "deliver"));
    checked(this.engine, rv, "deliver");
  }

  /** Queues an outcome: the next write takes at most so many bytes. Throws ENOMEM, EINVAL. */
  limitNextWrite(bytes: number): void {
    const socket = this.pointerFor("limitNextWrite");
    const n = checkSize(bytes, "bytes", "limitNextWrite");
    checked(this.engine, this.engine.call.kernel_limit_write(socket, n), "limitNextWrite");
  }

  /** Queues an outcome: the next write fails with an error. Throws ENOMEM, EINVAL. */
  failNextWrite(code: ErrnoName): void {
    const socket = this.pointerFor("failNextWrite");
    const rv = this.engine.call.kernel_fail_write(socket, numberOf(code, "failNextWrite"));
    checked(this.engine, rv, "failNextWrite");
  }

  /**
   * Bytes that writes may add before they fail with EAGAIN. Taking written
   * bytes makes no new room. Unlimited at first (0xffffffff).
   */
  set room(bytes: number) {
    const socket = this.pointerFor("room");
    const n = checkSize(bytes, "room", "room");
    checked(this.engine, this.engine.call.kernel_room(socket, n), "room");
  }

  /** Takes everything that was written. The caller owns the bytes and the values. */
  take(): Segment[] {
    const socket = this.pointerFor("take");
    // a disposer could close this socket, whose number a new one could get
    return deferDisposers(this.engine, () => this.#take(socket));
  }

  #take(socket: number): Segment[] {
    const { memory, call, values } = this.engine;
    const { segment } = layout;
    const taken: Segment[] = [];
    for (let at = call.kernel_written(socket); at !== 0; at = call.kernel_written(socket)) {
      const data = memory.copy(memory.word(at + segment.data), memory.word(at + segment.len));
      const fd = memory.word(at + segment.fd) | 0;
      const value = values.take(memory.word(at + segment.value));
      taken.push(value === undefined ? { data, fd } : { data, fd, value: value.value });
      call.kernel_sent(socket);
    }
    return taken;
  }

  /** Closes the socket and frees everything that is queued on it. Idempotent. */
  close(): void {
    if (this.disposed || this.engine.trapped !== undefined) return;
    this.engine.enter("close");
    const socket = this.pointerFor("close");
    this.retire("disposed");
    this.engine.call.kernel_close(socket);
  }

  /** The same as {@link close}. */
  dispose(): void {
    this.close();
  }
}

/** The number of an errno. Throws EINVAL for any other value. */
function numberOf(code: ErrnoName, syscall: string): number {
  if (!isErrnoName(code)) {
    throw invalid(syscall, `the code must be the name of an errno, not ${show(code)}`);
  }
  return errnoNumber(code);
}
