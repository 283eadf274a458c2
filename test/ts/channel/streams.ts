// Streams of messages for the tests of the exchange: arbitrary ones, and ways to cut them.
import fc from "fast-check";
import { concat, encode, type ReferenceInput } from "../../oracle/reference/codec.ts";

/** The fields of a message that tests compare, with the payload as a hex string. */
export interface Plain {
  type: number;
  peerid: number;
  pid: number;
  data: string;
}

interface Readable {
  type: number;
  peerid: number;
  pid: number;
  data: Uint8Array;
}

export const plain = ({ type, peerid, pid, data }: Readable): Plain => ({
  type,
  peerid,
  pid,
  data: Buffer.from(data.buffer, data.byteOffset, data.length).toString("hex"),
});

/** Bytes that differ from message to message and from place to place. */
export function payload(seed: number, size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state >>> 24;
  }
  return data;
}

/** A message with every field set by its number. */
export const numbered = (i: number, size: number): Required<ReferenceInput> => ({
  type: (i * 2654435761) >>> 0,
  peerid: (0xffffffff - i) >>> 0,
  pid: (i + 1) >>> 0,
  hasFd: false,
  data: payload(i, size),
});

export const streamOf = (sizes: readonly number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(concat(sizes.map((size, i) => encode(numbered(i, size)))));

/** Sizes of payloads, with those near a border often. */
export function sizes(maxSize: number): fc.Arbitrary<number[]> {
  const limit = maxSize - 16;
  const borders = [0, 1, 15, 16, 17, 63, 64, 65, 495, 496, 497, 511, 512, 513, 4079, 4080, 4095];
  borders.push(
    4096,
    4097,
    16367,
    16368,
    65503,
    65504,
    65505,
    65519,
    65520,
    65521,
    limit - 1,
    limit,
  );
  const size = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: Math.min(40, limit) }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: Math.min(1200, limit) }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...borders.filter((each) => each >= 0 && each <= limit)),
    },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: limit }) },
  );
  return fc.array(size, { maxLength: 12 });
}

/** Lengths of chunks, used in turn and over again; 0 is an empty chunk. */
export const cuts: fc.Arbitrary<number[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 5000 }) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(1, 15, 16, 17, 31, 32, 495, 496, 511, 512, 513, 4095, 4096, 4097),
    },
    { weight: 2, arbitrary: fc.constantFrom(65503, 65504, 65519, 65520, 65521, 65536, 131040) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
  ),
  { minLength: 1, maxLength: 30 },
);

/** How chunks lie in memory. */
export const LAYOUTS = ["own", "view", "buffer", "arraybuffer", "shared", "dataview"] as const;
export type Layout = (typeof LAYOUTS)[number];

/** A copy of some bytes in one of JavaScript's containers, with foreign bytes around a view. */
export function contain(bytes: Uint8Array, layout: Layout): Uint8Array | ArrayBuffer | DataView {
  if (layout === "own") return Uint8Array.from(bytes);
  if (layout === "arraybuffer") return Uint8Array.from(bytes).buffer;
  if (layout === "shared") {
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
    copy.set(bytes);
    return copy;
  }
  const room = new Uint8Array(bytes.length + 11).fill(0xa5);
  room.set(bytes, 5);
  if (layout === "view") return room.subarray(5, 5 + bytes.length);
  if (layout === "buffer") return Buffer.from(room.buffer, 5, bytes.length);
  return new DataView(room.buffer, 5, bytes.length);
}

/** Cuts a stream into chunks of these lengths, over and over; empty ones only once a round. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  const some = lengths.some((length) => length > 0);
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = some ? lengths[i % lengths.length]! : bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
