import type { Engine } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What stands behind the proxies of debug mode; throws when it is too late. */
const proxies = new WeakMap<object, () => Bytes>();

/**
 * Memory of the module for the caller to read and write until the next call
 * into the library. In debug mode it is a proxy that throws ERR_IMSG_STALE when
 * it is used later.
 */
export function lend(engine: Engine, at: Pointer, length: number): Bytes {
  const view = engine.memory.u8.subarray(at, at + length);
  if (!engine.debug) return view;
  let stale = false;
  const before = engine.expire;
  engine.expire = () => {
    stale = true;
    engine.expire = undefined;
    before?.();
  };
  return guard(view, () => {
    if (!stale) return;
    throw new ImsgError("ERR_IMSG_STALE", {
      detail: "memory from reserve() or seek() is valid until the next call into the library",
    });
  });
}

/** The memory behind a proxy that {@link lend} made; undefined for anything else. */
export function lentMemory(value: unknown): Bytes | undefined {
  return typeof value === "object" && value !== null ? proxies.get(value)?.() : undefined;
}

function guard(view: Bytes, check: () => void): Bytes {
  const fresh = (): Bytes => {
    check();
    return view;
  };
  const proxy = new Proxy(view, {
    get(_, key) {
      const value: unknown = Reflect.get(fresh(), key, view);
      if (typeof value !== "function" || key === "constructor") return value;
      return (...args: unknown[]) => {
        const result: unknown = value.apply(fresh(), args);
        // subarray shares the memory, fill and its like return what they changed
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
