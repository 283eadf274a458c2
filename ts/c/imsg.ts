import { HEADER_SIZE, layout, type Pointer } from "../module/abi.ts";
import { type Bytes, checkBytes, checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import type { Root } from "../module/live.ts";
import { Ibuf } from "./ibuf.ts";
import { checkIbuf } from "./ibuf-bytes.ts";
import { deferDisposers, Owned } from "./owned.ts";
import { checked } from "./results.ts";
import { filled, release, withCopy, withRoom } from "./scratch.ts";

const at = layout.imsg;

/** The four words of a message's header. */
export interface ImsgHeader {
  /** The type, a uint32 whose meaning the protocol defines. */
  readonly type: number;
  /** Length in bytes, header included. */
  readonly len: number;
  /** A uint32 whose meaning the protocol defines, often the id of a peer. */
  readonly peerid: number;
  /** The process id of the sender, unsigned as in the header. */
  readonly pid: number;
}

/**
 * A received message: C's `struct imsg`. It owns its payload and descriptor
 * until it is freed. Every method may throw ERR_IMSG_DISPOSED.
 */
export class Imsg extends Owned {
  /** The header as it was received, without the mark of a descriptor in `len`. */
  readonly hdr: ImsgHeader;
  readonly #root: Root = { version: 0 };

  /** @internal */
  constructor(engine: Engine, pointer: Pointer) {
    super(engine, "imsg", pointer, (e) => {
      e.exports.imsg_get_fd(pointer);
      e.exports.imsg_free(pointer);
      e.exports.free(pointer);
    });
    const { memory } = engine;
    this.hdr = Object.freeze({
      type: memory.word(pointer + at.type),
      len: memory.word(pointer + at.len),
      peerid: memory.word(pointer + at.peerid),
      pid: memory.word(pointer + at.pid),
    });
  }

  /**
   * A copy of the whole payload, whatever its read position; undefined if the
   * payload is empty. The `data` of C's structure.
   */
  get data(): Uint8Array<ArrayBuffer> | undefined {
    const { memory } = this.engine;
    const pointer = this.pointerFor("imsg_get_data");
    const data = memory.word(pointer + at.data);
    return data === 0 ? undefined : memory.copy(data, memory.word(pointer + at.len) - HEADER_SIZE);
  }

  /**
   * Reads the rest of the payload and returns a view of it. `imsg_get_ibuf`.
   * Throws EBADMSG if nothing is left, ENOMEM.
   */
  getIbuf(): Ibuf {
    const { engine } = this;
    const pointer = this.pointerFor("imsg_get_ibuf");
    const view = filled(engine, layout.ibuf.sizeof, "imsg_get_ibuf", (to) =>
      checked(engine, engine.call.imsg_get_ibuf(pointer, to), "imsg_get_ibuf"),
    );
    const root = this.#root;
    return new Ibuf(engine, view, { root, version: root.version, parent: this });
  }

  /**
   * Reads the rest of the payload, which must be exactly `len` bytes long, and
   * returns a copy. `imsg_get_data`. Throws EINVAL if len is 0, EBADMSG if the
   * rest has another length.
   */
  getData(len: number): Uint8Array<ArrayBuffer> {
    const { engine } = this;
    const pointer = this.pointerFor("imsg_get_data");
    const n = checkSize(len, "len", "imsg_get_data");
    return withRoom(engine, Math.min(n, this.getLen()), "imsg_get_data", (to) => {
      checked(engine, engine.call.imsg_get_data(pointer, to, n), "imsg_get_data");
      return engine.memory.copy(to, n);
    });
  }

  /** Takes the descriptor and returns its number, or -1; the caller owns it. `imsg_get_fd`. */
  getFd(): number {
    return this.engine.call.imsg_get_fd(this.pointerFor("imsg_get_fd"));
  }

  /** The header's peerid. `imsg_get_id`. */
  getId(): number {
    return this.engine.call.imsg_get_id(this.pointerFor("imsg_get_id")) >>> 0;
  }

  /** Bytes of the payload that have not been read. `imsg_get_len`. */
  getLen(): number {
    return this.engine.call.imsg_get_len(this.pointerFor("imsg_get_len")) >>> 0;
  }

  /** The header's pid, signed as in C. `imsg_get_pid`. */
  getPid(): number {
    return this.engine.call.imsg_get_pid(this.pointerFor("imsg_get_pid")) | 0;
  }

  /** The header's type. `imsg_get_type`. */
  getType(): number {
    return this.engine.call.imsg_get_type(this.pointerFor("imsg_get_type")) >>> 0;
  }

  /** Wipes and frees the message, and closes its descriptor. `imsg_free`. */
  free(): void {
    const pointer = this.pointerFor("imsg_free");
    this.engine.enter("imsg_free");
    this.#root.version++;
    this.retire("disposed");
    this.engine.call.imsg_free(pointer);
    release(this.engine, pointer);
  }

  /** The same as {@link free}, but idempotent. */
  dispose(): void {
    if (!this.disposed && this.engine.trapped === undefined) this.free();
  }

  /**
   * Adds bytes to a message made with {@link Imsgbuf.create}; returns how many.
   * `imsg_add`. Throws ERANGE or ENOMEM, and the message has been freed then;
   * EINVAL for a view.
   */
  static add(msg: Ibuf, data: Bytes): number {
    const ibuf = checkIbuf(msg, "imsg_add");
    const { engine } = ibuf;
    const bytes = engine.copyIfAliased(checkBytes(data, "imsg_add"));
    // C aborts on a view only if the data is not empty
    const pointer =
      bytes.length === 0 ? ibuf.pointerFor("imsg_add") : ibuf.ownedPointer("imsg_add");
    let reached = false;
    try {
      return withCopy(engine, bytes, "imsg_add", (from) => {
        reached = true;
        return deferDisposers(engine, () => addOrEnd(ibuf, pointer, from, bytes.length));
      });
    } catch (error) {
      // no memory for the copy: free the message, as C does when its own allocation fails
      if (!reached) ibuf.dispose();
      throw error;
    }
  }
}

/** Has C add bytes to a message. If that fails, C has freed the message. */
function addOrEnd(ibuf: Ibuf, pointer: Pointer, from: Pointer, length: number): number {
  const { engine } = ibuf;
  const size = engine.memory.word(pointer + layout.ibuf.size);
  const rv = engine.call.imsg_add(pointer, from, length);
  if (rv === -1) {
    ibuf.end("disposed");
    throw engine.failure("imsg_add");
  }
  if (engine.memory.word(pointer + layout.ibuf.size) !== size) ibuf.memory.root.version++;
  return rv;
}
