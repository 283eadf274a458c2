import type { Engine } from "./engine.ts";
import { ImsgError } from "./error.ts";
import type { Pointer } from "./exports.ts";

/**
 * Memory of the module for the caller to read and write until the next call
 * into the library. In debug mode it is a proxy that throws ERR_IMSG_STALE when
 * it is used later.
 */
export function lend(engine: Engine, at: Pointer, length: number): Uint8Array<ArrayBuffer> {
  const view = engine.memory.u8.subarray(at, at + length);
  if (!engine.debug) return view;
  let stale = false;
  const fresh = (): Uint8Array<ArrayBuffer> => {
    if (stale) {
      throw new ImsgError("ERR_IMSG_STALE", {
        detail: "memory from reserve() or seek() is valid until the next call into the library",
      });
    }
    return view;
  };
  const before = engine.expire;
  engine.expire = () => {
    stale = true;
    engine.expire = undefined;
    before?.();
  };
  return new Proxy(view, {
    get(_, key) {
      const value: unknown = Reflect.get(fresh(), key, view);
      return typeof value === "function"
        ? (...args: unknown[]) => value.apply(fresh(), args)
        : value;
    },
    set(_, key, value) {
      return Reflect.set(fresh(), key, value, view);
    },
  });
}
