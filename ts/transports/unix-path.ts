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
    return refuse(`the path of a Unix socket must be a string, not ${JSON.stringify(path)}`);
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
