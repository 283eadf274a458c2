import { failure, fieldsOf, ImsgError, invalid, isObject } from "./error.ts";
import { lentMemory } from "./lent.ts";

/** Bytes in any of JavaScript's containers. */
export type Bytes = ArrayBufferLike | ArrayBufferView<ArrayBufferLike>;

/** Whether a value is an integer from 0 to 0xffffffff. */
export function isU32(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

/** Checks a size, position or count: an integer from 0 to 0xffffffff. Throws EINVAL. */
export function checkSize(value: unknown, name: string, syscall: string): number {
  if (isU32(value)) return value;
  throw invalid(syscall, `${name} must be an integer from 0 to 4294967295, not ${show(value)}`);
}

/** Checks a uint32 of the header; undefined is 0. Throws EINVAL. */
export function checkU32(value: unknown, name: string, syscall: string): number {
  return value === undefined ? 0 : checkSize(value, name, syscall);
}

/** Checks a pid: a uint32 as in the header, or negative as in C's pid_t; undefined is 0. Throws EINVAL. */
export function checkPid(value: unknown, syscall: string): number {
  if (typeof value === "number" && value < 0 && (value | 0) === value) return value;
  return checkU32(value, "pid", syscall);
}

/** Checks the number of a descriptor; undefined and negative numbers are -1, none. Throws EINVAL. */
export function checkFd(value: unknown, syscall: string): number {
  if (value === undefined) return -1;
  if (typeof value === "number" && (value | 0) === value) return value < 0 ? -1 : value;
  throw invalid(syscall, `fd must be a descriptor's number, not ${show(value)}`);
}

/** Checks a value for the integers of an ibuf: it must fit C's uint64_t. Throws EINVAL. */
export function checkValue(value: unknown, syscall: string): bigint {
  if (typeof value === "bigint" && value >= 0n && value <= 0xffffffffffffffffn) return value;
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return BigInt(value);
  throw invalid(
    syscall,
    `value must be a safe integer or a bigint from 0 to 2^64 - 1, not ${show(value)}`,
  );
}

/**
 * The getter of a property of a prototype, taken before any other code can
 * replace it. Called on an object, it reads the engine's own slot: no subclass,
 * proxy or own property can lie to it. It throws for other kinds of objects.
 */
function getter<T>(prototype: object, key: PropertyKey): { call(object: unknown): T } {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get as unknown as {
    call(object: unknown): T;
  };
}

const arrays = /* @__PURE__ */ Object.getPrototypeOf(Uint8Array.prototype) as object;
const views = DataView.prototype;
const arrayTag = /* @__PURE__ */ getter<string | undefined>(arrays, Symbol.toStringTag);
const arrayLength = /* @__PURE__ */ getter<number>(arrays, "byteLength");
const arrayOffset = /* @__PURE__ */ getter<number>(arrays, "byteOffset");
const arrayBuffer = /* @__PURE__ */ getter<ArrayBufferLike>(arrays, "buffer");
const viewLength = /* @__PURE__ */ getter<number>(views, "byteLength");
const viewOffset = /* @__PURE__ */ getter<number>(views, "byteOffset");
const viewBuffer = /* @__PURE__ */ getter<ArrayBufferLike>(views, "buffer");
const bufferLength = /* @__PURE__ */ getter<number>(ArrayBuffer.prototype, "byteLength");
const resizable = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable")?.get;
const { keys } = Uint8Array.prototype;

/** The real length of a Uint8Array or a subclass, of this realm or another; undefined for anything else. */
export function uint8Length(data: unknown): number | undefined {
  if (arrayTag.call(data) !== "Uint8Array") return undefined;
  // V8 has checked the class of an array that it has read an element of, and inlines the getter
  void (data as Uint8Array)[0];
  return arrayLength.call(data);
}

/**
 * Makes a plain Uint8Array that aliases the caller's bytes, or a copy if other
 * threads could change them (a SharedArrayBuffer). Throws EINVAL if the argument
 * holds no bytes or is detached. Runs no code of the caller.
 */
export function checkBytes(data: unknown, syscall: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = plainView(data) ?? plainView(lentMemory(data));
    if (bytes !== undefined) return isUnshared(bytes.buffer) ? (bytes as never) : bytes.slice();
  } catch (cause) {
    if (cause instanceof ImsgError) throw cause;
    const full = cause instanceof RangeError; // no memory for a copy
    const detail = full ? "no memory for a copy" : "the buffer is detached";
    throw failure(full ? "ENOMEM" : "EINVAL", syscall, detail, cause);
  }
  throw invalid(syscall, `data must be an ArrayBuffer or a view of one, not ${show(data)}`);
}

