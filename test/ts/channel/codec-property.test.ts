import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgCodec, type ImsgMessage } from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { decode, encode, ReferenceDecoder } from "../../oracle/reference/codec.ts";
import { contain, cut, cuts, LAYOUTS, numbered, plain, sizes, streamOf } from "./streams.ts";

// the debug module: its allocator checks its invariants at every call
const instance = createInstance(debugModule());

const SEED = 20261123;
const RUNS = 400;

afterAll(() => {
  // whatever was cut, bad or thrown: nothing is left behind
  expect(instance.stats().objects.batch).toBe(0);
});

interface Outcome {
  messages: ImsgMessage[];
  error: unknown;
}

/** Feeds chunks until the codec throws. */
function run(codec: ImsgCodec, chunks: Iterable<Uint8Array | ArrayBuffer | DataView>): Outcome {
  const messages: ImsgMessage[] = [];
  try {
    for (const chunk of chunks) messages.push(...codec.push(chunk));
    codec.end();
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

const maxSizes = fc.constantFrom(16, 17, 100, 16384, 131072, 300_000);

describe("what a codec makes of a stream, whatever the cuts,", () => {
  test("is what the reference makes of it", () => {
    fc.assert(
      fc.property(
        maxSizes.chain((maxSize) => fc.tuple(fc.constant(maxSize), sizes(maxSize))),
        cuts,
        fc.array(fc.constantFrom(...LAYOUTS), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.nat(),
        ([maxSize, lengths], chunkLengths, layouts, copy, tail) => {
          const stream = streamOf(lengths);
          // often the stream ends inside of a message
          const end = tail % 3 === 0 ? tail % (stream.length + 1) : stream.length;
          const given = stream.subarray(0, end);
          const expected = decode(given, { maxSize });
          const codec = new ImsgCodec({ maxSize, copy, instance });
          let i = 0;
          const chunks = function* () {
            for (const chunk of cut(given, chunkLengths)) {
              yield contain(chunk, layouts[i++ % layouts.length]!);
            }
          };
          const { messages, error } = run(codec, chunks());
          codec.dispose();
          expect(messages.map(plain)).toEqual(expected.messages.map(plain));
          if (expected.rest === 0) expect(error).toBeUndefined();
          else {
            const known = expected.rest >= 16;
            const header = known ? decodeLength(given, given.length - expected.rest) : 16;
            expect(error).toMatchObject({
              code: "ERR_IMSG_TRUNCATED",
              message: expect.stringContaining(` ${expected.rest} of ${header} bytes`),
            });
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("comes out of the push that completes it, not later", () => {
    fc.assert(
      fc.property(sizes(131072), cuts, (lengths, chunkLengths) => {
        const codec = new ImsgCodec({ maxSize: 131072, instance });
        const reference = new ReferenceDecoder({ maxSize: 131072 });
        for (const chunk of cut(streamOf(lengths), chunkLengths)) {
          expect(codec.push(chunk).map(plain)).toEqual(reference.push(chunk).map(plain));
        }
        codec.dispose();
      }),
      { seed: SEED, numRuns: RUNS / 2 },
    );
  });

  test("ends at a bad header: the messages before it once, then ERANGE for good", () => {
    const bad = fc.oneof(
      fc.integer({ min: 0, max: 15 }),
      fc.constantFrom(20_001, 65536, 0x7fffffff, 0x80000000, 0x8000000f, 0xffffffff),
    );
    fc.assert(
      fc.property(sizes(20_000), bad, cuts, fc.nat(100), (lengths, length, chunkLengths, junk) => {
        const good = streamOf(lengths);
        const stream = new Uint8Array(good.length + 16 + junk).fill(0x77);
        stream.set(good);
        const header = new DataView(stream.buffer, good.length, 16);
        header.setUint32(4, length, true);
        const expected = decode(stream, { maxSize: 20_000 });
        expect(expected.error?.code).toBe("ERANGE");
        const codec = new ImsgCodec({ maxSize: 20_000, instance });
        const messages: ImsgMessage[] = [];
        let thrown: unknown;
        for (const chunk of cut(stream, chunkLengths)) {
          try {
            const some = codec.push(chunk);
            expect(thrown).toBeUndefined();
            messages.push(...some);
          } catch (error) {
            if (thrown !== undefined) expect(error).toBe(thrown);
            thrown = error;
          }
        }
        expect(messages.map(plain)).toEqual(expected.messages.map(plain));
        const endings = [
          () => codec.end(),
          () => codec.push(encode({ type: 1 })),
          () => codec.end(),
        ];
        for (const ending of endings) {
          expect(ending).toThrow(
            expect.objectContaining({ code: "ERANGE", syscall: "imsgbuf_read" }),
          );
        }
        codec.dispose();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("keeps its content when the chunks are changed afterwards, if it is a copy", () => {
    fc.assert(
      fc.property(sizes(131072), cuts, (lengths, chunkLengths) => {
        const codec = new ImsgCodec({ maxSize: 131072, copy: true, instance });
        const stream = streamOf(lengths);
        const messages: ImsgMessage[] = [];
        // one buffer for all chunks: readers may reuse theirs
        const reused = new Uint8Array(200_000);
        for (const chunk of cut(stream, chunkLengths)) {
          reused.set(chunk);
          messages.push(...codec.push(reused.subarray(0, chunk.length)));
          reused.fill(0xee);
        }
        codec.dispose();
        expect(messages.map(plain)).toEqual(
          decode(stream, { maxSize: 131072 }).messages.map(plain),
        );
        const buffers = messages.map(({ data }) => data.buffer);
        expect(new Set(buffers).size).toBe(buffers.length);
        for (const { data } of messages) expect(data.buffer.byteLength).toBe(data.length);
      }),
      { seed: SEED, numRuns: RUNS / 2 },
    );
  });
});

describe("what a codec encodes", () => {
  test("is what the reference encodes, in one piece or several", () => {
    fc.assert(
      fc.property(sizes(300_000), fc.array(fc.nat(5000)), (lengths, pieceLengths) => {
        const codec = new ImsgCodec({ maxSize: 300_000, instance });
        const inputs = lengths.map((size, i) => numbered(i, size));
        const expected = inputs.map((input) => Buffer.from(encode(input)));
        const inPieces = inputs.map(({ data, ...rest }) => ({
          ...rest,
          data: pieceLengths.length === 0 ? [data] : [...cut(data, pieceLengths)],
        }));
        for (const [i, input] of inputs.entries()) {
          expect(expected[i]!.equals(codec.encode(input))).toBe(true);
          expect(expected[i]!.equals(codec.encode(inPieces[i]!))).toBe(true);
        }
        expect(Buffer.concat(expected).equals(codec.encodeAll(inputs))).toBe(true);
        expect(Buffer.concat(expected).equals(codec.encodeAll(inPieces))).toBe(true);
        codec.dispose();
      }),
      { seed: SEED, numRuns: RUNS / 4 },
    );
  });
});

/** The length in the header at a place. */
function decodeLength(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 16).getUint32(4, true);
}
