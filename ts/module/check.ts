import { ImsgError } from "./error.ts";
import { lentMemory } from "./lent.ts";

/** Bytes in any of JavaScript's containers. */
export type Bytes = ArrayBufferLike | ArrayBufferView<ArrayBufferLike>;

function invalid(syscall: string, detail: string): ImsgError {
  return new ImsgError("EINVAL", { syscall, detail });
}

/** A size, position or count: an integer from 0 to 0xffffffff, else EINVAL. */
export function checkSize(value: unknown, name: string, syscall: string): number {
  if (typeof value === "number" && value >>> 0 === value) return value;
  throw invalid(syscall, `${name} must be an integer from 0 to 4294967295, not ${show(value)}`);
}

/** A uint32 of the header; absent is 0. */
export function checkU32(value: unknown, name: string, syscall: string): number {
  return value === undefined ? 0 : checkSize(value, name, syscall);
}

/** A pid: a uint32 as in the header, or negative as in C's pid_t. */
export function checkPid(value: unknown, syscall: string): number {
  if (typeof value === "number" && value < 0 && (value | 0) === value) return value;
  return checkU32(value, "pid", syscall);
}

/** A descriptor's number; absent or negative is none. */
export function checkFd(value: unknown, syscall: string): number {
  if (value === undefined) return -1;
  if (typeof value === "number" && (value | 0) === value) return value < 0 ? -1 : value;
  throw invalid(syscall, `fd must be a descriptor's number, not ${show(value)}`);
}

/** A value for the integers of an ibuf: what fits C's uint64_t. */
export function checkValue(value: unknown, syscall: string): bigint {
  if (typeof value === "bigint" && value >= 0n && value <= 0xffffffffffffffffn) return value;
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return BigInt(value);
  throw invalid(
    syscall,
    `value must be a safe integer or a bigint from 0 to 2^64 - 1, not ${show(value)}`,
  );
}

/**
 * A view of the caller's bytes, or a copy where others could change them while
 * we look (SharedArrayBuffer); EINVAL if they are no bytes, or detached.
 */
export function checkBytes(data: unknown, syscall: string): Uint8Array<ArrayBufferLike> {
  try {
    const bytes = view(data) ?? view(lentMemory(data));
    if (bytes !== undefined) {
      return bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
    }
  } catch (cause) {
    if (cause instanceof ImsgError) throw cause;
    throw new ImsgError("EINVAL", { syscall, detail: "the buffer is detached", cause });
  }
  throw invalid(syscall, `data must be an ArrayBuffer or a view of one, not ${show(data)}`);
}

function view(data: unknown): Uint8Array<ArrayBufferLike> | undefined {
  if (ArrayBuffer.isView(data)) {
    // one that is detached, or out of bounds, only looks empty: this throws then
    if (data.byteLength === 0 && !(data instanceof DataView)) {
      Uint8Array.prototype.keys.call(data as Uint8Array);
    }
    return data instanceof Uint8Array
      ? data
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return isBuffer(data) ? new Uint8Array(data) : undefined;
}

/** Whether it is a buffer, of this realm or another; a look-alike has no bytes. */
function isBuffer(data: unknown): data is ArrayBufferLike {
  if (typeof data !== "object" || data === null) return false;
  return [ArrayBuffer, globalThis.SharedArrayBuffer].some((type) => {
    if (type === undefined) return false;
    const { get } = Object.getOwnPropertyDescriptor(type.prototype, "byteLength")!;
    try {
      get!.call(data);
      return true;
    } catch {
      return false;
    }
  });
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 20));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