/** Whether a buffer can change its size, so that views of it may lose their bytes. */
export function isResizable(buffer: ArrayBuffer): boolean {
  return resizable?.call(buffer) === true;
}

/**
 * Makes a plain view of a Uint8Array that the library is going to write to.
 * Throws EINVAL for anything else, or if it is detached.
 */
export function checkTarget(into: unknown, syscall: string): Uint8Array<ArrayBufferLike> {
  if (uint8Length(into) === undefined) {
    throw invalid(syscall, `the buffer to write to must be a Uint8Array, not ${show(into)}`);
  }
  try {
    return plainView(into)!;
  } catch (cause) {
    throw invalid(syscall, "the buffer is detached", cause);
  }
}

function plainView(data: unknown): Uint8Array<ArrayBufferLike> | undefined {
  if (!ArrayBuffer.isView(data)) {
    // a buffer of this realm or another: an object that only looks like one has no bytes
    return isUnshared(data) || isShared(data) ? new Uint8Array(data) : undefined;
  }
  if (arrayTag.call(data) === undefined) {
    return new Uint8Array(viewBuffer.call(data), viewOffset.call(data), viewLength.call(data));
  }
  const length = arrayLength.call(data);
  // a detached or out-of-bounds array only looks empty; keys() throws for it
  if (length === 0) keys.call(data as Uint8Array);
  return new Uint8Array(arrayBuffer.call(data), arrayOffset.call(data), length);
}

function isUnshared(data: unknown): data is ArrayBuffer {
  try {
    return bufferLength.call(data) >= 0;
  } catch {
    return false;
  }
}

function isShared(data: unknown): data is SharedArrayBuffer {
  try {
    return getter<number>(SharedArrayBuffer.prototype, "byteLength").call(data) >= 0;
  } catch {
    return false; // also where there is no SharedArrayBuffer
  }
}

/** Describes a value for a message, without running code of the value. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 20));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  return Object(value) === value ? "an object" : String(value);
}

/** Checks that a message, sent or received, is an object, before its fields are read. Throws EINVAL. */
export function checkMessage<T extends object>(message: T, syscall = "imsg_compose"): T {
  return checkObject(message, "a message must be an object with a type", syscall);
}

/** Checks that the options of a call are an object, before they are read. Throws EINVAL. */
export function checkOptions<T extends object>(options: T, syscall?: string): T {
  return checkObject(options, "options must be an object", syscall);
}

function checkObject<T extends object>(value: T, detail: string, syscall?: string): T {
  if (isObject(value)) return value;
  throw invalid(syscall, detail);
}

/** Checks that an argument can be iterated. Throws EINVAL. */
export function checkIterable<T>(messages: Iterable<T>, syscall: string): Iterable<T> {
  if (typeof fieldsOf(messages)[Symbol.iterator] === "function") return messages;
  throw invalid(syscall, "messages must be an iterable");
}

// The published types must compile in a project that has neither lib DOM nor the types of a runtime:
// these interfaces are empty there. In any other project they merge with its own declarations.
declare global {
  interface AbortSignal {}
  interface ReadableStream<R> {}
  interface WritableStream<W> {}
  interface Response {}
  interface URL {}
}
