import { show } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/** Bytes that the path of a Unix socket may have on Linux: sun_path without its NUL. */
const LONGEST_PATH = 107;

/**
 * Checks the path of a Unix socket. Throws EINVAL for one that the system would
 * cut, which would open another socket, and for none.
 */
export function checkUnixPath(path: unknown, syscall: string): string {
  const refuse = (detail: string): never => {
    throw new ImsgError("EINVAL", { syscall, detail });
  };
  if (typeof path !== "string" || path === "") {
    return refuse(`the path of a Unix socket must be a string, not ${show(path)}`);
  }
  const { length } = new TextEncoder().encode(path);
  const abstract = path.startsWith("\0");
  if (length > LONGEST_PATH + (abstract ? 1 : 0)) {
    return refuse(
      `the path has ${length} bytes, a Unix socket's may have ${LONGEST_PATH}: ${path}`,
    );
  }
  if (!abstract && path.includes("\0")) return refuse("the path holds a NUL");
  return path;
}

/**
 * Checks an address that is either the path of a Unix socket or a TCP port, and
 * returns the path. Throws EINVAL for a bad one, which names `key`, the runtime's
 * name for the path.
 */
export function checkAddress(
  { path, port }: { readonly path: unknown; readonly port: unknown },
  syscall: string,
  key = "path",
): string | undefined {
  if (path !== undefined) return checkUnixPath(path, syscall);
  const number = typeof port === "string" && port !== "" ? Number(port) : port;
  if (typeof number === "number" && number >>> 0 === number && number < 65536) return undefined;
  throw new ImsgError("EINVAL", {
    syscall,
    detail: `an address has \`${key}\`, or a \`port\` from 0 to 65535, not ${show(port)}`,
  });
}
