import type { Pointer } from "../module/abi.ts";
import { show } from "../module/check.ts";
import { type ErrnoName, errnoName, errnoNumber } from "../module/errno.ts";
import { fieldsOf, ImsgError, isObject } from "../module/error.ts";
import type { ExportName, RawExports } from "../module/exports.ts";
import { InstanceHandle } from "../module/instance.ts";
import { loadModule } from "../module/load.ts";
import { Memory } from "../module/memory.ts";
import type { WasmSource } from "../module/wasm-types.ts";
import { wholeModule } from "../module/whole.ts";
import { compile, defaultInstance, type ImsgInstance } from "./instance.ts";

export { layout, type Pointer } from "../module/abi.ts";
export type { ErrnoName } from "../module/errno.ts";
export type { ExportName, RawExports } from "../module/exports.ts";

/**
 * The functions that the module calls. An error that they throw does not reach C;
 * {@link RawModule.takeThrown} returns it.
 */
export interface RawHooks {
  /**
   * C has closed a descriptor; -1 stands for one that had been sent already. `value` is the
   * argument of kernel_open that the host must close now, or 0 if there is none.
   */
  host_close?(fd: number, value: number): void;
  /**
   * Returns the length in bytes of the message whose header lies at `at`,
   * header included, for a msgbuf of msgbuf_reader. If it returns 0 or throws,
   * C refuses the message with EINVAL. Without this hook C refuses every message.
   */
  host_header?(reader: number, at: Pointer, length: number): number;
}

/** The result of {@link RawModule.takeThrown}. */
export interface Thrown {
  /** The value that was thrown. */
  readonly error: unknown;
}

/** An instance of the module, with the names of Emscripten's `Module`. */
export interface RawModule {
  /** The exports, with the names and signatures of C. */
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
  /** C's malloc. The memory is zeroed. Returns 0 if there is none. */
  _malloc(size: number): Pointer;
  /** C's free. */
  _free(ptr: Pointer): void;
  /** Returns the name of errno; undefined if errno is 0 or has no name here. */
  errno(): ErrnoName | undefined;
  /** Sets errno, or clears it for undefined. */
  setErrno(name: ErrnoName | undefined): void;
  /** Takes the error that a hook threw last; undefined if none has thrown since the last call. */
  takeThrown(): Thrown | undefined;
}

/**
 * Makes an instance synchronously, from a compiled module, from the module's
 * bytes, or from the bytes that come with this library. Throws EINVAL for
 * anything else, ERR_IMSG_COMPILE for bad bytes, ENOMEM.
 */
export function instantiateRaw(
  source: WasmSource = wholeModule(),
  hooks: RawHooks = {},
): RawModule {
  const module = compile(source);
  let thrown: Thrown | undefined;
  // an exception must not cross a frame of C, whose stack pointer would not be restored
  const keepFromC = (run: () => number | undefined): number => {
    try {
      return run() ?? 0;
    } catch (error) {
      thrown = { error };
      return 0;
    }
  };
  const exports = loadModule(module, {
    host_close: (fd, value) => void keepFromC(() => void hooks.host_close?.(fd, value >>> 0)),
    host_header: (reader, at, length) =>
      keepFromC(() => checkTotal(hooks.host_header?.(reader >>> 0, at, length), length)),
  });
  return new Raw(exports, new Memory(exports.memory), () => {
    const last = thrown;
    thrown = undefined;
    return last;
  });
}

/** Checks what host_header returned. Throws EINVAL. */
function checkTotal(total: unknown, length: number): number {
  if (total === undefined || total === 0) return 0;
  if (typeof total === "number" && total >>> 0 === total && total >= length) return total;
  throw new ImsgError("EINVAL", {
    syscall: "msgbuf_read",
    detail: `host_header must return 0 or an integer of at least ${length}`,
  });
}

/**
 * Returns the module that the classes of an instance call, by default of the default instance. Its hooks are the library's, so {@link RawModule.takeThrown}
 * always returns undefined.
 */
export function rawModule(instance: ImsgInstance = defaultInstance()): RawModule {
  const { exports, memory } = InstanceHandle.engineOf(instance, "rawModule");
  return new Raw(exports, memory, () => undefined);
}

class Raw implements RawModule {
  readonly exports: RawExports;
  readonly takeThrown: () => Thrown | undefined;
  readonly #memory: Memory;

  constructor(exports: RawExports, memory: Memory, takeThrown: () => Thrown | undefined) {
    this.exports = exports;
    this.#memory = memory;
    this.takeThrown = takeThrown;
  }

  get HEAPU8(): Uint8Array<ArrayBuffer> {
    return this.#memory.u8;
  }

  get HEAPU32(): Uint32Array<ArrayBuffer> {
    return this.#memory.u32;
  }

  // the views that the library itself does not use are made at each access

  get HEAP8(): Int8Array<ArrayBuffer> {
    return new Int8Array(this.exports.memory.buffer);
  }

  get HEAP16(): Int16Array<ArrayBuffer> {
    return new Int16Array(this.exports.memory.buffer);
  }

  get HEAP32(): Int32Array<ArrayBuffer> {
    return new Int32Array(this.exports.memory.buffer);
  }

  get HEAPU16(): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.exports.memory.buffer);
  }

  get HEAP64(): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.exports.memory.buffer);
  }

  get HEAPU64(): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.exports.memory.buffer);
  }

  _malloc(size: number): Pointer {
    return this.exports.malloc(size) >>> 0;
  }

  _free(ptr: Pointer): void {
    this.exports.free(ptr);
  }

  errno(): ErrnoName | undefined {
    return errnoName(this.HEAPU32[this.exports.__errno_location() >> 2]!);
  }

  setErrno(name: ErrnoName | undefined): void {
    this.HEAPU32[this.exports.__errno_location() >> 2] = name === undefined ? 0 : errnoNumber(name);
  }
}

/** The exports under Emscripten's names, which begin with an underscore. */
export type EmscriptenNames = { [Name in ExportName as `_${Name}`]: RawExports[Name] };

/** Returns the exports of a module under Emscripten's names: `_ibuf_open` and so on. Throws EINVAL. */
export function withUnderscores(raw: RawModule): EmscriptenNames {
  const { exports } = fieldsOf(raw) as Partial<RawModule>;
  if (!isObject(exports)) {
    throw new ImsgError("EINVAL", { detail: `a raw module is needed, not ${show(raw)}` });
  }
  return Object.fromEntries(
    Object.entries(exports)
      .filter(([, value]) => typeof value === "function")
      .map(([name, value]) => [`_${name}`, value]),
  ) as EmscriptenNames;
}
