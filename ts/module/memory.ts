import type { Pointer } from "./abi.ts";
import { ImsgError } from "./error.ts";
import type { WasmMemory } from "./wasm-types.ts";

/** Runs a function that allocates a buffer. Throws ENOMEM if JavaScript has no memory for it. */
export function withMemory<T>(allocate: () => T): T {
  try {
    return allocate();
  } catch (cause) {
    // every engine throws a RangeError for a buffer that it cannot allocate
    throw cause instanceof RangeError ? new ImsgError("ENOMEM", { cause }) : cause;
  }
}

/**
 * The views of linear memory. When the memory grows, the engine replaces the
 * buffer and detaches every view silently. So a view must not be kept across a
 * call: get it here each time, where it is made anew when it was detached.
 */
export class Memory {
  readonly #memory: WasmMemory;
  #u8!: Uint8Array<ArrayBuffer>;
  #u32!: Uint32Array<ArrayBuffer>;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#refresh();
  }

  #refresh(): void {
    const buffer = this.#memory.buffer;
    this.#u8 = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
  }

  /** All bytes, valid until the next call into the module. */
  get u8(): Uint8Array<ArrayBuffer> {
    // a detached view has no length, and linear memory is never empty
    if (this.#u8.length === 0) this.#refresh();
    return this.#u8;
  }

  /** All words, unsigned, valid until the next call into the module. */
  get u32(): Uint32Array<ArrayBuffer> {
    if (this.#u32.length === 0) this.#refresh();
    return this.#u32;
  }

  /** Reads the unsigned word at an address. */
  word(at: Pointer): number {
    return this.u32[at >>> 2]!;
  }

  /** Copies `length` bytes to a buffer of their own. Throws ENOMEM if JavaScript has no memory for it. */
  copy(at: Pointer, length: number): Uint8Array<ArrayBuffer> {
    return withMemory(() => this.u8.slice(at, at + length));
  }
}
