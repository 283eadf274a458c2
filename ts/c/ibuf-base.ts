import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import { layout, type Pointer } from "../module/exports.ts";
import { Owner, type Root } from "../module/live.ts";
import { release } from "./scratch.ts";

/** What a view is made of: the memory it borrows, and since when. */
export interface Borrowed {
  root: Root;
  version: number;
  /** Whose memory it is; held, so that the collector leaves it alone. */
  parent?: Owner;
}

/** Who owns an ibuf's memory, and what C can do with it: the rules of views. */
export abstract class IbufBase extends Owner {
  /** @internal */
  readonly root: Root = { version: 0 };
  readonly #borrowed: Borrowed | undefined;
  /** The copy that fromBuffer made, or 0. */
  readonly #memory: Pointer;

  /** @internal */
  constructor(engine: Engine, pointer: Pointer, borrowed?: Borrowed, memory: Pointer = 0) {
    // the collector's closure must see nothing that leads back to this object
    super(
      engine,
      "ibuf",
      pointer,
      borrowed === undefined ? freeIbuf(pointer) : freeView(pointer, memory),
    );
    this.#borrowed = borrowed;
    this.#memory = memory;
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
   * What a new view of this ibuf's memory borrows, or of what this view itself
   * borrows.
   * @internal
   */
  lend(): Borrowed {
    const own = this.#borrowed;
    const borrows = own !== undefined && this.#memory === 0;
    const root = borrows ? own.root : this.root;
    const parent = borrows ? own.parent : this;
    return { root, version: root.version, ...(parent === undefined ? {} : { parent }) };
  }

  /**
   * Whether this is memory of that ibuf, or that ibuf itself.
   * @internal
   */
  sharesMemory(owner: IbufBase): boolean {
    return this === owner || this.#borrowed?.root === owner.root;
  }

  /** Whether this is one of C's ibufs on the stack, which borrow their memory. */
  get isView(): boolean {
    return this.#borrowed !== undefined;
  }

  /**
   * The address for a call that C would abort on if this were a view.
   * @internal
   */
  give(syscall: string): Pointer {
    const pointer = this.pointer(syscall);
    if (this.#borrowed === undefined) return pointer;
    throw new ImsgError("EINVAL", { syscall, detail: "a view borrows its memory" });
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

  /**
   * Runs what may grow the buffer: views are stale if it did.
   * @internal
   */
  grow(pointer: Pointer, run: () => number, syscall: string): number {
    const { memory } = this.engine;
    const { size } = layout.ibuf;
    const before = memory.word(pointer + size);
    const rv = run();
    if (memory.word(pointer + size) !== before) this.root.version++;
    if (rv === -1) throw this.engine.failure(syscall);
    return rv;
  }

  /**
   * Wipes and frees the buffer, and closes its descriptor. `ibuf_free`.
   * Throws EINVAL for a view, where C would abort; {@link dispose} ends those.
   */
  free(): void {
    const pointer = this.give("ibuf_free");
    this.engine.enter("ibuf_free");
    this.markFreed();
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
    this.engine.enter("ibuf_free");
    this.markFreed();
    release(this.engine, pointer);
    if (this.#memory !== 0) release(this.engine, this.#memory);
  }
}

function freeIbuf(pointer: Pointer): (engine: Engine) => void {
  return (engine) => {
    engine.exports.ibuf_fd_get(pointer);
    engine.exports.ibuf_free(pointer);
  };
}

function freeView(pointer: Pointer, memory: Pointer): (engine: Engine) => void {
  return (engine) => {
    engine.exports.free(pointer);
    if (memory !== 0) engine.exports.free(memory);
  };
}
