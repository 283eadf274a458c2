import { show } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/** Bytes that the path of a Unix socket may have on Linux: sun_path without its NUL. */
const LONGEST_PATH = 107;

/**
 * Checks the path of a Unix socket. Throws EINVAL for one that the system would
 * cut, which would open another socket, and for none.
 */
function checkUnixPath(path: unknown, refuse: (detail: string) => never): string {
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

/** Returns an address in words, for errors: the path, or the host and the port. */
export function addressText({ path, host, port }: Record<string, unknown>): string {
  if (typeof path === "string") return path.replace("\0", "@");
  return host === undefined ? `port ${port}` : `${host}:${port}`;
}

/** An address that has been checked. */
export interface CheckedAddress {
  /** The path of a Unix socket; undefined for a TCP port. */
  readonly path: string | undefined;
  /** See {@link addressText}. */
  readonly text: string;
}

/**
 * Checks an address that is either the path of a Unix socket or a TCP port. Throws
 * EINVAL for a bad one, which names `key`, the runtime's name for the path.
 */
export function checkAddress(
  address: { readonly path: unknown; readonly port: unknown; readonly host: unknown },
  syscall: string,
  key = "path",
): CheckedAddress {
  const { port, host } = address;
  const refuse = (detail: string): never => {
    throw new ImsgError("EINVAL", { syscall, detail });
  };
  if (address.path !== undefined) {
    const path = checkUnixPath(address.path, refuse);
    return { path, text: addressText({ path }) };
  }
  const number = typeof port === "string" && port !== "" ? Number(port) : port;
  if (!(typeof number === "number" && number >>> 0 === number && number < 65536)) {
    refuse(`an address has \`${key}\`, or a \`port\` from 0 to 65535, not ${show(port)}`);
  }
  if (host !== undefined && typeof host !== "string") {
    refuse(`a host must be a string, not ${typeof host}`);
  }
  return { path: undefined, text: addressText({ host, port }) };
}
