import { type Engine, WINDOW } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import type { Pointer } from "../module/exports.ts";

/**
 * Memory of the module for the length of one call: room for so many bytes, in
 * the window if they fit. Give it back with {@link release}, whatever happens in
 * between. Throws ENOMEM.
 */
export function borrow(engine: Engine, length: number, syscall: string): Pointer {
  if (length > WINDOW) return allocate(engine, length, syscall);
  engine.enter(syscall); // messages may wait there
  return engine.exports.batch_window();
}

/** {@link borrow}, filled with a copy of the caller's bytes. */
export function put(engine: Engine, bytes: Uint8Array<ArrayBufferLike>, syscall: string): Pointer {
  const at = borrow(engine, bytes.length, syscall);
  engine.memory.u8.set(bytes, at);
  return at;
}

/** Gives back what was borrowed or allocated. */
export function release(engine: Engine, at: Pointer): void {
  if (engine.trapped === undefined && at !== engine.exports.batch_window()) engine.exports.free(at);
}

/** A block of the module's memory; ENOMEM if there is none. */
export function allocate(engine: Engine, length: number, syscall: string): Pointer {
  // beyond 32 bits the border would cut the number
  if (length > 0xffffffff) throw new ImsgError("ENOMEM", { syscall });
  const at = engine.call.malloc(length);
  if (at === 0) throw engine.failure(syscall);
  return at;
}
