import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, decode, encode, ReferenceDecoder } from "../reference/codec.ts";
import { fixtureNames, readFixture, readGolden, toGolden } from "../reference/golden.ts";
import { type NativeMessage, type NativeRecord, nativeDump, nativeRecords } from "./dump.ts";

/** Every way to cut a stream in two, the uncut stream among them. */
const splits = (bytes: Uint8Array): Uint8Array[][] =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);

const withoutFd = (messages: readonly NativeMessage[]) =>
  messages.map(({ gotFd, ...message }) => {
    expect(gotFd).toBe(false);
    return message;
  });

describe("the original C, built natively,", () => {
  test.each(fixtureNames())("reads the recorded %s as golden.json says", (name) => {
    const { messages, error } = nativeDump(readFixture(name));
    expect(error).toBeUndefined();
    expect(withoutFd(messages).map(toGolden)).toEqual(readGolden()[name]?.messages);
  });

  test.each(fixtureNames())("agrees with the reference decoder on the recorded %s", (name) => {
    const bytes = readFixture(name);
    const { messages } = nativeDump(bytes);
    expect(withoutFd(messages)).toEqual(decode(bytes).messages);
  });

  test("reads a recorded session the same wherever a read ends", () => {
    const bytes = readFixture("tmux33a-list-sessions.server");
    const expected = decode(bytes).messages;
    expect(expected.length).toBe(3);
    for (const { messages, error } of nativeRecords(splits(bytes).map((parts) => ({ parts })))) {
      expect(error).toBeUndefined();
      expect(withoutFd(messages)).toEqual(expected);
    }
  });

  test("says ERANGE to a classic descriptor's mark, like the reference decoder", () => {
    const bytes = encode({ type: 1, hasFd: true }, "classic");
    expect(nativeDump(bytes).error).toBe("ERANGE");
    expect(decode(bytes).error?.code).toBe("ERANGE");
  });

  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const message = fc
    .record({
      type: u32,
      peerid: u32,
      pid: u32,
      hasFd: fc.boolean(),
      data: fc.uint8Array({ maxLength: 24 }),
    })
    .map((fields) => encode(fields));
  const badLength = fc.oneof(
    fc.integer({ min: 0, max: 15 }),
    fc.integer({ min: 33, max: 0x7fffffff }),
    fc.integer({ min: 0x80000000, max: 0x8000000f }),
  );
  const badHeader = fc.tuple(message, badLength).map(([bytes, length]) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(4, length, true);
    return copy;
  });
  const tail = fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc.uint8Array({ maxLength: 40 }),
    badHeader,
    fc.tuple(message, fc.nat(40)).map(([bytes, n]) => bytes.subarray(0, n)),
  );
  const stream = fc
    .tuple(fc.array(message, { maxLength: 5 }), tail)
    .map(([messages, last]) => concat([...messages, last]));
  const maxSize = fc.constantFrom(16, 24, 32, 40, 16384);

  test("and the reference decoder agree on random streams, cut in two anywhere", () => {
    const seen = { error: 0, end: 0, cut: 0 };
    fc.assert(
      fc.property(stream, maxSize, fc.boolean(), (bytes, max, fdpass) => {
        const whole = decode(bytes, { maxSize: max });
        const records = splits(bytes).map(
          (parts): NativeRecord => ({ parts, maxSize: max, fdpass }),
        );
        for (const [i, native] of nativeRecords(records).entries()) {
          const decoder = new ReferenceDecoder({ maxSize: max });
          const pushed = records[i]!.parts.flatMap((part) => decoder.push(part));
          expect(pushed).toEqual(whole.messages);
          expect(decoder.end()).toEqual({
            rest: whole.rest,
            ...(whole.error && { error: whole.error }),
          });
          expect(withoutFd(native.messages)).toEqual(whole.messages);
          expect(native.error).toBe(whole.error?.code);
        }
        if (whole.error) seen.error++;
        else if (whole.rest > 0) seen.cut++;
        else seen.end++;
      }),
      { numRuns: 200 },
    );
    // Otherwise the streams above no longer reach what they are made for.
    expect(Math.min(seen.error, seen.end, seen.cut)).toBeGreaterThan(0);
  });

  test("and the reference decoder agree on a megabyte of messages of all sizes", () => {
    const sizes = Array.from({ length: 130 }, (_, i) => (i * 977) % 16369);
    const bytes = concat(
      sizes.map((size, i) => encode({ type: i, data: new Uint8Array(size).fill(i) })),
    );
    expect(bytes.length).toBeGreaterThan(1_000_000);
    const [native] = nativeRecords([{ parts: [bytes] }]);
    expect(withoutFd(native!.messages).map(toGolden)).toEqual(decode(bytes).messages.map(toGolden));
  });
});
