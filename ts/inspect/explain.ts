import type { ImsgError } from "../entry/index.ts";
import { HEADER_SIZE, type Position } from "./position.ts";

/**
 * Says where a stream is bad or cut, why, and what may help. `limitOf` names the option that raises
 * the limit of a message's size to a number of bytes.
 */
export function explain(
  error: ImsgError,
  position: Position,
  maxSize: number,
  limitOf: (size: number) => string,
): string {
  const message = `message ${position.messages}, at byte ${position.start}`;
  if (error.code === "ERR_IMSG_TRUNCATED") {
    return `cut at byte ${position.end}, inside ${message}: ${error.message}`;
  }
  const hint = error.code === "ERANGE" ? hintFor(position.header, maxSize, limitOf) : "";
  return `bad header of ${message}: ${error.message}${hint}`;
}

function hintFor(header: Uint8Array, maxSize: number, limitOf: (size: number) => string): string {
  if (header.length < HEADER_SIZE) return "";
  const length = new DataView(header.buffer, header.byteOffset).getUint32(4, true);
  const marked = length & 0xffff;
  const hints: string[] = [];
  if (length >>> 16 === 1 && marked >= HEADER_SIZE) {
    hints.push("with a descriptor's mark in the classic dialect it would be good");
  }
  if (length > maxSize && length <= 16 * 1024 * 1024) {
    hints.push(`${limitOf(length)} would let it through`);
  }
  return hints.length === 0 ? "" : ` (at most ${maxSize}; ${hints.join("; ")})`;
}
