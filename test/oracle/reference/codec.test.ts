import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, type Dialect, decode, encode, ReferenceDecoder } from "./codec.ts";
import {
  fixtureDialect,
  fixtureNames,
  GOLDEN_PATH,
  type GoldenFixture,
  readFixture,
  readGolden,
  toGolden,
} from "./golden.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("the bytes of a message", () => {
  test("are four little-endian words and the payload", () => {
    const message = { type: 3, peerid: 0x01020304, pid: 0xfffefdfc, data: bytesOf("aabbcc") };
    expect(hex(encode(message))).toBe("03000000" + "13000000" + "04030201" + "fcfdfeff" + "aabbcc");
  });

  test("carry the descriptor's mark in bit 31 of the length in the current dialect", () => {
    expect(hex(encode({ type: 1, hasFd: true }))).toBe(
      "01000000" + "10000080" + "00000000" + "00000000",
    );
  });

  test("carry the descriptor's mark in bit 16 of the length word in the classic dialect", () => {
    expect(hex(encode({ type: 1, hasFd: true }, "classic"))).toBe(
      "01000000" + "10000100" + "00000000" + "00000000",
    );
  });

  test("cannot be more than 65,535 in the classic dialect", () => {
    expect(encode({ type: 1, data: new Uint8Array(65519) }, "classic").length).toBe(65535);
    expect(() => encode({ type: 1, data: new Uint8Array(65520) }, "classic")).toThrow(RangeError);
    expect(encode({ type: 1, data: new Uint8Array(65520) }).length).toBe(65536);
  });
});

describe("decoding", () => {
  const header = (word: string): Uint8Array => bytesOf(`07000000${word}0900000001000000`);

  test("accepts lengths from 16 to the maximum and nothing else", () => {
    const words = ["0f000000", "10000000", "00400000", "01400000"];
    const outcomes = [15, 16, 16384, 16385].map((length, i) => {
      const payload = new Uint8Array(Math.max(length - 16, 0));
      const { messages, error } = decode(concat([header(words[i]!), payload]));
      return error?.code ?? messages[0]?.len;
    });
    expect(outcomes).toEqual(["ERANGE", 16, 16384, "ERANGE"]);
  });

  test("reports a bad header behind good messages, and its length", () => {
    const good = encode({ type: 1, data: bytesOf("00") });
    const result = decode(concat([good, header("0f000080"), bytesOf("ffff")]));
    expect(result.messages.map((message) => message.type)).toEqual([1]);
    expect(result.rest).toBe(18);
    expect(result.error).toEqual({
      code: "ERANGE",
      header: { type: 7, len: 15, peerid: 9, pid: 1, hasFd: true },
    });
  });

  test("waits for the whole header before it calls a length bad", () => {
    expect(decode(header("00000000").subarray(0, 15))).toEqual({ messages: [], rest: 15 });
  });

  test("takes a classic mark for a length in the current dialect, and the other way round", () => {
    const classic = encode({ type: 1, hasFd: true }, "classic");
    expect(decode(classic).error?.header.len).toBe(65536 + 16);
    const current = encode({ type: 1, hasFd: true });
    expect(decode(current, { dialect: "classic" }).messages).toMatchObject([
      { len: 16, hasFd: false },
    ]);
  });

  test("ignores the other 15 flags of the classic dialect", () => {
    const { messages } = decode(header("1000feff"), { dialect: "classic" });
    expect(messages).toMatchObject([{ len: 16, hasFd: false }]);
  });

  test("returns no message after an error, and keeps counting the bytes that are left", () => {
    const decoder = new ReferenceDecoder();
    expect(decoder.push(header("00000000"))).toEqual([]);
    expect(decoder.error?.header.len).toBe(0);
    expect(decoder.push(encode({ type: 1 }))).toEqual([]);
    expect(decoder.end()).toMatchObject({ rest: 32, error: { code: "ERANGE" } });
  });

  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const message = fc.record({
    type: u32,
    peerid: u32,
    pid: u32,
    hasFd: fc.boolean(),
    data: fc.uint8Array({ maxLength: 50 }),
  });

  test("decodes its own messages, in any dialect and in any chunks", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 10 }),
        fc.constantFrom<Dialect>("current", "classic"),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (messages, dialect, sizes) => {
          const stream = concat(messages.map((each) => encode(each, dialect)));
          const decoder = new ReferenceDecoder({ dialect });
          const decoded = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length]!;
            decoded.push(...decoder.push(stream.subarray(at, at + size)));
            at += size;
          }
          expect(decoded).toEqual(
            messages.map((each) => ({ ...each, len: 16 + each.data.length })),
          );
          expect(decoder.end()).toEqual({ rest: 0 });
        },
      ),
    );
  });
});

describe("the recorded sessions", () => {
  const decodeFixture = (name: string): GoldenFixture => {
    const dialect = fixtureDialect(name);
    const bytes = readFixture(name);
    const { messages, rest, error } = decode(bytes, { dialect });
    expect(error).toBeUndefined();
    return { dialect, bytes: bytes.length, messages: messages.map(toGolden), rest };
  };

  test("decode to what golden.json says", () => {
    const decoded = Object.fromEntries(fixtureNames().map((name) => [name, decodeFixture(name)]));
    if (process.env.UPDATE_GOLDEN === "1") {
      writeFileSync(GOLDEN_PATH, `${JSON.stringify(decoded, null, 2)}\n`);
    }
    expect(decoded).toEqual(readGolden());
  });

  test.each(fixtureNames())("%s is made again to the byte by encoding its messages", (name) => {
    const dialect = fixtureDialect(name);
    const bytes = readFixture(name);
    const { messages } = decode(bytes, { dialect });
    expect(hex(concat(messages.map((each) => encode(each, dialect))))).toBe(hex(bytes));
  });

  test("read the same in both dialects where no descriptor is attached", () => {
    const names = fixtureNames().filter((name) => name !== "bgpd88-startup-parent-fd8.client");
    expect(names.length).toBe(11);
    for (const name of names) {
      const bytes = readFixture(name);
      expect(decode(bytes, { dialect: "classic" })).toEqual(decode(bytes));
    }
  });

  test("contain one descriptor's mark, which a classic reader does not see", () => {
    const bytes = readFixture("bgpd88-startup-parent-fd8.client");
    const marks = (dialect: Dialect) => decode(bytes, { dialect }).messages.map((m) => m.hasFd);
    expect(marks("current")).toEqual([true, false, false, false]);
    expect(marks("classic")).toEqual([false, false, false, false]);
  });
});
