import { isErrnoName, linuxErrnoName } from "../module/errno.ts";
import { ImsgError, type ImsgErrorCode, type OpeningErrorName } from "../module/error.ts";

/** Linux's number and the description of each error that only an opening meets. */
const OPENING: Readonly<Record<OpeningErrorName, readonly [number | undefined, string]>> = {
  E2BIG: [7, "argument list too long"],
  EACCES: [13, "permission denied"],
  EADDRINUSE: [98, "address already in use"],
  EADDRNOTAVAIL: [99, "address not available"],
  EAFNOSUPPORT: [97, "address family not supported"],
  EAI_AGAIN: [undefined, "the name server does not answer"],
  ECONNREFUSED: [111, "connection refused"],
  EISDIR: [21, "is a directory"],
  ELOOP: [40, "too many symbolic links"],
  ENAMETOOLONG: [36, "name too long"],
  ENFILE: [23, "file table overflow"],
  ENOENT: [2, "no such file or directory"],
  ENOEXEC: [8, "exec format error"],
  ENOTDIR: [20, "not a directory"],
  ENOTFOUND: [undefined, "the host's name is not known"],
  EPERM: [1, "operation not permitted"],
  EROFS: [30, "read-only file system"],
};

const isOpeningName = (name: string): name is OpeningErrorName => Object.hasOwn(OPENING, name);

/** Returns the name of Linux's number of an errno; undefined if the library has none. */
export const errnoNameOf = (number: number): string | undefined =>
  linuxErrnoName(number) ?? Object.entries(OPENING).find(([, [linux]]) => linux === number)?.[0];

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
  NotCapable: "EACCES",
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
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The fields of a runtime's error that this file reads. */
interface RuntimeError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly errors?: readonly unknown[];
}

/** The code for an error of a runtime; empty if it is not an error of the system. */
function codeOf(error: RuntimeError): ImsgErrorCode | "" {
  for (const name of [error.code, error.name]) {
    if (typeof name !== "string") continue;
    if (isErrnoName(name) || isOpeningName(name)) return name;
    if (Object.hasOwn(OTHER_NAMES, name)) return OTHER_NAMES[name]!;
    // an errno without a name in the tables, such as ENOLINK
    if (/^E[A-Z0-9]+$/.test(name)) return "EIO";
  }
  return "";
}

function convert(error: RuntimeError, code: ImsgErrorCode, syscall: string, detail: string) {
  const [errno, text] = isOpeningName(code) ? OPENING[code] : [];
  const { syscall: named } = error;
  return new ImsgError(code, {
    // Node's of a child is "spawn" and the command
    syscall: typeof named === "string" ? named.split(" ")[0] : syscall,
    detail: detail || undefined,
    cause: error,
    // a listener whose queue is full
    fromPeer: FROM_PEER.has(code) || (code === "EAGAIN" && syscall === "connect"),
    errno,
    text,
  });
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
  return code === "" ? error : convert(error, code, syscall, error.message);
}

/**
 * Converts the error of a runtime that cannot connect, listen or start a child to
 * an {@link ImsgError} as {@link transportError} does, with the address in its
 * message. Every error of a runtime is converted: one that names no error of the
 * system is EINVAL if the runtime refuses the arguments, else EIO. Returns an
 * ImsgError, and what is no Error, unchanged.
 */
export function openingError(error: unknown, syscall: string, address: string): unknown {
  if (!(error instanceof Error) || error instanceof ImsgError) return error;
  const refused = error instanceof TypeError || error instanceof RangeError;
  // Deno's errors of its resolver have neither a code nor a class of their own
  const unnamed = /lookup address/.test(error.message) ? "ENOTFOUND" : refused ? "EINVAL" : "EIO";
  // Node has one error for each address of a host's name, and no message for all of them
  const { errors = [], message, syscall: named, address: at } = error as RuntimeError;
  const words = message || errors.map((one) => (one as Partial<Error>)?.message).join("; ");
  // such a message has nothing but the call, the code and the address
  const redundant = words.includes(address) || (named !== undefined && at === undefined);
  const detail = redundant ? address : `${address}: ${words}`;
  return convert(error, codeOf(error) || unnamed, syscall, detail);
}
