import { layout, type Pointer } from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import { failure, invalid } from "../module/error.ts";
import type { Owner, Root } from "../module/live.ts";
import { release } from "./scratch.ts";

/** The memory that a view borrows, at one version. */
export interface Borrowed {
  root: Root;
  version: number;
  /** The owner of the memory, which the garbage collector must not free while the view is used. */
  parent?: Owner | undefined;
}

/** The memory of one ibuf: its own, borrowed from another object, or a copy that fromBuffer made. */
export class IbufMemory {
  /** The memory that views of this ibuf borrow. */
  readonly root: Root = { version: 0 };
  /** The memory that this ibuf borrows, if it is one of C's ibufs on the stack. */
  readonly borrowed: Borrowed | undefined;
  /** The block that fromBuffer copied the bytes to, or 0. */
  readonly copy: Pointer;

  constructor(borrowed: Borrowed | undefined, copy: Pointer) {
    this.borrowed = borrowed;
    this.copy = copy;
  }

  /** Throws ERR_IMSG_STALE if the borrowed memory has moved or is freed. */
  checkFresh(syscall: string): void {
    const { borrowed } = this;
    if (borrowed !== undefined && borrowed.root.version !== borrowed.version) {
      throw failure("ERR_IMSG_STALE", syscall);
    }
  }

  /** Throws EINVAL for a view, where C would abort. */
  checkOwned(syscall: string): void {
    if (this.borrowed === undefined) return;
    throw invalid(syscall, "this ibuf is a view, which borrows its memory");
  }

  /** The memory that a new view of an ibuf borrows: the ibuf's own, or the memory that the ibuf borrows. */
  lendTo(ibuf: Owner): Borrowed {
    const own = this.borrowed;
    const borrows = own !== undefined && this.copy === 0;
    const root = borrows ? own.root : this.root;
    const parent = borrows ? own.parent : ibuf;
    return { root, version: root.version, ...(parent === undefined ? {} : { parent }) };
  }

  /** Makes the function that frees an ibuf which the garbage collector has found. */
  freer(pointer: Pointer): (engine: Engine) => void {
    const { borrowed, copy } = this;
    if (borrowed === undefined) {
      return ({ exports }) => {
        // its descriptor stays open: the collector closes none
        exports.ibuf_fd_get(pointer);
        exports.ibuf_free(pointer);
      };
    }
    return (engine) => freeView(engine, pointer, copy);
  }
}

/** Frees a view, and the copy of the bytes that it borrows unless that is 0. */
export function freeView(engine: Engine, pointer: Pointer, copy: Pointer): void {
  release(engine, pointer);
  if (copy !== 0) release(engine, copy);
}

/** Runs a call that may grow an ibuf's memory; if it did, its views are stale. */
export function trackGrowth<T>(engine: Engine, pointer: Pointer, root: Root, run: () => T): T {
  const { memory } = engine;
  const size = pointer + layout.ibuf.size;
  const before = memory.word(size);
  try {
    return run();
  } finally {
    if (engine.trapped === undefined && memory.word(size) !== before) root.version++;
  }
}
