import { createInstance, ImsgError, type ImsgInstance } from "../../../ts/c/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { bytes as debugBytes } from "../../../ts/generated/imsg-debug.ts";

const release = new WebAssembly.Module(bytes());
const checked = new WebAssembly.Module(debugBytes());

/** The two builds of the module: the published one, and one whose allocator checks itself. */
export const builds = [
  ["release", release],
  ["debug", checked],
] as const;

/** An instance of its own for a test. */
export function fresh(module: WebAssembly.Module = release, debug = false): ImsgInstance {
  return createInstance(module, { debug });
}

/** An instance of the debug module with debug on. */
export function freshDebug(): ImsgInstance {
  return fresh(checked, true);
}

/** Returns the code of the ImsgError that a function throws. Any other error is thrown. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ImsgError) return error.code;
    throw error;
  }
  return "no error";
}

/** Returns the ImsgError that a function throws. */
export function errorOf(run: () => unknown): ImsgError {
  try {
    run();
  } catch (error) {
    if (error instanceof ImsgError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Bytes that count up: 0, 1, 2 … */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i & 0xff);
}

/** A message as it is on the wire, from words in host order. */
export function wire(
  type: number,
  payload: Uint8Array = new Uint8Array(0),
  { len = payload.length + 16, peerid = 0, pid = 1, fd = false } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + payload.length);
  new Uint32Array(bytes.buffer, 0, 4).set([type, len + (fd ? 0x80000000 : 0), peerid, pid]);
  bytes.set(payload, 16);
  return bytes;
}

/** Joins pieces. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
