import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { isMarked, RawHeaders } from "../../../ts/inspect/headers.ts";
import {
  connectionBlock,
  isRecording,
  type Packet,
  packetBlock,
  RecordingError,
  RecordingReader,
  sectionBlock,
} from "../../../ts/inspect/recording.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed, run } from "../cli/command.ts";

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

  it("with a bad block returns the packets before it, and then throws with the block's place", () => {
    const good = {
      connection: 1,
      direction: undefined,
      time: 0,
      bytes: new Uint8Array(16),
      length: 16,
    };
    const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
    const lengths = connectionBlock(1, "current");
    lengths[lengths.length - 4]! ^= 4;
    const order = sectionBlock();
    order[8]! ^= 1;
    const cases: [Uint8Array, string][] = [
      [lengths, "at its start and"],
      [order, "is no byte order"],
      [new Uint8Array(32), "its length is 0, and must be a multiple of 4 from 12 to 268435456"],
      [words(6, 13, 0, 0), "its length is 13"],
      [words(6, 0x20000000, 0, 0), "its length is 536870912"],
      [words(6, 16, 0, 16), "its length is 16, and that of a packet at least 32"],
      [words(1, 16, 0, 16), "its length is 16, and that of an interface at least 20"],
      [packetBlock({ ...good, connection: 9 }), "it names interface 8, and there are 3 so far"],
      [words(6, 32, 0, 0, 0, 500, 500, 32), "a packet of 500 bytes does not fit into it"],
    ];
    for (const [bad, why] of cases) {
      const before = Buffer.concat([...head(), packetBlock(good)]);
      const reader = new RecordingReader();
      expect(reader.push(Buffer.concat([before, bad]))).toEqual([good]);
      expect(() => reader.end()).toThrow(`bad block at byte ${before.length}: `);
      expect(() => reader.end()).toThrow(why);
      expect(() => reader.push(new Uint8Array(1))).toThrow(why);
    }
  });

  it("with one changed byte returns the packets before it, and throws a RecordingError or nothing", () => {
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 1, max: 300 }),
        (all, where, change, size) => {
          const packets = all.map(({ more, ...rest }) => ({
            ...rest,
            length: rest.bytes.length + more,
          }));
          const blocks = [...head(), ...packets.map(packetBlock)];
          const bytes = Buffer.concat(blocks);
          const place = where % bytes.length;
          bytes[place]! ^= change;
          let [whole, end] = [-head().length, 0]; // packets that end before the change
          for (const block of blocks) {
            end += block.length;
            if (end <= place) whole++;
          }
          const reader = new RecordingReader();
          const read: Packet[] = [];
          try {
            for (const chunk of cutAt(bytes, size)) read.push(...reader.push(chunk));
            reader.end();
          } catch (error) {
            expect(error).toBeInstanceOf(RecordingError);
          }
          expect(read.slice(0, Math.max(0, whole))).toEqual(packets.slice(0, Math.max(0, whole)));
        },
      ),
      { numRuns: 500 },
    );
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
    expect(reader.foreign).toEqual(new Map());
    expect(reader.push(Buffer.concat(all))).toEqual([
      {
        connection: 2,
        direction: undefined,
        time: 2 ** 32 / 1e9,
        bytes: words(1, 2, 3, 4),
        length: 16,
      },
    ]);
    expect(reader.foreign).toEqual(new Map([[1, 1]]));
  });

  it.each([true, false])(
    "with the options and blocks of other writers is read: little %s",
    (little) => {
      const words = (...values: number[]): Uint8Array => {
        const bytes = new Uint8Array(values.length * 4);
        for (const [i, value] of values.entries()) {
          new DataView(bytes.buffer).setUint32(4 * i, value, little);
        }
        return bytes;
      };
      const halves = (a: number, b: number): number => (little ? a + b * 65536 : a * 65536 + b);
      const section = words(0x0a0d0d0a, 28, 0x1a2b3c4d, halves(1, 0), 0xffffffff, 0xffffffff, 28);
      // if_tsoffset is 100 seconds, a comment stands before it, and packets are cut after 20 bytes
      const shift = little ? [100, 0] : [0, 100];
      const user0 = words(
        ...[1, 44, halves(147, 0), 20, halves(1, 4), 0x41414141, halves(14, 8), ...shift, 0, 44],
      );
      const flagsOf = (flags: number, at: number) =>
        words(6, 64, at, 0, 1_500_000, 16, 16, 1, 2, 3, 4, halves(2, 4), flags, 0, 0, 64);
      const simple = words(3, 36, 500, 1, 2, 3, 4, 5, 36);
      const short = words(3, 32, 16, 1, 2, 3, 4, 32);
      const reader = new RecordingReader();
      const one = [section, user0, user0, flagsOf(1, 0), flagsOf(0x22, 1), simple, short];
      const read = reader.push(Buffer.concat([...one, section, user0, flagsOf(2, 0), short]));
      reader.end();
      const plain = { bytes: words(1, 2, 3, 4), length: 16 };
      const timed = { ...plain, time: 101.5 };
      const untimed = { ...plain, time: undefined, direction: undefined };
      expect(read).toEqual([
        { ...timed, connection: 1, direction: "receive" },
        { ...timed, connection: 2, direction: "send" },
        { ...untimed, connection: 1, bytes: words(1, 2, 3, 4, 5), length: 500 },
        { ...untimed, connection: 1 },
        { ...timed, connection: 3, direction: "send" },
        { ...untimed, connection: 3 },
      ]);
      expect(() => {
        reader.push(Buffer.concat([section, short]));
        reader.end();
      }).toThrow("it names interface 0, and there are 0 so far");
    },
  );
});

