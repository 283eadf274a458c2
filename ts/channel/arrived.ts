import { checkBytes, show } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/**
 * Returns a plain view of the bytes that a peer has sent. Throws EINVAL, with
 * `fromPeer`, if the value holds no bytes.
 */
export function arrivedBytes(data: unknown): Uint8Array<ArrayBuffer> {
  try {
    return checkBytes(data, "imsgbuf_read");
  } catch (cause) {
    throw malformed("EINVAL", `bytes are expected from the peer, not ${show(data)}`, cause);
  }
}

/** The error of a peer that breaks the rules of its transport. */
export function malformed(code: "EINVAL" | "EBADMSG", detail: string, cause?: unknown): ImsgError {
  return new ImsgError(code, { syscall: "imsgbuf_read", detail, cause, fromPeer: true });
}

/** The error of a peer that has broken off, or whose connection has. */
export function reset(detail: string, cause?: unknown): ImsgError {
  return new ImsgError("ECONNRESET", { detail, cause });
}
