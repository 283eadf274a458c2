import type { Dialect, ImsgMessage } from "../entry/index.ts";
import { HEADER_SIZE } from "./position.ts";

const NONE = new Uint8Array(0);

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

/** The headers of a stream as they arrived, which the decoder does not return. */
export class RawHeaders {
  /** Offset of the incomplete message from the start of the next chunk; at most 0. */
  #start = 0;
  /** The bytes of its header that have arrived. */
  #header: Uint8Array = NONE;

  /** Returns the headers of the messages that a chunk has completed. */
  take(chunk: Uint8Array, messages: readonly ImsgMessage[]): Uint8Array[] {
    const headers: Uint8Array[] = [];
    for (const { data } of messages) {
      this.#collect(chunk);
      headers.push(this.#header);
      this.#header = NONE;
      this.#start += HEADER_SIZE + data.length;
    }
    this.#collect(chunk);
    this.#start -= chunk.length;
    return headers;
  }

  #collect(chunk: Uint8Array): void {
    const have = this.#header.length;
    const from = this.#start + have;
    if (have === HEADER_SIZE || from >= chunk.length) return;
    // copy: the rest may arrive with the next chunk
    this.#header = joined(this.#header, chunk.slice(from, this.#start + HEADER_SIZE));
  }
}

/** Whether a header marks a descriptor. */
export function isMarked(header: Uint8Array, dialect: Dialect): boolean {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const length = view.getUint32(4, true);
  return dialect === "classic" ? (length >>> 16) % 2 === 1 : length >>> 31 === 1;
}
