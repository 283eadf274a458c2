// Checks the arguments of encode and decode, which may be proxies, subclasses or detached.

import { checkBytes, uint8Length } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";
import { lentMemory } from "../module/lent.ts";
import { FieldError, isArray, shown } from "./field.ts";

/** The longest payload, in bytes. */
const LONGEST = 2 ** 31 - 1;

/**
 * A plain view of a Uint8Array of any class or realm; undefined for any other value. Throws a
 * FieldError if the array is detached. Runs no code of the caller.
 */
export function plainBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (uint8Length(value) === undefined && lentMemory(value) === undefined) return undefined;
  try {
    return checkBytes(value, "imsg_get_data");
  } catch (cause) {
    const { code } = cause as ImsgError;
    if (code !== "EINVAL" && code !== "ENOMEM") throw cause;
    const detail = code === "EINVAL" ? "the buffer is detached" : "there is no memory for a copy";
    throw new FieldError(code, detail);
  }
}

/**
 * Returns a plain view of a payload that is to be decoded. Throws EINVAL if it is no Uint8Array, or
 * detached; `of` begins the error's text.
 */
export function payloadBytes(payload: unknown, of = ""): Uint8Array<ArrayBuffer> {
  const bytes = asImsgError(() => plainBytes(payload), of);
  if (bytes !== undefined) return bytes;
  const detail = `${of}the payload must be a Uint8Array, not ${shown(payload)}`;
  throw new ImsgError("EINVAL", { detail });
}

/** Runs a function, whose FieldError becomes an ImsgError with the same code. */
export function asImsgError<T>(run: () => T, of = ""): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new ImsgError(error.code, { detail: of + error.message, cause: error });
  }
}

/**
 * The length of an array, which is read once: an array that is a proxy may return another number
 * each time. Throws a FieldError if the value is no array, or has no length of an array.
 */
export function arrayLength(value: unknown): number {
  if (!isArray(value)) throw new FieldError("EINVAL", `${shown(value)} is no array`);
  const { length } = value;
  if (Number.isInteger(length) && length >= 0 && length < 2 ** 32) return length;
  throw new FieldError("EINVAL", `the array's length is ${shown(length)}`);
}

/** Makes an array of zeros. Throws a FieldError if no payload is so long, or there is no memory. */
export function zeros(length: number): Uint8Array<ArrayBuffer> {
  if (length > LONGEST) {
    throw new FieldError("ERANGE", `the payload has ${length} bytes, and ${LONGEST} fit`);
  }
  try {
    return new Uint8Array(length);
  } catch {
    throw new FieldError("ENOMEM", `there is no memory for ${length} bytes`);
  }
}
