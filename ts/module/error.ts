import { type ErrnoName, errnoRow } from "./errno.ts";

/**
 * The names of the errors that only the opening of a connection, a listener or a
 * child meets. ENOTFOUND and EAI_AGAIN are the resolver's and have no number.
 */
export type OpeningErrorName =
  | "E2BIG"
  | "EACCES"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EAFNOSUPPORT"
  | "EAI_AGAIN"
  | "ECONNREFUSED"
  | "EISDIR"
  | "ELOOP"
  | "ENAMETOOLONG"
  | "ENFILE"
  | "ENOENT"
  | "ENOEXEC"
  | "ENOTDIR"
  | "ENOTFOUND"
  | "EPERM"
  | "EROFS";

/** The code of an {@link ImsgError}: the name of an errno, or one of the library's own codes. */
export type ImsgErrorCode =
  | ErrnoName
  | OpeningErrorName
  | "ERR_IMSG_CLOSED"
  | "ERR_IMSG_COMPILE"
  | "ERR_IMSG_DISPOSED"
  | "ERR_IMSG_LEAK"
  | "ERR_IMSG_MOVED"
  | "ERR_IMSG_OVERFLOW"
  | "ERR_IMSG_REENTRANT"
  | "ERR_IMSG_STALE"
  | "ERR_IMSG_TRAPPED"
  | "ERR_IMSG_TRUNCATED"
  | "ERR_IMSG_UNREAD"
  | "ERR_IMSG_UNSPECIFIED"
  | "ERR_IMSG_UNSUPPORTED";

/** The optional fields of an {@link ImsgError}, which its constructor takes after the code. */
export interface ImsgErrorOptions {
  /** The C function that failed. */
  syscall?: string | undefined;
  /** Text that follows the description of the code in the message. */
  detail?: string | undefined;
  /** The error that caused this one. */
  cause?: unknown;
  /** Overrides {@link ImsgError.fromPeer}, whose default depends on the code. */
  fromPeer?: boolean | undefined;
  /** See {@link ImsgError.lostBytes}. */
  lostBytes?: number | undefined;
  /** Linux's number of the code; needed for an {@link OpeningErrorName} only. */
  errno?: number | undefined;
  /** The description of the code; needed for an {@link OpeningErrorName} only. */
  text?: string | undefined;
}

/** The descriptions of the library's own codes, which begin with ERR_IMSG_. */
const texts: Record<string, string> = {
  ERR_IMSG_CLOSED: "the channel is closed",
  ERR_IMSG_COMPILE: "the module cannot be compiled here",
  ERR_IMSG_DISPOSED: "the object has been disposed",
  ERR_IMSG_LEAK: "something has not been disposed",
  ERR_IMSG_MOVED: "the object has been moved",
  ERR_IMSG_OVERFLOW: "too much is waiting to be received",
  ERR_IMSG_REENTRANT: "the library was called from a callback of its own",
  ERR_IMSG_STALE: "the memory behind the view has changed",
  ERR_IMSG_TRAPPED: "the module has trapped",
  ERR_IMSG_TRUNCATED: "the stream ended inside a message",
  ERR_IMSG_UNREAD: "messages that match no request wait to be received",
  ERR_IMSG_UNSPECIFIED: "the C function failed and left errno alone",
  ERR_IMSG_UNSUPPORTED: "this cannot be done here",
};

/**
 * The codes that a peer can cause although the local program is right: the peer
 * resets, stalls, floods, stops inside a message, or sends a payload that is
 * shorter than its protocol says.
 */
const peerCodes: readonly ImsgErrorCode[] = [
  "EBADMSG",
  "ECONNRESET",
  "ENOBUFS",
  "ENOTCONN",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_IMSG_OVERFLOW",
  "ERR_IMSG_TRUNCATED",
  "ERR_IMSG_UNREAD",
];

/**
 * Every error this library throws, in the style of Node's system errors.
 *
 * `code` is the errno's name (`ERANGE`, `EBADMSG`, …) or `ERR_IMSG_…`;
 * `errno` is the positive number that Linux gives that name, on every
 * platform; `syscall` is the C function; `fromPeer` distinguishes misbehaviour of
 * the peer from mistakes of the local program.
 */
export class ImsgError extends Error {
  /** The errno's name, or `ERR_IMSG_…`. */
  readonly code: ImsgErrorCode;
  /**
   * Whether the peer can cause this error: bad bytes, a reset, a time-out, a
   * full queue. A server must survive such an error. If false, the error comes
   * from the local program or system, for instance from an argument out of range.
   */
  readonly fromPeer: boolean;
  /** Linux's number of the errno; absent for `ERR_IMSG_…`. */
  declare readonly errno?: number;
  /** The C function that failed, if it was one. */
  declare readonly syscall?: string;
  /**
   * Bytes of messages whose `send` was fulfilled and that the system never took,
   * on an error that ended a channel; absent if there are none.
   */
  declare readonly lostBytes?: number;

  /**
   * Makes an error with one of the library's codes.
   * @param code the errno's name, or `ERR_IMSG_…`
   * @param options the C function, details, the cause, whether the peer can cause it
   */
  constructor(code: ImsgErrorCode, options: ImsgErrorOptions = {}) {
    const [, linux, described = texts[code]] = errnoRow(code) ?? [];
    const {
      syscall,
      detail,
      cause,
      lostBytes,
      fromPeer = peerCodes.includes(code),
    } = fieldsOf(options);
    const { errno = linux, text = described } = options;
    let message = text === undefined ? code : `${code}: ${text}`;
    if (syscall !== undefined) message += `, ${syscall}`;
    if (detail !== undefined) message += `: ${detail}`;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ImsgError";
    this.code = code;
    this.fromPeer = fromPeer;
    if (errno !== undefined) this.errno = errno;
    if (syscall !== undefined) this.syscall = syscall;
    if (lostBytes !== undefined) this.lostBytes = lostBytes;
  }
}

/** The error of a stream that ends after `have` bytes of a message of `total` bytes. */
export function truncated(syscall: string, have: number, total: number): ImsgError {
  const detail = `${have} of ${total} bytes${total <= 16 && have < 16 ? " of a header" : ""}`;
  return failure("ERR_IMSG_TRUNCATED", syscall, detail);
}

/** The error of a C function, or of the call that stands for it. */
export const failure = (
  code: ImsgErrorCode,
  syscall?: string,
  detail?: string,
  cause?: unknown,
): ImsgError => new ImsgError(code, { syscall, detail, cause });

/** The error of an argument, an option or a state of an object that a function cannot work with. */
export const invalid = (syscall: string | undefined, detail: string, cause?: unknown): ImsgError =>
  failure("EINVAL", syscall, detail, cause);

/** The error of a call that comes after the end of a channel, or of a codec's input. */
export const closedError = (syscall: string, detail?: string): ImsgError =>
  failure("ERR_IMSG_CLOSED", syscall, detail);

/**
 * Returns an argument as an object, whose fields the library then reads. Call it before the first
 * field of every argument is read. Throws EINVAL for a revoked proxy, whose fields cannot be read. An
 * error of a getter or of a live proxy is the caller's own, and reaches the caller unchanged.
 */
export function fieldsOf<T>(value: T): T & object {
  try {
    // Array.isArray throws for a revoked proxy, and runs no code of a live one. Its result must be
    // used, because bundlers drop the call otherwise.
    return Array.isArray(value) ? value : Object(value);
  } catch {
    throw new ImsgError("EINVAL", { detail: "the proxy is revoked" });
  }
}

/** Whether an argument is an object. Throws EINVAL for a revoked proxy. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && fieldsOf(value) === value;
}
