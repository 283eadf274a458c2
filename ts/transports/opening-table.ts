import type { ErrorTable } from "./system-error.ts";

/** Linux's number and the description of each error that only an opening meets. */
export const OPENING: Required<ErrorTable> = {
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
