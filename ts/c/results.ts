import type { Pointer } from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";

/** Returns the result of a C function, or throws the error in errno if the result is -1. */
export function checked(engine: Engine, result: number, syscall: string): number {
  if (result === -1) throw engine.failure(syscall);
  return result;
}

/** Returns the pointer that a C function has returned, or throws the error in errno if it is NULL. */
export function checkedPointer(engine: Engine, pointer: Pointer, syscall: string): Pointer {
  if (pointer === 0) throw engine.failure(syscall);
  return pointer;
}
