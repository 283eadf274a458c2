import type { Pointer } from "./abi.ts";
import type { Engine } from "./engine.ts";
import { failure } from "./error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Returns the memory behind each proxy of debug mode; throws ERR_IMSG_STALE if it is stale. */
const proxies = new WeakMap<object, () => Bytes>();

/**
 * Lends memory of the module to the caller, to read and write until the next
 * call into the library. In debug mode it is a proxy that throws ERR_IMSG_STALE
 * when it is used later.
 */
export function lendMemory(engine: Engine, at: Pointer, length: number): Bytes {
  const view = engine.memory.u8.subarray(at, at + length);
  if (engine.origins === undefined) return view;
  let stale = false;
  const before = engine.onEnter;
  engine.onEnter = () => {
    stale = true;
    engine.onEnter = undefined;
    before?.();
  };
  return guard(view, () => {
    if (!stale) return;
    const detail = "memory from reserve() or seek() is valid until the next call into the library";
    throw failure("ERR_IMSG_STALE", undefined, detail);
  });
}

/** Returns the memory behind a proxy of {@link lendMemory}; undefined for anything else. */
export function lentMemory(value: unknown): Bytes | undefined {
  return proxies.get(value as object)?.();
}

function guard(view: Bytes, check: () => void): Bytes {
  const fresh = (): Bytes => {
    check();
    return view;
  };
  const proxy: Bytes = new Proxy(view, {
    get(_, key) {
      const value: unknown = Reflect.get(fresh(), key, view);
      if (typeof value !== "function" || key === "constructor") return value;
      return (...args: unknown[]) => {
        const result: unknown = value.apply(fresh(), args);
        // fill and valueOf return the array itself: Buffer.from calls valueOf until it does
        if (result === view) return proxy;
        // subarray shares the memory
        const shares = result instanceof Uint8Array && result.buffer === view.buffer;
        return shares ? guard(result as Bytes, check) : result;
      };
    },
    set(_, key, value) {
      return Reflect.set(fresh(), key, value, view);
    },
    has(_, key) {
      return Reflect.has(fresh(), key);
    },
    ownKeys() {
      return Reflect.ownKeys(fresh());
    },
    getOwnPropertyDescriptor(_, key) {
      return Reflect.getOwnPropertyDescriptor(fresh(), key);
    },
  });
  proxies.set(proxy, fresh);
  return proxy;
}
