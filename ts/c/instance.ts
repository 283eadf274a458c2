import { PAGE_SIZE } from "../module/abi.ts";
import { checkBytes, checkOptions, checkPid, checkSize, show } from "../module/check.ts";
import { Engine, type ObjectKind } from "../module/engine.ts";
import { failure, fieldsOf, type ImsgError, invalid } from "../module/error.ts";
import { InstanceHandle } from "../module/instance.ts";
import { Origins } from "../module/origins.ts";
import { warnIfUnverified } from "../module/unverified.ts";
import type { WasmSource } from "../module/wasm-types.ts";
import { apiEngine } from "./default.ts";
import { Descriptors } from "./descriptors.ts";
import { Ibuf } from "./ibuf.ts";
import { Imsgbuf } from "./imsgbuf.ts";
import { describeLeaks } from "./leaks.ts";
import { Msgbuf } from "./msgbuf.ts";
import { Socket } from "./socket.ts";

/** The figures that {@link ImsgInstance.stats} returns. */
export interface ImsgStats {
  /** Bytes that C has allocated, rounded up to the allocator's blocks. */
  readonly liveBytes: number;
  /** Bytes of linear memory. */
  readonly memoryBytes: number;
  /** The number of objects that are neither moved nor disposed, by kind. */
  readonly objects: Readonly<Record<ObjectKind, number>>;
  /** The number of values behind descriptors. */
  readonly descriptors: number;
}

/** Options of {@link createInstance} and {@link instantiate}. */
export interface InstanceOptions {
  /** Whether errors say where an object was made and disposed, and late use of lent memory throws. */
  debug?: boolean | undefined;
}

/**
 * An instance of the module with its own memory and descriptors. Its classes
 * are the top-level ones, bound to it. An object of one instance cannot be used
 * with objects of another (EINVAL). A trap ends one instance and no other.
 */
export class ImsgInstance extends InstanceHandle {
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
    super(engine);
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

  /** Sets the result of C's getpid: the pid of imsgbufs that are made from now on. Throws EINVAL. */
  setPid(pid: number): void {
    this.engine.call.kernel_setpid(checkPid(pid, "getpid"));
  }

  /**
   * Sets a function that is called with the number of every closed descriptor, after the call that
   * closed it; undefined removes it. An error that it throws is reported as uncaught. Throws EINVAL.
   */
  set onClose(listener: ((fd: number) => void) | undefined) {
    if (listener !== undefined && typeof listener !== "function") {
      const detail = `onClose must be a function or undefined, not ${show(listener)}`;
      throw invalid(undefined, detail);
    }
    this.engine.onClose = listener;
  }

  /**
   * Makes the n-th allocation from now on fail, once, for tests of ENOMEM; 0
   * cancels that. Throws EINVAL.
   */
  failAllocation(n: number): void {
    this.engine.call.mem_fail_at(checkSize(n, "n", "malloc"));
  }

  /** Limits the growth of linear memory to so many bytes; 0 removes the limit. Throws EINVAL. */
  limitMemory(bytes: number): void {
    const n = checkSize(bytes, "bytes", "malloc");
    // the allocator counts in pages, and 0 pages would be no limit
    this.engine.call.mem_limit(n && Math.max(n, PAGE_SIZE));
  }

  /**
   * Throws ERR_IMSG_LEAK if anything is alive: objects neither moved nor
   * disposed, values behind descriptors, bytes that C has allocated. In debug
   * mode the error says where the objects were made.
   */
  assertNoLeaks(): void {
    const detail = describeLeaks(this.engine);
    if (detail !== undefined) throw failure("ERR_IMSG_LEAK", undefined, detail);
  }

  /** Counts the live objects, values and bytes of this instance. */
  stats(): ImsgStats {
    const { engine } = this;
    return {
      liveBytes: engine.call.mem_live() >>> 0,
      memoryBytes: engine.exports.memory.buffer.byteLength,
      objects: { batch: 0, ibuf: 0, imsg: 0, imsgbuf: 0, msgbuf: 0, socket: 0, ...engine.live },
      descriptors: engine.values.size,
    };
  }
}

/**
 * Makes an instance synchronously, from the module's bytes or from a compiled
 * module (workerd compiles none at run time; import it there). Throws EINVAL
 * for anything else, ERR_IMSG_COMPILE for bad bytes, ENOMEM.
 */
export function createInstance(source: WasmSource, options: InstanceOptions = {}): ImsgInstance {
  const origins = checkOptions(options).debug === true ? new Origins() : undefined;
  return new ImsgInstance(new Engine(warnIfUnverified(compile(source)), origins));
}

/**
 * Returns a compiled module, of this realm or another, or compiles bytes.
 * Throws ERR_IMSG_COMPILE if that fails, EINVAL for anything else.
 */
export function compile(source: unknown): WebAssembly.Module {
  if (isModule(source)) return source;
  const bytes = checkBytes(source, "createInstance");
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw notCompiled(cause);
  }
}

const notCompiled = (cause: unknown): ImsgError =>
  failure("ERR_IMSG_COMPILE", undefined, String(cause), cause);

function isModule(source: unknown): source is WebAssembly.Module {
  try {
    // instanceof would refuse a module of another realm
    WebAssembly.Module.exports(source as WebAssembly.Module);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes an instance of a module that is fetched, from a Response (or a promise
 * of one) or a URL. Rejects with EIO for a status that is not 2xx, with the
 * errors of fetch, and with those of {@link createInstance}.
 */
export async function instantiate(
  source: Response | PromiseLike<Response> | URL | string,
  options: InstanceOptions = {},
): Promise<ImsgInstance> {
  const { debug } = checkOptions(options);
  fieldsOf(source);
  const pending = typeof source === "string" || source instanceof URL ? fetch(source) : source;
  const response = await pending;
  if (typeof response?.arrayBuffer !== "function") {
    throw invalid(undefined, "source must be a Response or a URL");
  }
  if (!response.ok) {
    throw failure("EIO", undefined, `${response.url}: HTTP status ${response.status}`);
  }
  // streaming compilation would require the MIME type application/wasm
  const module = await WebAssembly.compile(await response.arrayBuffer()).catch((cause) => {
    throw notCompiled(cause);
  });
  return createInstance(module, { debug });
}

let shared: ImsgInstance | undefined;

/** Returns the instance that the top-level classes belong to, which is made on first use. */
export function defaultInstance(): ImsgInstance {
  shared ??= new ImsgInstance(apiEngine());
  return shared;
}
