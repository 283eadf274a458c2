import { type Pointer, WINDOW_SIZE } from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import { failure } from "../module/error.ts";
import { checkedPointer } from "./results.ts";

/** Allocates a block of the module's memory. Throws ENOMEM. */
export function allocate(engine: Engine, length: number, syscall: string): Pointer {
  // the border would cut a length beyond 32 bits
  if (length > 0xffffffff) throw failure("ENOMEM", syscall);
  return checkedPointer(engine, engine.call.malloc(length), syscall);
}

/** Frees a block, unless the module has trapped. */
export function release(engine: Engine, at: Pointer): void {
  if (engine.trapped === undefined) engine.exports.free(at);
}

/**
 * Runs a function with room for `length` bytes in the module's memory: the
 * engine's scratch memory if they fit there, else a block. Throws ENOMEM.
 */
export function withRoom<T>(
  engine: Engine,
  length: number,
  syscall: string,
  run: (at: Pointer) => T,
): T {
  if (length <= WINDOW_SIZE) return run(engine.exports.batch_outgoing());
  const at = allocate(engine, length, syscall);
  try {
    return run(at);
  } finally {
    release(engine, at);
  }
}

/** Runs a function with a copy of the caller's bytes in the module's memory. Throws ENOMEM. */
export function withCopy<T>(
  engine: Engine,
  bytes: Uint8Array,
  syscall: string,
  run: (at: Pointer) => T,
): T {
  return withRoom(engine, bytes.length, syscall, (at) => {
    engine.memory.u8.set(bytes, at);
    return run(at);
  });
}

/**
 * Allocates a structure, lets a function of C fill it, and returns its address.
 * Frees it again if the function throws. Throws ENOMEM.
 */
export function filled(
  engine: Engine,
  sizeof: number,
  syscall: string,
  fill: (at: Pointer) => unknown,
): Pointer {
  const at = allocate(engine, sizeof, syscall);
  try {
    fill(at);
    return at;
  } catch (error) {
    release(engine, at);
    throw error;
  }
}
