import { checkPid, checkSize } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import { Engine, type ObjectKind } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import { Descriptors } from "./descriptors.ts";
import { Ibuf } from "./ibuf.ts";
import { Imsgbuf } from "./imsgbuf.ts";
import { describeLeaks } from "./leaks.ts";
import { Msgbuf } from "./msgbuf.ts";
import { Socket } from "./socket.ts";

/** What {@link ImsgInstance.stats} tells. */
export interface ImsgStats {
  /** Bytes of C's memory in use, rounded to the allocator's blocks. */
  readonly liveBytes: number;
  /** Bytes of linear memory. */
  readonly memoryBytes: number;
  /** Objects that are neither moved nor disposed, by kind. */
  readonly objects: Readonly<Record<ObjectKind, number>>;
  /** Host values behind descriptors. */
  readonly descriptors: number;
}

/** Options of {@link createInstance} and {@link instantiate}. */
export interface InstanceOptions {
  /** Remember where objects were made and disposed, and catch late use of lent memory. */
  debug?: boolean;
}

/**
 * An instance of the module with its own memory and descriptors. Its classes
 * are the top-level ones, bound to it; what belongs to two instances does not
 * mix. A trap ends one instance and leaves the others alone.
 */
export class ImsgInstance {
  /** @internal */
  readonly engine: Engine;
  /** {@link Ibuf}, bound to this instance. */
  readonly Ibuf: typeof Ibuf;
  /** {@link Msgbuf}, bound to this instance. */
  readonly Msgbuf: typeof Msgbuf;
  /** {@link Imsgbuf}, bound to this instance. */
  readonly Imsgbuf: typeof Imsgbuf;
  /** {@link Socket}, bound to this instance. */
  readonly Socket: typeof Socket;
  /** The descriptor table of this instance. */
  readonly descriptors: Descriptors;

  /** @internal */
  constructor(engine: Engine) {
    this.engine = engine;
    const own = (value: unknown): boolean => (value as { engine: Engine }).engine === engine;
    this.Ibuf = class extends Ibuf {
      static override engine = () => engine;
      static override [Symbol.hasInstance](value: unknown) {
        return value instanceof Ibuf && own(value);
      }
    };
    this.Msgbuf = class extends Msgbuf {
      static override engine = () => engine;
      static override [Symbol.hasInstance](value: unknown) {
        return value instanceof Msgbuf && own(value);
      }
    };
    this.Imsgbuf = class extends Imsgbuf {
      static override [Symbol.hasInstance](value: unknown) {
        return value instanceof Imsgbuf && own(value);
      }
    };
    this.Socket = class extends Socket {
      static override engine = () => engine;
      static override [Symbol.hasInstance](value: unknown) {
        return value instanceof Socket && own(value);
      }
    };
    this.descriptors = new Descriptors(engine);
  }

  /** Sets what getpid answers: the pid of imsgbufs that are made from now on. */
  setPid(pid: number): void {
    this.engine.call.kernel_setpid(checkPid(pid, "getpid"));
  }

  /** Told of the number of every descriptor that is closed, after the call that closed it. */
  set onClose(listener: ((fd: number) => void) | undefined) {
    this.engine.onClose = listener;
  }

  /**
   * Makes the n-th allocation from now fail, once, to test what happens then;
   * 0 disarms.
   */
  failAllocation(n: number): void {
    this.engine.call.mem_fail_at(checkSize(n, "n", "malloc"));
  }

  /** Refuses to grow memory beyond so many bytes; 0 lifts the limit. */
  limitMemory(bytes: number): void {
    const n = checkSize(bytes, "bytes", "malloc");
    // the allocator counts in pages, and takes no pages at all for no limit
    this.engine.call.mem_limit(n === 0 ? 0 : Math.max(n, 65536));
  }

  /**
   * Throws ERR_IMSG_LEAK if anything is alive: objects neither moved nor
   * disposed, values behind descriptors, bytes of C's memory. In debug mode it
   * says where the objects were made.
   */
  assertNoLeaks(): void {
    const detail = describeLeaks(this.engine);
    if (detail !== undefined) throw new ImsgError("ERR_IMSG_LEAK", { detail });
  }

  /** What is alive in this instance. */
  stats(): ImsgStats {
    const { engine } = this;
    return {
      liveBytes: engine.call.mem_live() >>> 0,
      memoryBytes: engine.memory.size,
      objects: { ...engine.live },
      descriptors: engine.values.size,
    };
  }
}

/**
 * Makes an instance at once, of the module's bytes or of a compiled module
 * (workerd compiles none at run time; there, import it). Throws EINVAL for
 * anything else, and what the engine says of bad bytes.
 */
export function createInstance(
  source: WebAssembly.Module | BufferSource,
  options: InstanceOptions = {},
): ImsgInstance {
  return new ImsgInstance(new Engine(compile(source), options.debug));
}

/** The module, of what may be one or its bytes. */
export function compile(source: unknown): WebAssembly.Module {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer) return new WebAssembly.Module(source);
  if (ArrayBuffer.isView(source)) {
    // V8 takes no DataView
    return new WebAssembly.Module(
      new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength),
    );
  }
  throw new ImsgError("EINVAL", {
    detail: "the module's bytes, or a WebAssembly.Module, is needed",
  });
}

/**
 * Makes an instance of a module that is fetched: a Response (or a promise of
 * one), or a URL. Throws what fetch and the engine say.
 */
export async function instantiate(
  source: Response | PromiseLike<Response> | URL | string,
  options: InstanceOptions = {},
): Promise<ImsgInstance> {
  const pending = typeof source === "string" || source instanceof URL ? fetch(source) : source;
  const response = await pending;
  if (!response.ok) {
    throw new ImsgError("EIO", { detail: `${response.url}: HTTP status ${response.status}` });
  }
  // streaming compilation insists on the MIME type; bytes do not
  return createInstance(await WebAssembly.compile(await response.arrayBuffer()), options);
}

let shared: ImsgInstance | undefined;

/** The instance that the top-level classes belong to, made on first use. */
export function defaultInstance(): ImsgInstance {
  shared ??= new ImsgInstance(defaultEngine());
  return shared;
}
