import { errnoName } from "../module/errno.ts";
import { ImsgError } from "../module/error.ts";
import { OPENING } from "./opening-table.ts";
import { codeOf, convert, type RuntimeError } from "./system-error.ts";

/** Returns the name of Linux's number of an errno; undefined if the library has none. */
export const errnoNameOf = (number: number): string | undefined =>
  errnoName(number) ?? Object.entries(OPENING).find(([, [linux]]) => linux === number)?.[0];

/**
 * Converts the error of a runtime that cannot connect, listen or start a child to
 * an {@link ImsgError} as `transportError` does, with the address in its
 * message. Every error of a runtime is converted: one that names no error of the
 * system is EINVAL if the runtime refuses the arguments, else EIO. Returns an
 * ImsgError, and a value that is no Error, unchanged.
 */
export function openingError(error: unknown, syscall: string, address: string): unknown {
  if (!(error instanceof Error) || error instanceof ImsgError) return error;
  const refused = error instanceof TypeError || error instanceof RangeError;
  // Deno's errors of its resolver have neither a code nor a class of their own
  const unnamed = /lookup address/.test(error.message) ? "ENOTFOUND" : refused ? "EINVAL" : "EIO";
  // Node has one error for each address of a host's name, and no message for all of them
  const { errors = [], message, syscall: named, address: at } = error as RuntimeError;
  const words = message || errors.map((one) => (one as Partial<Error>)?.message).join("; ");
  // leave out a message that only repeats the call, the code and the address
  const redundant = words.includes(address) || (named !== undefined && at === undefined);
  const detail = redundant ? address : `${address}: ${words}`;
  return convert(error, codeOf(error, OPENING) || unnamed, syscall, detail, OPENING);
}
