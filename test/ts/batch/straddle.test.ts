import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Batch } from "../../../ts/batch/batch.ts";
import type { Sharing } from "../../../ts/batch/decoder.ts";
import type { ImsgMessage } from "../../../ts/batch/message.ts";
import { fresh, joined, pattern, wire } from "../c/helpers.ts";

const { engine } = fresh();

/** The payloads of a stream that arrives in chunks of `step` bytes; `between` sees each message at once. */
function decoded(
  payloads: readonly Uint8Array[],
  step: number,
  sharing: Sharing,
  between: (message: ImsgMessage) => void = () => {},
): ImsgMessage[] {
  using batch = new Batch({ engine, maxSize: 300_000, pid: 1 });
  const stream = joined(...payloads.map((data, i) => wire(i, data)));
  const all: ImsgMessage[] = [];
  for (let at = 0; at < stream.length; at += step) {
    const messages: ImsgMessage[] = [];
    expect(batch.decode(stream.slice(at, at + step), sharing, messages)).toBe(undefined);
    messages.forEach(between);
    all.push(...messages);
  }
  expect(batch.end()).toBe(undefined);
  return all;
}

const contents = (messages: readonly ImsgMessage[]): Uint8Array[] =>
  messages.map(({ data }) => Uint8Array.from(data));

/** Payloads of each size, every one with other bytes. */
const payloadsOf = (sizes: readonly number[]): Uint8Array[] =>
  sizes.map((size, i) => pattern(size).map((byte) => byte ^ (i & 0xff)));

describe("payloads that began in an earlier chunk", () => {
  it("keep their bytes while later ones are decoded, whatever they share", () => {
    const sizes = fc.array(fc.nat(9_000), { minLength: 1, maxLength: 12 });
    const sharing = fc.constantFrom<Sharing>("chunk", "none");
    fc.assert(
      fc.property(sizes, fc.integer({ min: 16, max: 4000 }), sharing, (list, step, how) => {
        const payloads = payloadsOf(list);
        expect(contents(decoded(payloads, step, how))).toEqual(payloads);
      }),
      { numRuns: 40 },
    );
  });

  it("have separate bytes: writing to one changes no other", () => {
    const payloads = payloadsOf(Array.from({ length: 100 }, () => 1024));
    const messages = decoded(payloads, 1500, "chunk");
    for (let i = 0; i < messages.length; i += 2) messages[i]!.data.fill(0);
    for (let i = 1; i < messages.length; i += 2) {
      expect(Uint8Array.from(messages[i]!.data)).toEqual(payloads[i]);
    }
  });

  it("share one buffer among many if they may, and have one of their own if they may not", () => {
    const payloads = payloadsOf(Array.from({ length: 64 }, () => 1024));
    const shared = new Set(decoded(payloads, 300, "chunk").map(({ data }) => data.buffer));
    expect(shared.size).toBeLessThan(16);
    const own = decoded(payloads, 300, "none").map(({ data }) => data.buffer);
    expect(new Set(own).size).toBe(64);
    expect(own.every(({ byteLength }) => byteLength === 1024)).toBe(true);
  });

  it("pin at most 32 times their size", () => {
    for (const size of [16, 100, 1000, 3000]) {
      const [first] = decoded(payloadsOf([size, size]), 20, "chunk");
      expect(first!.data.buffer.byteLength).toBeLessThanOrEqual(32 * size);
    }
  });

  it("have a buffer of their own if they are long", () => {
    const payloads = payloadsOf([16_384, 16_385, 100_000, 200_000]);
    const messages = decoded(payloads, 1500, "chunk");
    expect(contents(messages)).toEqual(payloads);
    const own = messages.map(({ data }) => data.buffer.byteLength === data.length);
    expect(own).toEqual([false, true, true, true]);
  });

  it("can be transferred, buffer and all: later ones get another", () => {
    const payloads = payloadsOf(Array.from({ length: 50 }, () => 2000));
    const kept: Uint8Array[] = [];
    decoded(payloads, 1500, "chunk", ({ data }) => {
      kept.push(Uint8Array.from(data));
      structuredClone(data.buffer, { transfer: [data.buffer] });
    });
    expect(kept).toEqual(payloads);
  });

  it("come out of the very chunk that completes them, however small the chunks are", () => {
    for (const step of [1, 16, 17, 511, 512, 1500, 2047, 2048, 4095]) {
      using batch = new Batch({ engine, maxSize: 65535, pid: 1 });
      const [data] = payloadsOf([30_000]);
      const stream = wire(7, data!);
      for (let at = 0; at < stream.length; at += step) {
        const messages: ImsgMessage[] = [];
        batch.decode(stream.slice(at, at + step), "chunk", messages);
        expect(messages).toHaveLength(at + step >= stream.length ? 1 : 0);
        if (messages.length > 0) expect(Uint8Array.from(messages[0]!.data)).toEqual(data);
      }
    }
  });
});
