/**
 * `imsg-wasm/raw`: the module as it is, for those who port C.
 *
 * Nothing here checks anything. What C does with a wrong pointer, it does:
 *
 * - Address 0 can be written to: what crashes natively on NULL, such as any call
 *   on an imsgbuf after imsgbuf_clear, goes on silently.
 * - Pointers and sizes beyond 32 bits are cut, fractions too; a negative size is
 *   a huge one. Numbers that come back are signed: `>>> 0` makes a size of them.
 * - Any call may grow the memory, which detaches every view of it. Ask `HEAPU8`
 *   and its like anew after each call, and keep offsets, not views.
 * - A failed call leaves its reason in errno and no call clears it: set it to 0
 *   first where C leaves it alone. The numbers are the module's (WASI's); compare
 *   {@link RawModule.errno} by name.
 * - `imsgbuf_flush` never returns while the socket takes nothing, or while an
 *   empty ibuf is queued; `imsgbuf_flush_bounded` does.
 * - After `imsgbuf_read`, `ibuf_read` or `msgbuf_read` has returned -1 for a bad
 *   header or for want of memory, the same msgbuf must not be read again.
 * - What C aborts on traps (WebAssembly.RuntimeError), and the instance is not
 *   to be used after that. ibufs on the stack must not be freed nor queued.
 * - The hooks run below frames of C and must not call into the module.
 * - Objects of the wrapper's classes belong to them. Free none of theirs here,
 *   and give them none of yours.
 *
 * @module
 */

import { compile, defaultInstance, type ImsgInstance } from "../c/instance.ts";
import { defaultModule } from "../module/embedded.ts";
import { type ErrnoName, errnoName, moduleErrno } from "../module/errno.ts";
import { ImsgError } from "../module/error.ts";
import type { ExportName, Pointer, RawExports } from "../module/exports.ts";

export type { ErrnoName } from "../module/errno.ts";
export { type ExportName, layout, type Pointer, type RawExports } from "../module/exports.ts";

/** What the module asks of its host. What they throw is kept from C: {@link RawModule.takeThrown}. */
export interface RawHooks {
  /**
   * A descriptor's number was closed (-1: one that was still on its way) and
   * with it, unless that is 0, the value that kernel_open was given.
   */
  host_close?(fd: number, value: number): void;
  /**
   * For a msgbuf of msgbuf_reader: how long the message is whose header lies at
   * `at`, header included. 0, or throwing, refuses it with EINVAL; without this
   * hook all are refused.
   */
  host_header?(reader: number, at: Pointer, length: number): number;
}

/** What a hook threw: {@link RawModule.takeThrown}. */
export interface Thrown {
  /** The value that was thrown. */
  readonly error: unknown;
}

/** An instance of the module, in the manner of Emscripten's `Module`. */
export interface RawModule {
  /** The exports, by the names and signatures of C. */
  readonly exports: RawExports;
  /** The memory as signed bytes; valid until the next call. */
  readonly HEAP8: Int8Array<ArrayBuffer>;
  /** The memory as bytes; valid until the next call. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  /** The memory as signed 16-bit words; valid until the next call. */
  readonly HEAP16: Int16Array<ArrayBuffer>;
  /** The memory as 16-bit words; valid until the next call. */
  readonly HEAPU16: Uint16Array<ArrayBuffer>;
  /** The memory as signed 32-bit words; valid until the next call. */
  readonly HEAP32: Int32Array<ArrayBuffer>;
  /** The memory as 32-bit words; valid until the next call. */
  readonly HEAPU32: Uint32Array<ArrayBuffer>;
  /** The memory as signed 64-bit words; valid until the next call. */
  readonly HEAP64: BigInt64Array<ArrayBuffer>;
  /** The memory as 64-bit words; valid until the next call. */
  readonly HEAPU64: BigUint64Array<ArrayBuffer>;
  /** C's malloc; the memory is zeroed. 0 if there is none. */
  _malloc(size: number): Pointer;
  /** C's free. */
  _free(ptr: Pointer): void;
  /** errno by name; undefined if it is 0 or a number without a name here. */
  errno(): ErrnoName | undefined;
  /** Sets errno, or clears it. */
  setErrno(name: ErrnoName | undefined): void;
  /** What a hook threw last, once; undefined if none did. */
  takeThrown(): Thrown | undefined;
}

/**
 * Makes an instance at once, of a compiled module, of the module's bytes, or of
 * those that come with this library. Throws EINVAL for what is none of them, and
 * what the engine says of bad bytes.
 */
