import { type Pointer, WINDOW_SIZE } from "./abi.ts";
import { errnoName } from "./errno.ts";
import { failure, ImsgError, type ImsgErrorOptions } from "./error.ts";
import type { ExportName, RawExports } from "./exports.ts";
import { HostValues } from "./host-values.ts";
import { loadModule } from "./load.ts";
import { Memory } from "./memory.ts";
import type { Origins } from "./origins.ts";
import { processId } from "./pid.ts";

/** The kinds of objects that {@link ImsgInstance.stats} counts. */
export type ObjectKind = "batch" | "ibuf" | "imsg" | "imsgbuf" | "msgbuf" | "socket";

/** Returns the length of the message whose header lies at `at`; 0 refuses it. */
type ReadHeader = (reader: number, at: Pointer, length: number) => number;

/** The exports that {@link Engine.call} guards. */
type Guarded = Omit<RawExports, "memory" | "_initialize">;

/**
 * One instantiated module with everything that its users share: guarded calls,
 * memory views, errno, host values and header callbacks.
 */
export class Engine {
  /** The exports themselves, for hot paths, which guard their calls with {@link enter} and {@link trap}. */
  readonly exports: RawExports;
  /** The exports, guarded: a trap or a stopped engine is an {@link ImsgError}. */
  readonly call: Guarded;
  readonly memory: Memory;
  readonly values: HostValues;
  /** In debug mode: where the objects that are alive were made. */
  readonly origins: Origins | undefined;
  /** How many objects of each kind are alive; absent if there has been none. */
  readonly live: Partial<Record<ObjectKind, number>> = {};
  /** Is called with the number of every closed descriptor, after the call that closed it. */
  onClose: ((fd: number) => void) | undefined;
  /** Calls the header callbacks of msgbufs, once there is a msgbuf that has one. */
  onHeader: ReadHeader | undefined;
  /** How many callers want closed values to be disposed later. */
  deferrals = 0;
  /**
   * Is called before each call into the module: in debug mode it makes the memory that reserve and
   * seek have lent stale; while a header callback runs, below a frame of the module, it throws.
   */
  onEnter: ((syscall?: string) => void) | undefined;
  /** The records of this engine's batches (ts/batch/records.ts), once there is a batch. */
  records: unknown;
  /** The error of the trap that stopped this engine, if one did. */
  trapped: ImsgError | undefined;

  readonly #errno: Pointer;

  /** Instantiates the module. Throws EINVAL if it is another library's, ENOMEM. */
  constructor(module: WebAssembly.Module, origins?: Origins) {
    this.origins = origins;
    this.values = new HostValues();
    this.exports = loadModule(module, {
      host_close: (fd, value) => this.values.closed(fd, value),
      host_header: (reader, at, length) => this.onHeader?.(reader, at, length) ?? 0,
    });
    this.memory = new Memory(this.exports.memory);
    this.#errno = this.exports.__errno_location();
    this.exports.kernel_setpid(processId());
    this.call = this.#guard();
  }

  #guard(): Guarded {
    const guarded: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.exports)) {
      if (typeof value !== "function") continue;
      const f = value as (...args: unknown[]) => number;
      // declared parameters: V8 passes them faster than rest parameters
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
    return guarded as unknown as Guarded;
  }

  /**
   * Prepares a call into the module: makes lent memory stale and clears errno.
   * Throws ERR_IMSG_REENTRANT inside of a header callback, and
   * ERR_IMSG_TRAPPED after a trap.
   */
  enter(syscall?: string): void {
    if (this.trapped !== undefined) throw this.trapped;
    if (this.onEnter !== undefined) this.onEnter(syscall);
    this.memory.u32[this.#errno >> 2] = 0;
  }

  /** Whether {@link enter} would only clear errno. */
  get ready(): boolean {
    return this.trapped === undefined && this.onEnter === undefined;
  }

  /**
   * Marks the engine as unusable, and returns the error of every later call. An
   * ImsgError is no trap, and is returned as it is.
   */
  trap(cause: unknown, syscall?: string): ImsgError {
    if (cause instanceof ImsgError) return cause;
    this.trapped ??= failure("ERR_IMSG_TRAPPED", syscall, undefined, cause);
    return this.trapped;
  }

  /**
   * Disposes the values of descriptors that were closed, outside of the module.
   * A disposer may call the library, so errno is restored for the caller, which
   * reads it later.
   */
  settle(): void {
    if (this.deferrals > 0) return;
    const errno = this.memory.word(this.#errno);
    this.values.settle(this.onClose);
    this.memory.u32[this.#errno >> 2] = errno;
  }

  /**
   * Opens a descriptor for a value, which the table owns from then on. If it
   * throws (ENOMEM), the value is still the caller's.
   */
  openValue(
    value: unknown,
    dispose: ((value: unknown) => void) | undefined,
    syscall: string,
  ): number {
    const id = this.values.add(value, dispose);
    let fd = -1;
    try {
      fd = this.call.kernel_open(id);
      if (fd === -1) throw this.failure(syscall);
      return fd;
    } finally {
      if (fd === -1) this.values.take(id);
    }
  }

  /** Makes the error of a C function that has just failed, from errno. */
  failure(syscall: string, options?: Omit<ImsgErrorOptions, "syscall">): ImsgError {
    return this.failureOf(this.memory.word(this.#errno), syscall, options);
  }

  /** Makes the error of a C function that failed with an error number. */
  failureOf(
    number: number,
    syscall: string,
    options?: Omit<ImsgErrorOptions, "syscall">,
  ): ImsgError {
    return new ImsgError(errnoName(number) ?? "ERR_IMSG_UNSPECIFIED", {
      ...options,
      syscall,
    });
  }

  /**
   * Copies bytes that alias linear memory (from reserve or seek) if the next
   * call may allocate, since an allocation may move them. A call with up to
   * `spared` bytes does not allocate.
   */
  copyIfAliased<T extends ArrayBufferLike>(
    bytes: Uint8Array<T>,
    spared = WINDOW_SIZE,
  ): Uint8Array<T | ArrayBuffer> {
    if (bytes.length <= spared || bytes.buffer !== this.exports.memory.buffer) return bytes;
    return Uint8Array.from(bytes); // slice of a Buffer would share the memory
  }
}
