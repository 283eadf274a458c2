/**
 * `imsg-wasm/debug`: the exports of `imsg-wasm` and `imsg-wasm/c`, with a default
 * instance that watches its users.
 *
 * - Errors of moved and disposed objects say where the object was made, and
 *   where it was moved or disposed.
 * - Memory that reserve() or seek() returned throws ERR_IMSG_STALE when it is
 *   used after the next call into the library.
 * - The allocator of the module checks its invariants. It traps when memory is
 *   freed twice, or written after it was freed.
 * - `defaultInstance().assertNoLeaks()` says where the live objects were made.
 *
 * An import of this entry anywhere replaces the default instance of the whole
 * program, also for modules that import `imsg-wasm`: `node --import
 * imsg-wasm/debug` is enough. Import it before the default instance is used.
 *
 * @module
 */
export * from "../c/debug.ts";
export * from "./c.ts";
export * from "./index.ts";