export function instantiateRaw(
  source: WebAssembly.Module | BufferSource = defaultModule(),
  hooks: RawHooks = {},
): RawModule {
  const module = compile(source);
  let thrown: { error: unknown } | undefined;
  // no exception may cross a frame of C: it would never get its stack back
  const apart = (run: () => number | undefined): number => {
    try {
      return run() ?? 0;
    } catch (error) {
      thrown = { error };
      return 0;
    }
  };
  const instance = new WebAssembly.Instance(module, {
    env: {
      host_close: (fd: number, value: number) => {
        apart(() => void hooks.host_close?.(fd, value >>> 0));
      },
      host_header: (reader: number, at: Pointer, length: number) =>
        apart(() => header(hooks.host_header?.(reader >>> 0, at, length), length)),
    },
  });
  const exports = instance.exports as unknown as RawExports;
  if (typeof exports.__errno_location !== "function") {
    throw new ImsgError("EINVAL", { detail: "this is not the module of this library" });
  }
  exports._initialize?.();
  return new Raw(exports, () => {
    const last = thrown;
    thrown = undefined;
    return last;
  });
}

function header(total: unknown, length: number): number {
  if (total === undefined || total === 0) return 0;
  if (typeof total === "number" && total >>> 0 === total && total >= length) return total;
  throw new ImsgError("EINVAL", {
    syscall: "msgbuf_read",
    detail: `host_header must return 0 or an integer of at least ${length}`,
  });
}

/**
 * The module below the default instance, or below another: what the classes
 * call. Its hooks are the wrapper's, so {@link RawModule.takeThrown} has nothing.
 */
export function rawModule(instance: ImsgInstance = defaultInstance()): RawModule {
  return new Raw(instance.engine.exports, () => undefined);
}

class Raw implements RawModule {
  readonly exports: RawExports;
  readonly takeThrown: () => { readonly error: unknown } | undefined;
  #buffer: ArrayBuffer | undefined;
  #views!: Views;

  constructor(exports: RawExports, takeThrown: () => { error: unknown } | undefined) {
    this.exports = exports;
    this.takeThrown = takeThrown;
  }

  get #heap(): Views {
    const { buffer } = this.exports.memory;
    if (this.#buffer !== buffer) {
      this.#buffer = buffer;
      this.#views = views(buffer);
    }
    return this.#views;
  }

  get HEAP8(): Int8Array<ArrayBuffer> {
    return this.#heap.i8;
  }

  get HEAPU8(): Uint8Array<ArrayBuffer> {
    return this.#heap.u8;
  }

  get HEAP16(): Int16Array<ArrayBuffer> {
    return this.#heap.i16;
  }

  get HEAPU16(): Uint16Array<ArrayBuffer> {
    return this.#heap.u16;
  }

  get HEAP32(): Int32Array<ArrayBuffer> {
    return this.#heap.i32;
  }

  get HEAPU32(): Uint32Array<ArrayBuffer> {
    return this.#heap.u32;
  }

  get HEAP64(): BigInt64Array<ArrayBuffer> {
    return this.#heap.i64;
  }

  get HEAPU64(): BigUint64Array<ArrayBuffer> {
    return this.#heap.u64;
  }

  _malloc(size: number): Pointer {
    return this.exports.malloc(size) >>> 0;
  }

  _free(ptr: Pointer): void {
    this.exports.free(ptr);
  }

  errno(): ErrnoName | undefined {
    return errnoName(this.HEAP32[this.exports.__errno_location() >> 2]!);
  }

  setErrno(name: ErrnoName | undefined): void {
    this.HEAP32[this.exports.__errno_location() >> 2] = name === undefined ? 0 : moduleErrno(name);
  }
}

interface Views {
  i8: Int8Array<ArrayBuffer>;
  u8: Uint8Array<ArrayBuffer>;
  i16: Int16Array<ArrayBuffer>;
  u16: Uint16Array<ArrayBuffer>;
  i32: Int32Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
  i64: BigInt64Array<ArrayBuffer>;
  u64: BigUint64Array<ArrayBuffer>;
}

function views(buffer: ArrayBuffer): Views {
  return {
    i8: new Int8Array(buffer),
    u8: new Uint8Array(buffer),
    i16: new Int16Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
  };
}

/** The exports under Emscripten's names, with an underscore, for code that uses those. */
export type EmscriptenNames = { [Name in ExportName as `_${Name}`]: RawExports[Name] };

/** The exports of a module under Emscripten's names: `_ibuf_open` and so on. */
export function withUnderscores(raw: RawModule): EmscriptenNames {
  return Object.fromEntries(
    Object.entries(raw.exports)
      .filter(([, value]) => typeof value === "function")
      .map(([name, value]) => [`_${name}`, value]),
  ) as EmscriptenNames;
}
