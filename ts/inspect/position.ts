import type { ImsgMessage } from "../entry/index.ts";

/** Bytes of a header. */
export const HEADER_SIZE = 16;

/** The position of a decoder in its stream, which errors name and the decoder does not know. */
export class Position {
  /** Bytes of the stream so far. */
  end = 0;
  /** Complete messages so far. */
  messages = 0;
  /** Offset of the incomplete message. */
  start = 0;
  /** The bytes of its header that have arrived. */
  header: Uint8Array = new Uint8Array(0);

  /** Advances by a chunk, and by the messages that it completed. */
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
