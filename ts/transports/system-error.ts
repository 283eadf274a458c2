import { isErrnoName } from "../module/errno.ts";
import { ImsgError, type ImsgErrorCode } from "../module/error.ts";

/**
 * The codes of the errors of runtimes that have no errno's name as their `code`:
 * Deno's classes by their name, Node's stream and TLS errors by their code.
 */
const OTHER_NAMES: Readonly<Record<string, ImsgErrorCode>> = {
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionReset: "ECONNRESET",
  HostUnreachable: "EHOSTUNREACH",
  NetworkUnreachable: "ENETUNREACH",
  NotConnected: "ENOTCONN",
  TimedOut: "ETIMEDOUT",
  // TLS: the connection has ended without a close_notify, or sent what TLS refuses
  UnexpectedEof: "ECONNRESET",
  InvalidData: "EBADMSG",
  EPROTO: "EBADMSG",
  ERR_STREAM_PREMATURE_CLOSE: "ECONNRESET",
  ERR_STREAM_DESTROYED: "EPIPE",
  ERR_STREAM_WRITE_AFTER_END: "EPIPE",
  ERR_SOCKET_CLOSED: "EPIPE",
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: "EPIPE",
};

/** The codes that the peer, or the network between, can cause on a connection. */
const FROM_PEER: ReadonlySet<string> = new Set<ImsgErrorCode>([
  "EBADMSG",
  "ECONNABORTED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The code for an error of a runtime; empty if it is not an error of the system. */
function codeOf(error: { readonly name?: unknown; readonly code?: unknown }): ImsgErrorCode | "" {
  for (const name of [error.code, error.name]) {
    if (typeof name !== "string") continue;
    if (isErrnoName(name)) return name;
    if (Object.hasOwn(OTHER_NAMES, name)) return OTHER_NAMES[name]!;
    // an errno without a name in the table, such as ENOLINK
    if (/^E[A-Z0-9]+$/.test(name)) return "EIO";
  }
  return "";
}

/**
 * Converts an error of a connection of Node, Deno or Bun to an {@link ImsgError}
 * with the same `code`, Linux's `errno`, and the runtime's error as its `cause`.
 * An errno that has no name in this library becomes EIO. The error's `syscall` is
 * the runtime's if it names one, else the argument. `fromPeer` is true for the
 * codes that the peer or the network can cause (ECONNRESET, EPIPE, ETIMEDOUT, …).
 *
 * Returns an ImsgError, and whatever is not an error of the system, unchanged:
 * a program may destroy a stream with an error of its own.
 */
export function transportError(error: unknown, syscall: string): unknown {
  if (!(error instanceof Error) || error instanceof ImsgError) return error;
  const code = codeOf(error);
  if (code === "") return error;
  const named = (error as { syscall?: unknown }).syscall;
  return new ImsgError(code, {
    syscall: typeof named === "string" ? named : syscall,
    detail: error.message,
    cause: error,
    fromPeer: FROM_PEER.has(code),
  });
}
