import type { ImsgError } from "../entry/index.ts";
import { HEADER_SIZE, type Position } from "./position.ts";

/**
 * Describes the place where a stream is bad or cut, the reason, and what may help. `limitOf` names the option that raises
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
  if (position.start === 0 && isPcap(position.header)) {
    return "this is a pcap file; imsg reads pcapng, which `editcap -F pcapng` writes";
  }
  const hint = error.code === "ERANGE" ? hintFor(position.header, maxSize, limitOf) : "";
  return `bad header of ${message}: ${error.message}${hint}`;
}

/** How a file of the older format pcap begins, in either byte order, with micro- or nanoseconds. */
const PCAP = [0xa1b2c3d4, 0xa1b23c4d];

function isPcap(header: Uint8Array): boolean {
  if (header.length < 4) return false;
  const view = new DataView(header.buffer, header.byteOffset);
  return PCAP.includes(view.getUint32(0, true)) || PCAP.includes(view.getUint32(0, false));
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
    hints.push(`${limitOf(length)} would accept it`);
  }
  return hints.length === 0 ? "" : ` (at most ${maxSize}; ${hints.join("; ")})`;
}
