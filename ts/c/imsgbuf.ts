import { LARGEST_MAX_SIZE, layout, type Pointer } from "../module/abi.ts";
import {
  type Bytes,
  checkBytes,
  checkFd,
  checkMessage,
  checkPid,
  checkSize,
  checkU32,
} from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { failure, fieldsOf, invalid } from "../module/error.ts";
import { Ibuf } from "./ibuf.ts";
import { Imsg } from "./imsg.ts";
import { checkSocket } from "./msgbuf.ts";
import { deferDisposers, Owned } from "./owned.ts";
import { ReadGuard } from "./read-guard.ts";
import { checked, checkedPointer } from "./results.ts";
import { allocate, filled, release, withCopy, withRoom } from "./scratch.ts";
import type { Socket } from "./socket.ts";

/** The header of a message to send. */
export interface ImsgInit {
  /** The type, a uint32 whose meaning the protocol defines. */
  type: number;
  /** A uint32 whose meaning the protocol defines; 0 if absent. */
  peerid?: number | undefined;
  /** A uint32; 0 or absent: the process id of the imsgbuf. */
  pid?: number | undefined;
}

/** A message to compose: {@link Imsgbuf.compose}. */
export interface ComposeInit extends ImsgInit {
  /** The number of a descriptor to send along, which C owns from then on. */
  fd?: number | undefined;
  /** The payload, which is copied; empty if absent. */
  data?: Bytes | undefined;
}

/** A message to compose of several pieces: {@link Imsgbuf.composev}. */
export interface ComposevInit extends ImsgInit {
  /** The number of a descriptor to send along, which C owns from then on. */
  fd?: number | undefined;
  /** The pieces of the payload, which are copied; none if absent. */
  data?: readonly Bytes[] | undefined;
}

/**
 * A queue of messages to write and a queue of messages that were read, over a
 * socket: C's `struct imsgbuf`. It owns the queued messages, and does not own
 * the socket.
 *
 * Every method may throw ERR_IMSG_DISPOSED (also after {@link clear}), and
 * EINVAL for arguments that C could not take.
 */
