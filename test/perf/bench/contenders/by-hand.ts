import type { BenchMessage, Contender } from "../workload.ts";
import { imsgBytes, keep } from "./ours.ts";

/** The obvious decoder: subarray, and a carry for cut messages. */
export class HandDecoder {
  #carry: Uint8Array[] = [];
  #carried = 0;
  #need = 16;
  readonly #view: (chunk: Uint8Array, from: number, to: number) => Uint8Array;

  constructor(view: (chunk: Uint8Array, from: number, to: number) => Uint8Array) {
    this.#view = view;
  }

  push(chunk: Uint8Array): BenchMessage[] {
    const out: BenchMessage[] = [];
    let bytes = chunk;
    if (this.#carried > 0) {
      this.#carry.push(chunk);
      this.#carried += chunk.length;
      if (this.#carried < this.#need) return out;
      bytes = new Uint8Array(this.#carried);
      let at = 0;
      for (const piece of this.#carry) {
        bytes.set(piece, at);
        at += piece.length;
      }
      this.#carry = [];
      this.#carried = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    let need = 16;
    while (bytes.length - at >= 16) {
      const length = view.getUint32(at + 4, true) & 0x7fffffff;
      if (length < 16 || length > 131072) throw new Error(`bad length ${length}`);
      need = length;
      if (bytes.length - at < length) break;
      out.push({
        type: view.getUint32(at, true),
        peerid: view.getUint32(at + 8, true),
        pid: view.getUint32(at + 12, true),
        data: this.#view(bytes, at + 16, at + length),
      });
      at += length;
      need = 16;
    }
    if (at < bytes.length) {
      this.#carry.push(at === 0 ? bytes : bytes.subarray(at));
      this.#carried = bytes.length - at;
    }
    this.#need = need;
    return out;
  }
}

/** A payload as readers write it: with subarray. */
export const subarray = (chunk: Uint8Array, from: number, to: number): Uint8Array =>
  chunk.subarray(from, to);

/**
 * A decoder that calls a function with the fields of each message and a view of its payload, so
 * that the engine can do without objects where the function is inlined.
 */
export function decodeByHand(): (
  chunk: Uint8Array,
  take: (type: number, peerid: number, pid: number, data: Uint8Array) => void,
) => void {
  let carry: Uint8Array | undefined;
  return (chunk, take) => {
    let bytes = chunk;
    if (carry !== undefined) {
      bytes = new Uint8Array(carry.length + chunk.length);
      bytes.set(carry);
      bytes.set(chunk, carry.length);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= 16) {
      const length = view.getUint32(at + 4, true) & 0x7fffffff;
      if (length < 16 || length > 131072) throw new Error(`bad length ${length}`);
      if (bytes.length - at < length) break;
      const data = bytes.subarray(at + 16, at + length);
      take(
        view.getUint32(at, true),
        view.getUint32(at + 8, true),
        view.getUint32(at + 12, true),
        data,
      );
      at += length;
    }
    carry = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}

function contender(
  name: string,
  view: (chunk: Uint8Array, from: number, to: number) => Uint8Array,
): Contender {
  const decoder = new HandDecoder(view);
  return {
    name,
    bytes: imsgBytes,
    decode(chunks, tally) {
      for (const chunk of chunks) {
        const messages = decoder.push(chunk);
        keep(messages);
        for (const m of messages) tally.add(m.type, m.peerid, m.pid, m.data);
      }
    },
  };
}

export const bySubarray = (): Contender => contender("by hand, subarray", subarray);

/** Tallies the fields without an object for each message: readers will try it. */
export function byFields(): Contender {
  const decode = decodeByHand();
  return {
    name: "by hand, no objects",
    bytes: imsgBytes,
    decode(chunks, tally) {
      for (const chunk of chunks) {
        decode(chunk, (type, peerid, pid, data) => tally.add(type, peerid, pid, data));
      }
    },
  };
}

export const byView = (): Contender =>
  contender(
    "by hand, cheapest view",
    (chunk, from, to) => new Uint8Array(chunk.buffer, chunk.byteOffset + from, to - from),
  );

export const byCopy = (): Contender =>
  contender("by hand, copies", (chunk, from, to) => chunk.slice(from, to));

/** Encodes into one preallocated buffer, which is the fastest way by hand. */
export function byPreallocated(): Contender {
  const buffer = new Uint8Array(1 << 20);
  const view = new DataView(buffer.buffer);
  return {
    name: "by hand, preallocated",
    bytes: imsgBytes,
    encode(messages) {
      let at = 0;
      for (const { type, peerid, pid, data } of messages) {
        view.setUint32(at, type, true);
        view.setUint32(at + 4, data.length + 16, true);
        view.setUint32(at + 8, peerid, true);
        view.setUint32(at + 12, pid, true);
        buffer.set(data, at + 16);
        at += data.length + 16;
      }
      keep(buffer);
      return at;
    },
  };
}
