import { type Bytes, checkBytes, checkFd, checkPid, checkSize, checkU32 } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import { layout, type Pointer } from "../module/exports.ts";
import { checkOwner, Owner } from "../module/live.ts";
import { Ibuf } from "./ibuf.ts";
import { Imsg } from "./imsg.ts";
import { checkSocket } from "./msgbuf.ts";
import { Reading } from "./read-guard.ts";
import { allocate, borrow, put, release } from "./scratch.ts";
import type { Socket } from "./socket.ts";

/** What the header of a message to send says. */
export interface ImsgInit {
  /** What kind of message it is; a uint32. */
  type: number;
  /** A uint32; 0 if absent. */
  peerid?: number;
  /** A uint32; 0 or absent means the process id of the imsgbuf. */
  pid?: number;
}

/** A message to compose: {@link Imsgbuf.compose}. */
export interface ComposeInit extends ImsgInit {
  /** The number of a descriptor to send along; it belongs to C then. */
  fd?: number;
  /** The payload, which is copied; empty if absent. */
  data?: Bytes;
}

/** A message to compose of several pieces: {@link Imsgbuf.composev}. */
export interface ComposevInit extends ImsgInit {
  /** The number of a descriptor to send along; it belongs to C then. */
  fd?: number;
  /** The payload's pieces, which are copied. */
  data?: readonly Bytes[];
}

const EMPTY = new Uint8Array(0);

/**
 * Two queues of messages over a socket: C's `struct imsgbuf`.
 *
 * It owns what is queued on it, not the socket. Every method may throw
 * ERR_IMSG_DISPOSED (also after {@link clear}), and EINVAL for arguments that C
 * could not take.
 */
