/**
 * The names of errno with their numbers, which are Linux's, also in the module
 * (c-src/include/bits/errno.h).
 */

// name, number, description
const table = [
  ["EAGAIN", 11, "resource temporarily unavailable"],
  ["EBADF", 9, "bad file descriptor"],
  ["EBADMSG", 74, "bad message"],
  ["EBUSY", 16, "resource busy or locked"],
  ["ECONNABORTED", 103, "software caused connection abort"],
  ["ECONNRESET", 104, "connection reset by peer"],
  ["EHOSTUNREACH", 113, "host is unreachable"],
  ["EINTR", 4, "interrupted system call"],
  ["EINVAL", 22, "invalid argument"],
  ["EIO", 5, "i/o error"],
  ["EMFILE", 24, "too many open files"],
  ["EMSGSIZE", 90, "message too long"],
  ["ENETUNREACH", 101, "network is unreachable"],
  ["ENOBUFS", 105, "no buffer space available"],
  ["ENOMEM", 12, "not enough memory"],
  ["ENOTCONN", 107, "socket is not connected"],
  ["ENOTSOCK", 88, "socket operation on non-socket"],
  ["EPIPE", 32, "broken pipe"],
  ["ERANGE", 34, "result too large"],
  ["ETIMEDOUT", 110, "connection timed out"],
] as const;

/** The names of errno that the original, its kernel and the transports report. */
export type ErrnoName = (typeof table)[number][0];

/** The row of a name: the name, Linux's number, the description in Node's words. */
export const errnoRow = (name: string): (typeof table)[number] | undefined =>
  table.find((row) => row[0] === name);

/** Whether a string is one of the names in the table. */
export function isErrnoName(name: string): name is ErrnoName {
  return errnoRow(name) !== undefined;
}

/** The name that has a number; undefined if it is not in the table. */
export function errnoName(number: number): ErrnoName | undefined {
  return table.find((row) => row[1] === number)?.[0];
}

/** The number of a name. */
export function errnoNumber(name: ErrnoName): number {
  return errnoRow(name)![1];
}
