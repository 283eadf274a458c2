import type { Passed } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";

const ignore = (): void => {};

/** The classes of the language that are copied and never transferred. */
const COPIED =
  /^\[object (Map|Set|Date|RegExp|Error|Boolean|Number|String|BigInt|SharedArrayBuffer)\]$/;

/**
 * Whether a value can be one that was transferred, as far as that can be seen:
 * an object of a class. Plain objects, arrays, and the language's own classes
 * except ArrayBuffer never are. Never throws.
 */
export function isTransferable(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
    const prototype = Object.getPrototypeOf(value) as object | null;
    // the prototype of plain objects, in whatever realm, has none itself
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return false;
    return !COPIED.test(Object.prototype.toString.call(value));
  } catch {
    return false; // a proxy whose trap throws
  }
}

/**
 * Closes a transferred value by its method: a stream is cancelled or aborted, a
 * port, file handle or image is closed. Never throws, whatever the value is.
 */
export function dispose(value: unknown): void {
  try {
    const { cancel, abort, close } = Object(value) as Record<string, unknown>;
    const end = [cancel, abort, close].find((method) => typeof method === "function");
    // a stream that is locked belongs to its reader, so that a refusal is no error
    if (end !== undefined) Promise.resolve(end.call(value)).catch(ignore);
  } catch {
    // a getter or method of the value has thrown
  }
}

/** Refuses values that no runtime can transfer. For others, only the attempt to send them shows it. */
export function claim(value: unknown): Passed {
  if (isTransferable(value)) return { value, dispose };
  const detail =
    "only an object that can be transferred passes through a port: " +
    "an ArrayBuffer, a MessagePort, a stream, an OffscreenCanvas, …";
  throw new ImsgError("EINVAL", { syscall: "imsg_compose", detail });
}
