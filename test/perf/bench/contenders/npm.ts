import { createRequire } from "node:module";
import type { Transform } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from "@bufbuild/protobuf/wire";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import { decode as lpDecode, encode as lpEncode } from "it-length-prefixed";
import { Packr, UnpackrStream } from "msgpackr";
import type { BenchMessage, Contender, Tally } from "../workload.ts";
import { keep } from "./ours.ts";

const require = createRequire(import.meta.url);

/*
 * These libraries frame bytes, not messages: the frame is what a user would
 * put into it, twelve bytes of fields and the payload.
 */
const FIELDS = 12;

function toFrame({ type, peerid, pid, data }: BenchMessage): Uint8Array {
  const frame = new Uint8Array(FIELDS + data.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, peerid, true);
  view.setUint32(8, pid, true);
  frame.set(data, FIELDS);
  return frame;
}

function tallyFrame(frame: Uint8Array, tally: Tally): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const message = {
    type: view.getUint32(0, true),
    peerid: view.getUint32(4, true),
    pid: view.getUint32(8, true),
    data: frame.subarray(FIELDS),
  };
  keep(message);
  tally.add(message.type, message.peerid, message.pid, message.data);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of source) all.push(piece);
  return Buffer.concat(all);
}

export function itLengthPrefixed(): Contender {
  const encodeAll = (messages: readonly BenchMessage[]): Uint8Array[] =>
    messages.map((m) => lpEncode.single(toFrame(m)).subarray());
  return {
    name: "it-length-prefixed",
    bytes: (messages) => Buffer.concat(encodeAll(messages)),
    async decode(chunks, tally) {
      async function* source() {
        yield* chunks;
      }
      for await (const frame of lpDecode(source(), { maxDataLength: 1 << 20 })) {
        tallyFrame(frame.subarray(), tally);
      }
    },
    encode(messages) {
      let bytes = 0;
      for (const m of messages) {
        const frame = lpEncode.single(toFrame(m));
        keep(frame);
        bytes += frame.byteLength;
      }
      return bytes;
    },
  };
}

/** Writes chunks to a Node stream and tallies what it emits, on a new stream each pass. */
function throughStream(
  make: () => Transform,
  take: (item: never, tally: Tally) => void,
): (chunks: readonly Uint8Array[], tally: Tally) => Promise<void> {
  return (chunks, tally) =>
    new Promise((resolve, reject) => {
      const stream = make();
      stream.on("data", (item) => take(item as never, tally));
      stream.on("end", resolve);
      stream.on("error", reject);
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
}

function encodeThrough(make: () => Transform) {
  return (messages: readonly BenchMessage[]): Promise<Uint8Array> => {
    const stream = make();
    const all = collect(stream);
    for (const m of messages) stream.write(toFrame(m));
    stream.end();
    return all;
  };
}

export function lengthPrefixedStream(): Contender {
  const lp = require("length-prefixed-stream") as {
    decode(options?: object): Transform;
    encode(): Transform;
  };
  const encode = encodeThrough(() => lp.encode());
  return {
    name: "length-prefixed-stream",
    bytes: encode,
    decode: throughStream(() => lp.decode(), tallyFrame),
    encode: async (messages) => (await encode(messages)).length,
  };
}

export function frameStream(): Contender {
  const fs = require("frame-stream") as {
    decode(options?: object): Transform;
    encode(options?: object): Transform;
  };
  const encode = encodeThrough(() => fs.encode());
  return {
    name: "frame-stream",
    bytes: encode,
    decode: throughStream(() => fs.decode(), tallyFrame),
    encode: async (messages) => (await encode(messages)).length,
  };
}

export function protobuf(): Contender {
  const one = (m: BenchMessage): Uint8Array =>
    sizeDelimitedEncode(BytesValueSchema, create(BytesValueSchema, { value: toFrame(m) }));
  return {
    name: "@bufbuild/protobuf delimited",
    bytes: (messages) => Buffer.concat(messages.map(one)),
    async decode(chunks, tally) {
      async function* source() {
        yield* chunks;
      }
      for await (const { value } of sizeDelimitedDecodeStream(BytesValueSchema, source())) {
        tallyFrame(value, tally);
      }
    },
    encode(messages) {
      let bytes = 0;
      for (const m of messages) {
        const frame = one(m);
        keep(frame);
        bytes += frame.length;
      }
      return bytes;
    },
  };
}

export function msgpackr(): Contender {
  const packr = new Packr({ useRecords: false });
  const plain = ({ type, peerid, pid, data }: BenchMessage) => [type, peerid, pid, data];
  return {
    name: "msgpackr",
    bytes: (messages) => Buffer.concat(messages.map((m) => Buffer.from(packr.pack(plain(m))))),
    decode: throughStream(
      () => new UnpackrStream({ useRecords: false }) as unknown as Transform,
      ([type, peerid, pid, data]: [number, number, number, Uint8Array], tally) => {
        const message = { type, peerid, pid, data };
        keep(message);
        tally.add(type, peerid, pid, data);
      },
    ),
    encode(messages) {
      let bytes = 0;
      for (const m of messages) {
        const frame = packr.pack(plain(m));
        keep(frame);
        bytes += frame.length;
      }
      return bytes;
    },
  };
}
