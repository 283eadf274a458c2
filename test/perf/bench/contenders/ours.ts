import { ImsgCodec } from "../../../../ts/channel/codec.ts";
import { encode } from "../../../oracle/reference/codec.ts";
import { type BenchMessage, type Contender, Tally } from "../workload.ts";

/** Keeps some messages: an engine may optimise away objects that are never kept. */
export let escaped: unknown;

export function keep(value: unknown): void {
  escaped = value;
}

export function imsgBytes(messages: readonly BenchMessage[]): Uint8Array {
  return Buffer.concat(messages.map((m) => encode(m)));
}

export function ours(): Contender {
  const options = { maxSize: 131072 };
  const decoder = new ImsgCodec(options);
  const encoder = new ImsgCodec(options);
  const buffer = new Uint8Array(1 << 20);
  return {
    name: "imsg-wasm",
    bytes: imsgBytes,
    decode(chunks, tally) {
      for (const chunk of chunks) {
        const messages = decoder.push(chunk);
        keep(messages);
        for (const m of messages) tally.add(m.type, m.peerid, m.pid, m.data);
      }
    },
    encode(messages) {
      const { written } = encoder.encodeInto(messages, buffer);
      keep(buffer);
      return written;
    },
  };
}

/** The same with a new buffer each time, as most other contenders have. */
export function oursAllocating(): Contender {
  const encoder = new ImsgCodec({ maxSize: 131072 });
  return {
    name: "imsg-wasm, a new buffer",
    bytes: imsgBytes,
    encode(messages) {
      const bytes = encoder.encodeAll(messages);
      keep(bytes);
      return bytes.length;
    },
  };
}

export { Tally };
