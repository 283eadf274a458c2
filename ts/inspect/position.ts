import type { ImsgMessage } from "../entry/index.ts";

/** Bytes of a header. */
export const HEADER_SIZE = 16;

/** The position of a decoder in its stream, which errors name and the decoder does not know. */
export class Position {
  /** Bytes that came. */
  end = 0;
  /** Messages that were complete. */
  messages = 0;
  /** Where the message under way begins. */
  start = 0;
  /** The bytes of its header that have come. */
  header: Uint8Array = new Uint8Array(0);

  /** Takes note of a chunk and of the messages it completed. */
  advance(chunk: Uint8Array, messages: readonly ImsgMessage[]): void {
    for (const message of messages) this.start += HEADER_SIZE + message.data.length;
    this.messages += messages.length;
    const chunkStart = this.end;
    this.end += chunk.length;
    if (this.start >= chunkStart) {
      const at = this.start - chunkStart;
      this.header = chunk.slice(at, at + HEADER_SIZE);
    } else if (this.header.length < HEADER_SIZE) {
      const rest = chunk.subarray(0, HEADER_SIZE - this.header.length);
      this.header = Uint8Array.from([...this.header, ...rest]);
    }
  }
}
