import { Records } from "../batch/records.ts";
import type { ErrnoName } from "./errno.ts";
import { errnoName } from "./errno.ts";
import { ImsgError, type ImsgErrorOptions } from "./error.ts";
import type { ExportName, Pointer, RawExports } from "./exports.ts";
import { HostValues } from "./host-values.ts";
import type { Created } from "./live.ts";
import { Memory } from "./memory.ts";
import { processId } from "./pid.ts";

/** The kinds of objects that {@link ImsgInstance.stats} counts. */
export type ObjectKind = "batch" | "ibuf" | "imsg" | "imsgbuf" | "msgbuf" | "socket";

/** How many bytes the window has, through which chunks and records go (BATCH_WINDOW). */
export const WINDOW = 65520;

/**
 * One instantiated module with everything that its users share: guarded calls,
 * memory views, errno, host values and the header callbacks of readers.
 */
export class Engine {
  /** The exports as they are; hot paths call these and guard themselves. */
  readonly exports: RawExports;
  /** The exports, guarded: a trap or a stopped engine is an {@link ImsgError}. */
  readonly call: Omit<RawExports, "memory" | "_initialize">;
  readonly memory: Memory;
  readonly values: HostValues;
  /** Messages that wait in the window to be composed. */
  readonly records: Records;
  /** Whether objects remember where they were made and disposed. */
  readonly debug: boolean;
  /** How many objects of each kind are alive. */
  readonly live: Record<ObjectKind, number> = {
    batch: 0,
    ibuf: 0,
    imsg: 0,
    imsgbuf: 0,
    msgbuf: 0,
    socket: 0,
  };
  /** In debug mode: where each live object was made. */
  readonly created = new Set<Created>();
  /** Bytes in use when nothing is alive. */
  readonly base: number;
  /** Told of every descriptor that was closed, after the call that closed it. */
  onClose: ((fd: number) => void) | undefined;
  /** The header callbacks of msgbufs, once there is one. */
  readers: { header(reader: number, at: Pointer, length: number): number } | undefined;
  /** Whether such a callback is running, below a frame of the module. */
  inCallback = false;
  /** In debug mode: takes back what reserve and seek lent until the next call. */
  expire: (() => void) | undefined;

  readonly #errno: Pointer;
  #holds = 0;
  #trapped: ImsgError | undefined;

  constructor(module: WebAssembly.Module, debug = false) {
    this.debug = debug;
    this.values = new HostValues();
    const instance = new WebAssembly.Instance(module, {
      env: {
        host_close: (fd: number, value: number) => this.values.closed(fd, value),
        host_header: (reader: number, at: number, length: number) =>
          this.readers?.header(reader, at, length) ?? 0,
      },
    });
    this.exports = instance.exports as unknown as RawExports;
    if (typeof this.exports.batch_open !== "function") {
      throw new ImsgError("EINVAL", { detail: "this is not the module of this library" });
    }
    this.exports._initialize?.();
    this.memory = new Memory(this.exports.memory);
    this.records = new Records(this.memory, this.exports.batch_window(), WINDOW);
    this.#errno = this.exports.__errno_location();
    this.exports.kernel_setpid(processId());
    if (WebAssembly.Module.customSections(module, "imsg-unverified").length > 0) {
      console.warn(
        "imsg-wasm: this module was built from altered C, not from the verified original",
      );
    }
    this.call = this.#guard(instance.exports);
    this.base = this.exports.mem_live() >>> 0;
  }

  #guard(exports: WebAssembly.Exports): Omit<RawExports, "memory" | "_initialize"> {
    const guarded: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value !== "function") continue;
      const f = value as (...args: unknown[]) => number;
      guarded[name] = (
        a: unknown,
        b: unknown,
        c: unknown,
        d: unknown,
        e: unknown,
        g: unknown,
        h: unknown,
      ) => {
        this.enter(name as ExportName);
        try {
          return f(a, b, c, d, e, g, h);
        } catch (cause) {
          throw this.trap(cause, name as ExportName);
        } finally {
          if (this.values.pending) this.settle();
        }
      };
    }
    return guarded as unknown as Omit<RawExports, "memory" | "_initialize">;
  }

  /**
   * Refuses calls from a header callback and after a trap; has what waits in the
   * window composed, and clears errno.
   */
  enter(syscall?: string): void {
    if (this.inCallback) {
      throw new ImsgError("ERR_IMSG_REENTRANT", syscall === undefined ? {} : { syscall });
    }
    this.records.holder?.commit();
    if (this.#trapped !== undefined) throw this.#trapped;
    if (this.expire !== undefined) this.expire();
    this.memory.i32[this.#errno >> 2] = 0;
  }

  /** Whether {@link enter} would let a call in. */
  get ready(): boolean {
    return this.#trapped === undefined && !this.inCallback;
  }

  /** Marks the engine as unusable, and gives the error that says so. */
  trap(cause: unknown, syscall?: string): ImsgError {
    this.#trapped ??= new ImsgError("ERR_IMSG_TRAPPED", {
      cause,
      ...(syscall === undefined ? {} : { syscall }),
    });
    return this.#trapped;
  }

  /** The error of the trap that stopped this engine, if one did. */
  get trapped(): ImsgError | undefined {
    return this.#trapped;
  }

  /**
   * Runs what closing descriptors has left to do, outside of the module. A
   * disposer may call the library; errno is kept for who has yet to read it.
   */
  settle(): void {
    if (this.#holds > 0) return;
    const errno = this.memory.int(this.#errno);
    this.values.settle(this.onClose);
    this.memory.i32[this.#errno >> 2] = errno;
  }

  /**
   * Runs what must not be interrupted by disposers: they wait until it is done,
   * so that they find every object in the state that C left it in.
   */
  held<T>(run: () => T): T {
    this.#holds++;
    try {
      return run();
    } finally {
      this.#holds--;
      if (this.values.pending) this.settle();
    }
  }

  /** The name of the error that the last call left in errno. */
  errno(): ErrnoName | undefined {
    return errnoName(this.memory.int(this.#errno));
  }

  /** Makes the error of a C function that has just failed, from errno. */
  failure(syscall: string, options?: Omit<ImsgErrorOptions, "syscall">): ImsgError {
    return this.failureOf(this.memory.int(this.#errno), syscall, options);
  }

  /** Makes the error of a C function that failed with one of the module's own error numbers. */
  failureOf(
    moduleNumber: number,
    syscall: string,
    options?: Omit<ImsgErrorOptions, "syscall">,
  ): ImsgError {
    return new ImsgError(errnoName(moduleNumber) ?? "ERR_IMSG_UNSPECIFIED", {
      ...options,
      syscall,
    });
  }

  /**
   * The caller's bytes, to be put where an allocation comes first: a copy if
   * they are memory of the module (from reserve or seek), which may move then.
   * For up to `spared` bytes there is no allocation (see scratch.ts).
   */
  outside<T extends ArrayBufferLike>(
    bytes: Uint8Array<T>,
    spared = WINDOW,
  ): Uint8Array<T | ArrayBuffer> {
    if (bytes.length <= spared || bytes.buffer !== this.exports.memory.buffer) return bytes;
    return Uint8Array.from(bytes); // a Buffer's slice would share
  }
}
