import { isErrnoName } from "../module/errno.ts";
import { ImsgError, type ImsgErrorCode, type OpeningErrorName } from "../module/error.ts";

/** Linux's number and the description of errors that the table of errno.ts does not have. */
export type ErrorTable = Partial<
  Readonly<Record<OpeningErrorName, readonly [errno: number | undefined, text: string]>>
>;

/** Returns the row of a name in a table; undefined if the table has none. */
const rowOf = (table: ErrorTable, name: string) =>
  Object.hasOwn(table, name) ? table[name as OpeningErrorName] : undefined;

/**
 * The codes of errors of runtimes that have no errno's name as their `code`:
 * Deno's classes by their name, errors of Node and Bun by their code.
 */
const OTHERS: readonly (readonly [RegExp, ImsgErrorCode])[] = [
  [/^BrokenPipe$|^ERR_(SOCKET_CLOSED|STREAM_(DESTROYED|WRITE_))/, "EPIPE"],
  [/^ConnectionAborted$/, "ECONNABORTED"],
  // UnexpectedEof: TLS has ended without a close_notify
  [/^ConnectionReset$|^UnexpectedEof$|^ERR_(HTTP2|STREAM_PREMATURE)_/, "ECONNRESET"],
  [/^HostUnreachable$/, "EHOSTUNREACH"],
  [/^NetworkUnreachable$/, "ENETUNREACH"],
  [/^NotCapable$/, "EACCES"],
  [/^NotConnected$/, "ENOTCONN"],
  [/^TimedOut$/, "ETIMEDOUT"],
  // records and certificates that TLS refuses
  [/^InvalidData$|^EPROTO$|^ERR_(SSL|TLS)_|UNABLE_|CERT/, "EBADMSG"],
  // an errno without a name in the tables, such as ENOLINK
  [/^E[A-Z0-9]+$/, "EIO"],
];

/** The codes that the peer, or the network between, can cause on a connection. */
const FROM_PEER = /^(EBADMSG|ECONN.*|ENOTCONN|EPIPE|ETIMEDOUT|E.*UNREACH)$/;

/** The fields of a runtime's error that this file reads. */
export interface RuntimeError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly errors?: readonly unknown[];
}

/** The code for an error of a runtime; empty if it is not an error of the system. */
export function codeOf(error: RuntimeError, table: ErrorTable): ImsgErrorCode | "" {
  for (const name of [error.code, error.name]) {
    if (typeof name !== "string") continue;
    if (isErrnoName(name) || rowOf(table, name)) return name as ImsgErrorCode;
    for (const [pattern, code] of OTHERS) if (pattern.test(name)) return code;
  }
  return "";
}

/** Makes an error of that code; its number and text are in the table, or in that of errno.ts. */
export function convert(
  error: RuntimeError,
  code: ImsgErrorCode,
  syscall: string,
  detail: string,
  table: ErrorTable,
): ImsgError {
  const [errno, text] = rowOf(table, code) ?? [];
  const { syscall: named } = error;
  return new ImsgError(code, {
    // for a child, Node's syscall is "spawn" and the command: keep the first word
    syscall: typeof named === "string" ? named.split(" ")[0] : syscall,
    detail: detail || undefined,
    cause: error,
    // a listener whose queue is full
    fromPeer: FROM_PEER.test(code) || (code === "EAGAIN" && syscall === "connect"),
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
 * @param table the errors of openings that the connection can report
 */
export function transportError(error: unknown, syscall: string, table: ErrorTable): unknown {
  if (!(error instanceof Error) || error instanceof ImsgError) return error;
  const code = codeOf(error, table);
  return code === "" ? error : convert(error, code, syscall, error.message, table);
}