export class Imsgbuf extends Owner {
  readonly #socket: Socket;
  readonly #reading = new Reading();

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, socket: Socket) {
    super(engine, "imsgbuf", pointer, (e) => {
      e.exports.imsgbuf_clear(pointer);
      e.exports.free(pointer);
    });
    this.#socket = socket;
  }

  /** An imsgbuf over a socket, which must outlive it. `imsgbuf_init`. Throws ENOMEM. */
  static init(socket: Socket): Imsgbuf {
    const fd = checkSocket(undefined, socket, "imsgbuf_init");
    const { engine } = socket;
    const pointer = allocate(engine, layout.imsgbuf.sizeof, "imsgbuf_init");
    try {
      if (engine.call.imsgbuf_init(pointer, fd) === -1) throw engine.failure("imsgbuf_init");
    } catch (error) {
      release(engine, pointer);
      throw error;
    }
    return new Imsgbuf(engine, pointer, socket);
  }

  #field(name: keyof typeof layout.imsgbuf): number {
    return this.engine.memory.word(this.at("imsgbuf") + layout.imsgbuf[name]);
  }

  /** The longest message in bytes, header included, both ways. */
  get maxsize(): number {
    return this.#field("maxsize");
  }

  /** The process id that messages without one get. */
  get pid(): number {
    return this.#field("pid");
  }

  /** Lets descriptors pass, both ways. `imsgbuf_allow_fdpass`. */
  allowFdpass(): void {
    this.engine.call.imsgbuf_allow_fdpass(this.at("imsgbuf_allow_fdpass"));
  }

  /** Sets the longest message, 16 to 0x7fffffff bytes with the header. `imsgbuf_set_maxsize`. Throws EINVAL. */
  setMaxsize(maxsize: number): void {
    const pointer = this.at("imsgbuf_set_maxsize");
    const n = checkSize(maxsize, "maxsize", "imsgbuf_set_maxsize");
    if (this.engine.call.imsgbuf_set_maxsize(pointer, n) === -1) {
      throw this.engine.failure("imsgbuf_set_maxsize");
    }
  }

  /**
   * Reads from the socket once: 1, also if it would block, or 0 at the end.
   * `imsgbuf_read`. Throws ERANGE for a bad length in a header, ENOMEM, and
   * that again for good; ERR_IMSG_TRUNCATED at an end inside a message; what
   * the socket says. Messages before an error can be got.
   */
  read(): 0 | 1 {
    const pointer = this.at("imsgbuf_read");
    this.#socket.at("imsgbuf_read");
    const { engine } = this;
    const msgbuf = engine.memory.word(pointer + layout.imsgbuf.w);
    return this.#reading.run(engine, msgbuf, "imsgbuf_read", () =>
      engine.call.imsgbuf_read(pointer),
    );
  }

  /** Writes to the socket once; 0 also if it would block. `imsgbuf_write`. Throws what the socket says. */
  write(): 0 {
    const pointer = this.at("imsgbuf_write");
    this.#socket.at("imsgbuf_write");
    if (this.engine.call.imsgbuf_write(pointer) === -1) throw this.engine.failure("imsgbuf_write");
    return 0;
  }

  /**
   * Writes until nothing is queued, as `imsgbuf_flush` does wherever that
   * returns; where C would try for ever it returns if only empty ibufs are left.
   * Throws EAGAIN otherwise, with the queue intact, and what the socket says.
   */
  flush(): 0 {
    const pointer = this.at("imsgbuf_flush");
    this.#socket.at("imsgbuf_flush");
    if (this.engine.call.imsgbuf_flush_bounded(pointer) === -1) {
      throw this.engine.failure("imsgbuf_flush");
    }
    return 0;
  }

  /** Frees everything queued and ends the use of this imsgbuf. `imsgbuf_clear`. */
  clear(): void {
    const pointer = this.at("imsgbuf_clear");
    this.engine.enter("imsgbuf_clear");
    this.retire("disposed");
    this.engine.call.imsgbuf_clear(pointer);
    release(this.engine, pointer);
  }

  /** The same as {@link clear}, but idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.clear();
  }

  /**
   * How many ibufs wait to be written; not how many messages, since
   * {@link composeIbuf} queues two. `imsgbuf_queuelen`.
   */
  get queuelen(): number {
    return this.engine.call.imsgbuf_queuelen(this.at("imsgbuf_queuelen")) >>> 0;
  }

  /** The oldest message that was read; it is the caller's. `imsg_get`. Throws ENOMEM. */
  get(): Imsg | undefined {
    const pointer = this.at("imsg_get");
    const { engine } = this;
    const imsg = allocate(engine, layout.imsg.sizeof, "imsg_get");
    const rv = engine.call.imsg_get(pointer, imsg);
    if (rv > 0) return new Imsg(engine, imsg);
    const failure = rv === 0 ? undefined : engine.failure("imsg_get");
    release(engine, imsg);
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /**
   * Queues a copy of a message, without its descriptor, which stays with it.
   * `imsg_forward`. Throws ERANGE, ENOMEM.
   */
  forward(imsg: Imsg): 1 {
    const pointer = this.at("imsg_forward");
    const message = checkOwner(imsg, "imsg", this.engine, "imsg_forward");
    if (this.engine.call.imsg_forward(pointer, message.at("imsg_forward")) === -1) {
      throw this.engine.failure("imsg_forward");
    }
    return 1;
  }

  #header(init: ImsgInit, syscall: string): [number, number, number] {
    if (typeof init !== "object" || init === null) {
      throw new ImsgError("EINVAL", { syscall, detail: "a message is an object with a type" });
    }
    return [
      checkSize(init.type, "type", syscall),
      checkU32(init.peerid, "peerid", syscall),
      checkPid(init.pid, syscall),
    ];
  }

  /** Queues a message. `imsg_compose`. Throws ERANGE if it is too large, ENOMEM. */
  compose(init: ComposeInit): 1 {
    const [type, peerid, pid] = this.#header(init, "imsg_compose");
    const fd = checkFd(init.fd, "imsg_compose");
    const { data: given = EMPTY } = init;
    const bytes = this.engine.outside(checkBytes(given, "imsg_compose"));
    const pointer = this.at("imsg_compose");
    const { engine } = this;
    const data = put(engine, bytes, "imsg_compose");
    try {
      const rv = engine.call.imsg_compose(pointer, type, peerid, pid, fd, data, bytes.length);
      if (rv === -1) throw engine.failure("imsg_compose");
      return 1;
    } finally {
      release(engine, data);
    }
  }

  /** Queues a message made of several pieces. `imsg_composev`. Throws ERANGE, ENOMEM. */
  composev(init: ComposevInit): 1 {
    const { engine } = this;
    const [type, peerid, pid] = this.#header(init, "imsg_composev");
    const fd = checkFd(init.fd, "imsg_composev");
    const { data: list = [] } = init;
    if (!Array.isArray(list)) {
      throw new ImsgError("EINVAL", { syscall: "imsg_composev", detail: "data must be an array" });
    }
    const pieces = Array.from(list, (piece) =>
      engine.outside(checkBytes(piece, "imsg_composev"), 0),
    );
    const pointer = this.at("imsg_composev");
    const { sizeof, len } = layout.iovec;
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    // C would add the lengths up in 32 bits
    if (total > 0x7fffffff) throw new ImsgError("ERANGE", { syscall: "imsg_composev" });
    const iov = borrow(engine, pieces.length * sizeof + total, "imsg_composev");
    try {
      const { u8, u32 } = engine.memory;
      let data = iov + pieces.length * sizeof;
      pieces.forEach((piece, i) => {
        u32[(iov + i * sizeof) >> 2] = data;
        u32[(iov + i * sizeof + len) >> 2] = piece.length;
        u8.set(piece, data);
        data += piece.length;
      });
      const rv = engine.call.imsg_composev(pointer, type, peerid, pid, fd, iov, pieces.length);
      if (rv === -1) throw engine.failure("imsg_composev");
      return 1;
    } finally {
      release(engine, iov);
    }
  }

  /**
   * Queues a message whose payload is an ibuf; the ibuf has moved, also if it
   * fails (C has freed it then). `imsg_compose_ibuf`. Throws ERANGE, ENOMEM,
   * EINVAL for a view.
   */
  composeIbuf(init: ImsgInit, ibuf: Ibuf): 1 {
    const { engine } = this;
    const [type, peerid, pid] = this.#header(init, "imsg_compose_ibuf");
    const pointer = this.at("imsg_compose_ibuf");
    const payload = this.#given(ibuf, "imsg_compose_ibuf");
    return engine.held(() => {
      const rv = engine.call.imsg_compose_ibuf(pointer, type, peerid, pid, payload);
      ibuf.markMoved();
      if (rv === -1) throw engine.failure("imsg_compose_ibuf");
      return 1;
    });
  }

  /**
   * Begins a message with room for `datalen` bytes, which can grow to maxsize:
   * add to it with {@link Imsg.add} or the ibuf's methods, then {@link close}
   * it. `imsg_create`. Throws ERANGE, ENOMEM.
   */
  create(init: ImsgInit, datalen: number): Ibuf {
    const [type, peerid, pid] = this.#header(init, "imsg_create");
    const n = checkSize(datalen, "datalen", "imsg_create");
    const pointer = this.at("imsg_create");
    const msg = this.engine.call.imsg_create(pointer, type, peerid, pid, n);
    if (msg === 0) throw this.engine.failure("imsg_create");
    return new Ibuf(this.engine, msg);
  }

  /** Queues a message begun with {@link create}; it has moved. `imsg_close`. Throws EINVAL for a view. */
  close(msg: Ibuf): void {
    const pointer = this.at("imsg_close");
    const given = this.#given(msg, "imsg_close");
    this.engine.call.imsg_close(pointer, given);
    msg.markMoved();
  }

  #given(ibuf: Ibuf, syscall: string): Pointer {
    return (checkOwner(ibuf, "ibuf", this.engine, syscall) as Ibuf).give(syscall);
  }
}