export class Imsgbuf extends Owned {
  readonly #socket: Socket;
  readonly #guard = new ReadGuard();

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, socket: Socket) {
    super(engine, "imsgbuf", pointer, (e) => {
      e.exports.imsgbuf_clear(pointer);
      e.exports.free(pointer);
    });
    this.#socket = socket;
  }

  /** Makes an imsgbuf over a socket, which must outlive it. `imsgbuf_init`. Throws ENOMEM. */
  static init(socket: Socket): Imsgbuf {
    const fd = checkSocket(undefined, socket, "imsgbuf_init");
    const { engine } = socket;
    const pointer = filled(engine, layout.imsgbuf.sizeof, "imsgbuf_init", (at) =>
      checked(engine, engine.call.imsgbuf_init(at, fd), "imsgbuf_init"),
    );
    return new Imsgbuf(engine, pointer, socket);
  }

  #field(name: keyof typeof layout.imsgbuf): number {
    return this.engine.memory.word(this.pointerFor("imsgbuf") + layout.imsgbuf[name]);
  }

  /** The longest message in bytes, header included, in both directions. */
  get maxsize(): number {
    return this.#field("maxsize");
  }

  /** The process id of messages that are composed without one. */
  get pid(): number {
    return this.#field("pid");
  }

  /** Lets descriptors pass, in both directions. `imsgbuf_allow_fdpass`. */
  allowFdpass(): void {
    this.engine.call.imsgbuf_allow_fdpass(this.pointerFor("imsgbuf_allow_fdpass"));
  }

  /** Sets the longest message, 16 to 0x7fffffff bytes, header included. `imsgbuf_set_maxsize`. Throws EINVAL. */
  setMaxsize(maxsize: number): void {
    const pointer = this.pointerFor("imsgbuf_set_maxsize");
    const n = checkSize(maxsize, "maxsize", "imsgbuf_set_maxsize");
    checked(this.engine, this.engine.call.imsgbuf_set_maxsize(pointer, n), "imsgbuf_set_maxsize");
  }

  /**
   * Reads from the socket once. Returns 1, also if the read would block, or 0
   * at the end. {@link get} takes the messages, also those before an error.
   * `imsgbuf_read`. Throws ERR_IMSG_TRUNCATED at an end inside a message, the
   * socket's error; ERANGE for a bad length in a header or ENOMEM, and from
   * then on the same error at every call.
   */
  read(): 0 | 1 {
    const pointer = this.pointerFor("imsgbuf_read");
    this.#socket.pointerFor("imsgbuf_read");
    const { engine } = this;
    const msgbuf = engine.memory.word(pointer + layout.imsgbuf.w);
    return this.#guard.run(engine, msgbuf, "imsgbuf_read", () => engine.call.imsgbuf_read(pointer));
  }

  /** Writes to the socket once. Returns 0, also if the write would block. `imsgbuf_write`. Throws the socket's error. */
  write(): 0 {
    const pointer = this.pointerFor("imsgbuf_write");
    this.#socket.pointerFor("imsgbuf_write");
    checked(this.engine, this.engine.call.imsgbuf_write(pointer), "imsgbuf_write");
    return 0;
  }

  /**
   * Writes until nothing is queued, as `imsgbuf_flush` does. C would loop for
   * ever if only empty ibufs are left: this method returns then. Throws EAGAIN if the
   * socket takes no more, and keeps the queue; the socket's error.
   */
  flush(): 0 {
    const pointer = this.pointerFor("imsgbuf_flush");
    this.#socket.pointerFor("imsgbuf_flush");
    checked(this.engine, this.engine.call.imsgbuf_flush_bounded(pointer), "imsgbuf_flush");
    return 0;
  }

  /** Frees everything that is queued and ends the use of this imsgbuf. `imsgbuf_clear`. */
  clear(): void {
    const pointer = this.pointerFor("imsgbuf_clear");
    this.engine.enter("imsgbuf_clear");
    this.retire("disposed");
    this.engine.call.imsgbuf_clear(pointer);
    release(this.engine, pointer);
  }

  /** The same as {@link clear}, and idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.clear();
  }

  /**
   * The number of ibufs that wait to be written. It is not the number of
   * messages: {@link composeIbuf} queues two ibufs. `imsgbuf_queuelen`.
   */
  get queuelen(): number {
    return this.engine.call.imsgbuf_queuelen(this.pointerFor("imsgbuf_queuelen")) >>> 0;
  }

  /**
   * Takes the oldest message that was read; undefined if there is none. The
   * caller owns it. `imsg_get`. Throws ENOMEM.
   */
  get(): Imsg | undefined {
    const { engine } = this;
    const pointer = this.pointerFor("imsg_get");
    const imsg = allocate(engine, layout.imsg.sizeof, "imsg_get");
    const rv = engine.call.imsg_get(pointer, imsg);
    if (rv > 0) return new Imsg(engine, imsg);
    const failure = rv === 0 ? undefined : engine.failure("imsg_get");
    release(engine, imsg);
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /**
   * Queues a copy of a message. The message keeps its descriptor.
   * `imsg_forward`. Throws ERANGE, ENOMEM.
   */
  forward(imsg: Imsg): 1 {
    const pointer = this.pointerFor("imsg_forward");
    const message = Owned.check(imsg, "imsg", this.engine, "imsg_forward");
    const { call } = this.engine;
    const rv = call.imsg_forward(pointer, message.pointerFor("imsg_forward"));
    checked(this.engine, rv, "imsg_forward");
    return 1;
  }

  #header(init: ImsgInit, syscall: string): [number, number, number] {
    return [
      checkSize(checkMessage(init, syscall).type, "type", syscall),
      checkU32(init.peerid, "peerid", syscall),
      checkPid(init.pid, syscall),
    ];
  }

  /** Queues a message. `imsg_compose`. Throws ERANGE if the message is too large, ENOMEM. */
  compose(init: ComposeInit): 1 {
    const { engine } = this;
    const [type, peerid, pid] = this.#header(init, "imsg_compose");
    const fd = checkFd(init.fd, "imsg_compose");
    const { data = new Uint8Array(0) } = init;
    const bytes = engine.copyIfAliased(checkBytes(data, "imsg_compose"));
    const pointer = this.pointerFor("imsg_compose");
    withCopy(engine, bytes, "imsg_compose", (at) => {
      const rv = engine.call.imsg_compose(pointer, type, peerid, pid, fd, at, bytes.length);
      return checked(engine, rv, "imsg_compose");
    });
    return 1;
  }

  /** Queues a message whose payload has several pieces. `imsg_composev`. Throws ERANGE, ENOMEM. */
  composev(init: ComposevInit): 1 {
    const { engine } = this;
    const [type, peerid, pid] = this.#header(init, "imsg_composev");
    const fd = checkFd(init.fd, "imsg_composev");
    const { data = [] } = init;
    const pieces = this.#pieces(data);
    const pointer = this.pointerFor("imsg_composev");
    const { sizeof } = layout.iovec;
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    // C would add the lengths in 32 bits
    if (total > LARGEST_MAX_SIZE) throw failure("ERANGE", "imsg_composev");
    withRoom(engine, pieces.length * sizeof + total, "imsg_composev", (iov) => {
      putPieces(engine, iov, pieces);
      const rv = engine.call.imsg_composev(pointer, type, peerid, pid, fd, iov, pieces.length);
      return checked(engine, rv, "imsg_composev");
    });
    return 1;
  }

  /** The whole list first: its iterator is code of the caller, which could detach a piece. */
  #pieces(data: readonly Bytes[]): Uint8Array[] {
    if (!Array.isArray(fieldsOf(data))) {
      throw invalid("imsg_composev", "data must be an array");
    }
    const list = Array.from(data as readonly Bytes[]);
    return list.map((piece) => this.engine.copyIfAliased(checkBytes(piece, "imsg_composev"), 0));
  }

  /**
   * Queues a message whose payload is an ibuf. The ibuf has moved, also if C
   * fails, which has freed it then. `imsg_compose_ibuf`. Throws ERANGE, ENOMEM,
   * EINVAL for a view.
   */
  composeIbuf(init: ImsgInit, ibuf: Ibuf): 1 {
    const { engine } = this;
    const [type, peerid, pid] = this.#header(init, "imsg_compose_ibuf");
    const pointer = this.pointerFor("imsg_compose_ibuf");
    const payload = this.#given(ibuf, "imsg_compose_ibuf");
    return deferDisposers(engine, () => {
      const rv = engine.call.imsg_compose_ibuf(pointer, type, peerid, pid, payload);
      ibuf.end("moved");
      checked(engine, rv, "imsg_compose_ibuf");
      return 1;
    });
  }

  /**
   * Begins a message with room for `datalen` bytes, which can grow to maxsize.
   * Add to it with {@link Imsg.add} or the ibuf's methods, then {@link close}
   * it. The caller owns the ibuf until then. `imsg_create`. Throws ERANGE, ENOMEM.
   */
  create(init: ImsgInit, datalen: number): Ibuf {
    const [type, peerid, pid] = this.#header(init, "imsg_create");
    const n = checkSize(datalen, "datalen", "imsg_create");
    const pointer = this.pointerFor("imsg_create");
    const msg = this.engine.call.imsg_create(pointer, type, peerid, pid, n);
    return new Ibuf(this.engine, checkedPointer(this.engine, msg, "imsg_create"));
  }

  /** Queues a message that {@link create} began; its ibuf has moved. `imsg_close`. Throws EINVAL for a view. */
  close(msg: Ibuf): void {
    const pointer = this.pointerFor("imsg_close");
    const given = this.#given(msg, "imsg_close");
    this.engine.call.imsg_close(pointer, given);
    msg.end("moved");
  }

  #given(ibuf: Ibuf, syscall: string): Pointer {
    return (Owned.check(ibuf, "ibuf", this.engine, syscall) as Ibuf).ownedPointer(syscall);
  }
}

/** Writes an array of iovecs, and behind it the pieces that they point to. */
function putPieces(engine: Engine, iov: Pointer, pieces: readonly Uint8Array[]): void {
  const { sizeof, len } = layout.iovec;
  const { u8, u32 } = engine.memory;
  let data = iov + pieces.length * sizeof;
  pieces.forEach((piece, i) => {
    u32[(iov + i * sizeof) >> 2] = data;
    u32[(iov + i * sizeof + len) >> 2] = piece.length;
    u8.set(piece, data);
    data += piece.length;
  });
}
