/**
 * The names of errno. The module numbers errors as WASI does and Linux numbers
 * them differently, so users compare names. This table is the one place that
 * has both numbers.
 */

// name, the module's number, Linux's number, the description
const table = [
  ["EAGAIN", 6, 11, "resource temporarily unavailable"],
  ["EBADF", 8, 9, "bad file descriptor"],
  ["EBADMSG", 9, 74, "bad message"],
  ["EBUSY", 10, 16, "resource busy or locked"],
  ["ECONNABORTED", 13, 103, "software caused connection abort"],
  ["ECONNRESET", 15, 104, "connection reset by peer"],
  ["EHOSTUNREACH", 23, 113, "host is unreachable"],
  ["EINTR", 27, 4, "interrupted system call"],
  ["EINVAL", 28, 22, "invalid argument"],
  ["EIO", 29, 5, "i/o error"],
  ["EMFILE", 33, 24, "too many open files"],
  ["EMSGSIZE", 35, 90, "message too long"],
  ["ENETUNREACH", 40, 101, "network is unreachable"],
  ["ENOBUFS", 42, 105, "no buffer space available"],
  ["ENOMEM", 48, 12, "not enough memory"],
  ["ENOTCONN", 53, 107, "socket is not connected"],
  ["ENOTSOCK", 57, 88, "socket operation on non-socket"],
  ["EPIPE", 64, 32, "broken pipe"],
  ["ERANGE", 68, 34, "result too large"],
  ["ETIMEDOUT", 73, 110, "connection timed out"],
] as const;

/** The names of errno that the original, its kernel and the transports report. */
export type ErrnoName = (typeof table)[number][0];

/** The row of a name: the name, the module's number, Linux's number, the description in Node's words. */
export const errnoRow = (name: string): (typeof table)[number] | undefined =>
  table.find((row) => row[0] === name);

/** Whether a string is one of the names in the table. */
export function isErrnoName(name: string): name is ErrnoName {
  return errnoRow(name) !== undefined;
}

/** The name of one of the module's own error numbers; undefined if it is not in the table. */
export function errnoName(moduleNumber: number): ErrnoName | undefined {
  return table.find((row) => row[1] === moduleNumber)?.[0];
}

/** The module's own number of a name. */
export function moduleErrno(name: ErrnoName): number {
  return errnoRow(name)![1];
}

/** The name that has one of Linux's numbers; undefined if it is not in the table. */
export function linuxErrnoName(number: number): ErrnoName | undefined {
  return table.find((row) => row[2] === number)?.[0];
}
