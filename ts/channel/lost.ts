import { show } from "../module/check.ts";
import { failure, ImsgError } from "../module/error.ts";

/**
 * The error that ends a channel, with the number of bytes that it lost: bytes of
 * sends that had been fulfilled, which the system never took. Returns the error
 * itself if there are none.
 */
export function describeLost(error: unknown, bytes: number): unknown {
  if (bytes === 0 || (error instanceof ImsgError && error.lostBytes === bytes)) return error;
  const { code, syscall, fromPeer } =
    error instanceof ImsgError ? error : failure("EPIPE", "imsgbuf_write");
  const text = error instanceof Error ? error.message : show(error);
  const detail = `${bytes} bytes of messages whose send was fulfilled were not sent (${text})`;
  return new ImsgError(code, { syscall, detail, cause: error, fromPeer, lostBytes: bytes });
}
