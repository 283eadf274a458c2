import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { isMarked, RawHeaders } from "../../../ts/inspect/headers.ts";
import {
  connectionBlock,
  isRecording,
  type Packet,
  packetBlock,
  RecordingReader,
  sectionBlock,
} from "../../../ts/inspect/recording.ts";
import { encode } from "../../oracle/reference/codec.ts";

const packet = fc.record({
  connection: fc.integer({ min: 1, max: 3 }),
  direction: fc.constantFrom("send" as const, "receive" as const, undefined),
  // microseconds of this century, as exact numbers
  time: fc.integer({ min: 0, max: 2 ** 31 }).map((n) => n + 0.125),
  bytes: fc.uint8Array({ minLength: 16, maxLength: 100 }),
  more: fc.nat(5000),
});

const cutAt = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );

const head = (): Uint8Array[] => [
  sectionBlock(),
  connectionBlock(1, "current"),
  connectionBlock(2, "classic"),
  connectionBlock(3, "current"),
];

describe("a recording", () => {
  it("gives back every packet, however its bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 10 }),
        fc.integer({ min: 1, max: 200 }),
        (all, size) => {
          const packets: Packet[] = all.map(({ more, ...rest }) => ({
            ...rest,
            length: rest.bytes.length + more,
          }));
          const bytes = Buffer.concat([...head(), ...packets.map(packetBlock)]);
          const reader = new RecordingReader();
          const read = cutAt(bytes, size).flatMap((chunk) => reader.push(chunk));
          reader.end();
          expect(read).toEqual(packets);
          expect(reader.dialectOf(2)).toBe("classic");
          expect(isRecording(bytes)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("that ends within a block is an error with the place of the block", () => {
    const reader = new RecordingReader();
    const large = {
      connection: 1,
      direction: undefined,
      time: 0,
      bytes: new Uint8Array(500),
      length: 500,
    };
    const last = connectionBlock(4, "current");
    const bytes = Buffer.concat([...head(), packetBlock(large), last]);
    for (const chunk of cutAt(bytes.subarray(0, bytes.length - 1), 7)) reader.push(chunk);
    const start = bytes.length - last.length;
    expect(() => reader.end()).toThrow(`cut within the block at byte ${start}`);
  });

  it("that is none, or names what it does not have, is an error", () => {
    const bad = (...blocks: Uint8Array[]) => new RecordingReader().push(Buffer.concat(blocks));
    const lengths = connectionBlock(1, "current");
    lengths[lengths.length - 4]! ^= 4;
    expect(() => bad(sectionBlock(), lengths)).toThrow(
      "byte 28 is no block of pcapng: two lengths",
    );
    const one = {
      connection: 1,
      direction: undefined,
      time: 0,
      bytes: new Uint8Array(16),
      length: 16,
    };
    expect(() => bad(sectionBlock(), packetBlock(one))).toThrow("interface 0");
    expect(() => bad(new Uint8Array(32))).toThrow("length 0");
  });

  it("of another byte order, with other blocks and link types, is read as well", () => {
    // made by hand: a section and an interface of USER0 and one of Ethernet, big-endian, nanoseconds
    const words = (...values: number[]): Uint8Array => {
      const bytes = new Uint8Array(values.length * 4);
      for (const [i, value] of values.entries()) new DataView(bytes.buffer).setUint32(4 * i, value);
      return bytes;
    };
    const section = words(0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00010000, 0xffffffff, 0xffffffff, 28);
    const ethernet = words(1, 20, 0x00010000, 0, 20);
    const user0 = words(1, 32, 0x00930000, 0, 0x00090001, 0x09000000, 0, 32);
    const unknown = words(0xbad, 16, 7, 16);
    const packetOf = (id: number) => words(6, 48, id, 0x1, 0x0, 16, 16, 1, 2, 3, 4, 48);
    const reader = new RecordingReader();
    const all = [section, ethernet, user0, unknown, packetOf(0), packetOf(1)];
    expect(reader.push(Buffer.concat(all))).toEqual([
      {
        connection: 2,
        direction: undefined,
        time: 2 ** 32 / 1e9,
        bytes: words(1, 2, 3, 4),
        length: 16,
      },
    ]);
  });
});

describe("the headers of a stream", () => {
  it("are those that came, with their marks, however the bytes are cut", () => {
    const message = fc.record({ size: fc.nat(60), hasFd: fc.boolean() });
    for (const dialect of ["current", "classic"] as const) {
      fc.assert(
        fc.property(
          fc.array(message, { minLength: 1, maxLength: 12 }),
          fc.integer({ min: 1, max: 90 }),
          (all, size) => {
            const wires = all.map(({ size: length, hasFd }, i) =>
              encode({ type: i, peerid: 1, pid: 2, data: new Uint8Array(length), hasFd }, dialect),
            );
            const codec = new ImsgCodec({ dialect });
            const headers = new RawHeaders();
            const found = cutAt(Buffer.concat(wires), size).flatMap((chunk) =>
              headers.take(chunk, codec.push(Uint8Array.from(chunk))),
            );
            codec.dispose();
            expect(found.map((each) => [...each])).toEqual(
              wires.map((wire) => [...wire.subarray(0, 16)]),
            );
            expect(found.map((each) => isMarked(each, dialect))).toEqual(
              all.map(({ hasFd }) => hasFd),
            );
          },
        ),
        { numRuns: 100 },
      );
    }
  });
});
