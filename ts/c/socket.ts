import { type Bytes, checkBytes, checkFd, checkSize } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { type ErrnoName, isErrnoName, moduleErrno } from "../module/errno.ts";
import { ImsgError } from "../module/error.ts";
import { layout } from "../module/exports.ts";
import { Owner } from "../module/live.ts";
import { allocate, borrow, release } from "./scratch.ts";

/** One piece of what was written to a {@link Socket}. */
export interface Segment {
  /** The bytes, in a buffer of their own. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The number of the descriptor that travels with the first byte, or -1. */
  readonly fd: number;
  /** The value that descriptor stands for; it is the taker's now. */
  readonly value?: unknown;
}

/**
 * An in-memory socket of the kernel below the original: what an
 * {@link Imsgbuf} or {@link Msgbuf} reads from and writes to.
 *
 * Reading takes the deliveries in order, writing the dictated outcomes in
 * order; with neither, a read would block and a write takes what there is
 * room for.
 */
export class Socket extends Owner {
  /** The descriptor's number. */
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

  #engineFor(syscall: string): Engine {
    this.at(syscall);
    return this.engine;
  }

  #done(rv: number, syscall: string): void {
    if (rv === -1) throw this.engine.failure(syscall);
  }

  /**
   * Queues bytes (copied), and descriptors that arrive with the first of them,
   * for the reads to come. The descriptors belong to the socket until a read
   * hands them out. Throws ENOMEM, EINVAL.
   */
  deliver(data: Bytes, fds: readonly number[] = []): void {
    const engine = this.#engineFor("deliver");
    if (!Array.isArray(fds)) {
      throw new ImsgError("EINVAL", { syscall: "deliver", detail: "fds must be an array" });
    }
    const numbers = Array.from(fds as readonly number[], (fd) => checkFd(fd, "deliver"));
    const bytes = engine.outside(checkBytes(data, "deliver"), 0);
    const list = borrow(engine, numbers.length * 4, "deliver");
    let at = 0;
    try {
      at = allocate(engine, bytes.length, "deliver");
      engine.memory.u8.set(bytes, at);
      engine.memory.i32.set(numbers, list >> 2);
      this.#done(
        engine.call.kernel_deliver(this.fd, at, bytes.length, list, numbers.length),
        "deliver",
      );
      at = 0;
    } finally {
      if (at !== 0) release(engine, at);
      release(engine, list);
    }
  }

  /** The reads after what was delivered return 0: the end. Throws ENOMEM. */
  deliverEnd(): void {
    this.#done(this.#engineFor("deliver").call.kernel_deliver_end(this.fd), "deliver");
  }

  /** One read after what was delivered fails so. Throws ENOMEM, EINVAL. */
  deliverError(code: ErrnoName): void {
    const engine = this.#engineFor("deliver");
    this.#done(engine.call.kernel_deliver_error(this.fd, moduleNumber(code)), "deliver");
  }

  /** The next write takes at most so many bytes. Throws ENOMEM, EINVAL. */
  accept(bytes: number): void {
    const engine = this.#engineFor("accept");
    this.#done(
      engine.call.kernel_limit_write(this.fd, checkSize(bytes, "bytes", "accept")),
      "accept",
    );
  }

  /** The next write fails so. Throws ENOMEM, EINVAL. */
  refuse(code: ErrnoName): void {
    const engine = this.#engineFor("refuse");
    this.#done(engine.call.kernel_fail_write(this.fd, moduleNumber(code)), "refuse");
  }

  /**
   * How many bytes writes may add before EAGAIN; taking what was written makes
   * no new room. Unlimited at first (0xffffffff).
   */
  set room(bytes: number) {
    const engine = this.#engineFor("room");
    this.#done(engine.call.kernel_room(this.fd, checkSize(bytes, "room", "room")), "room");
  }

  /** Takes everything that was written; its bytes and values are the caller's. */
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

  /** Closes the socket, with everything queued on it. Idempotent. */
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

function moduleNumber(code: ErrnoName): number {
  if (!isErrnoName(code)) {
    throw new ImsgError("EINVAL", { detail: `${String(code)} is no errno of the module` });
  }
  return moduleErrno(code);
}
