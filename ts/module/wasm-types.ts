// The published types must check in a Node project without lib DOM, where the namespace
// WebAssembly has no declaration. These types use that namespace only if it exists.

/** A `WebAssembly.Module`; `never` in a project whose libs do not declare `WebAssembly`. */
export type WasmModule = typeof globalThis extends {
  /** The namespace that lib.dom, Deno and Bun declare. */
  WebAssembly: {
    /** The class of compiled modules. */
    Module: {
      /** The prototype of its instances. */
      prototype: infer M;
    };
  };
}
  ? M & object // lib.dom's Module is an empty interface, to which a string is assignable
  : never;

/** A compiled module, or its bytes. */
export type WasmSource = WasmModule | ArrayBuffer | ArrayBufferView;

/** The part of `WebAssembly.Memory` that this package uses. */
export interface WasmMemory {
  /** The linear memory as it is now; growing detaches the buffer. */
  readonly buffer: ArrayBuffer;
  /** Grows the memory by so many pages of 64 KiB, and returns the former number of pages. */
  grow(pages: number): number;
}
