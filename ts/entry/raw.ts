/**
 * `imsg-wasm/raw`: the module itself, for programs ported from C.
 *
 * Nothing here checks arguments. A wrong pointer does what it does in C:
 *
 * - Address 0 can be written to. What crashes natively on NULL, such as any
 *   call on an imsgbuf after imsgbuf_clear, continues silently.
 * - Pointers and sizes beyond 32 bits and fractions are cut. A negative size is
 *   a huge one. Returned numbers are signed: `>>> 0` makes a size of them.
 * - Any call may grow the memory, which detaches every view of it. Read
 *   `HEAPU8` and the other views again after each call, and keep offsets.
 * - A failed call leaves its reason in errno, and no call clears errno. Set it
 *   to 0 before a call that may leave it alone. Its numbers are Linux's;
 *   {@link RawModule.errno} has the name.
 * - `imsgbuf_flush` never returns while the socket takes nothing, or while an
 *   empty ibuf is queued; `imsgbuf_flush_bounded` does.
 * - After `imsgbuf_read`, `ibuf_read` or `msgbuf_read` has returned -1 for a bad
 *   header or for lack of memory, the same msgbuf must not be read again.
 * - Where C aborts, the module traps (WebAssembly.RuntimeError). The instance
 *   must not be used after that. ibufs on the stack must not be freed or queued.
 * - The hooks run below frames of C and must not call into the module.
 * - The classes of `imsg-wasm/c` own their objects. Do not free these here, and
 *   do not pass pointers of yours to the classes.
 *
 * @module
 */
export * from "../c/raw.ts";
export type { WasmMemory, WasmModule, WasmSource } from "../module/wasm-types.ts";