describe("imsg dump of a recording", () => {
  const message = (type: number): Uint8Array => packetBlock(messagePacket(type));
  const messagePacket = (type: number): Packet => {
    const bytes = encode({ type, pid: 2, data: new Uint8Array(4) });
    return { connection: 1, direction: "send", time: 1.5, bytes, length: bytes.length };
  };
  const start = Buffer.concat([sectionBlock(), connectionBlock(1, "current")]);
  const good = Buffer.concat([start, message(1), message(2)]);
  const ethernet = Buffer.from(start);
  ethernet[sectionBlock().length + 8] = 1;
  const changed = (change: Partial<Packet>): Uint8Array =>
    packetBlock({ ...messagePacket(3), ...change });
  const bytes = new Uint8Array(8);
  const cases: [string, Uint8Array, number, number, RegExp][] = [
    [
      "cut within a block",
      message(3).subarray(0, 40),
      2,
      1,
      /cut within the block at byte \d+: it has 40 of 64 bytes/,
    ],
    [
      "cut within a block's length",
      message(3).subarray(0, 6),
      2,
      1,
      /cut within the block at byte \d+\n/,
    ],
    ["with garbage", new Uint8Array(40).fill(0xee), 2, 1, /bad block at byte \d+: its length is/],
    [
      "of a packet shorter than a header",
      changed({ bytes, length: 8 }),
      2,
      1,
      /packet 2 holds 8 of 8 bytes/,
    ],
    [
      "of a packet that is no message",
      changed({ length: 99 }),
      2,
      1,
      /packet 2 has 99 bytes, and its header says 20/,
    ],
    ["of a time that no calendar has", changed({ time: 1e13 }), 3, 0, /^$/],
    [
      "with packets of another link type",
      Buffer.concat([ethernet, message(3)]),
      2,
      0,
      /skipped packets of link type 1: 1/,
    ],
  ];

  it.concurrent.for(cases)(
    "%s prints the good packets first",
    async ([, rest, count, status, why], { expect }) => {
      const result = await run(packed, ["dump", "--json"], Buffer.concat([good, rest]));
      const types = result.stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).type);
      expect(types).toEqual([1, 2, 3].slice(0, count));
      expect(result.status).toBe(status);
      expect(result.stderr).toMatch(why);
      expect(result.stderr).toMatch(/^(imsg: stdin: [^\n]*\n)?$/);
    },
  );

  it("of another link type, and a file of pcap, are errors that name the right one", async () => {
    const foreign = await run(packed, ["dump"], Buffer.concat([ethernet, message(3)]));
    expect(foreign.status).toBe(1);
    expect(foreign.stderr).toContain(
      "link type of imsg tap, 147 (USER0); there are packets of link type 1",
    );
    for (const magic of ["d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d"]) {
      const pcap = Buffer.concat([Buffer.from(magic, "hex"), Buffer.alloc(20)]);
      const { status, stderr } = await run(packed, ["dump"], pcap);
      expect(status).toBe(1);
      expect(stderr).toContain("this is a pcap file; imsg reads pcapng");
    }
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
