import { describe, expect, it } from "vitest";
import { Batch } from "../../../ts/batch/batch.ts";
import type { ImsgMessage } from "../../../ts/batch/message.ts";
import { fresh, joined, pattern, wire } from "../c/helpers.ts";

const { engine } = fresh();
const batch = (): Batch => new Batch({ engine, maxSize: 16384, pid: 1 });

/** A chunk of empty messages, numbered by their types. */
function empty(count: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) words.set([i, 16, 0, 1], i * 4);
  return new Uint8Array(words.buffer);
}

describe("decodeSome", () => {
  it("stops after one window, however large the chunk is, and resumes where it stopped", () => {
    using b = batch();
    const chunk = empty(100_000);
    const types: number[] = [];
    for (let at = 0; at < chunk.length; ) {
      const messages: ImsgMessage[] = [];
      const next = b.decodeSome(chunk, at, "none", messages);
      expect(next).toBeGreaterThan(at);
      expect(messages.length).toBeLessThanOrEqual(4095);
      types.push(...messages.map(({ type }) => type));
      at = next;
    }
    expect(types.every((type, i) => type === i)).toBe(true);
    expect(types).toHaveLength(100_000);
    expect(b.end()).toBe(undefined);
  });

  it("decodes messages that span windows and staged bytes", () => {
    const data = pattern(16_000);
    const stream = joined(...Array.from({ length: 40 }, (_, i) => wire(i, data)));
    for (const cut of [0, 5, 16, 20, 600]) {
      using b = batch();
      const messages: ImsgMessage[] = [];
      for (const chunk of [stream.slice(0, cut), stream.slice(cut)]) {
        for (let at = 0; at < chunk.length; ) at = b.decodeSome(chunk, at, "none", messages);
      }
      expect(messages.map(({ type }) => type)).toEqual([...Array(40).keys()]);
      for (const message of messages) expect(Buffer.compare(message.data, data)).toBe(0);
      expect(b.end()).toBe(undefined);
    }
  });

  it("says by failed that nothing more can be decoded, after the messages before", () => {
    using b = batch();
    const messages: ImsgMessage[] = [];
    const chunk = joined(wire(1), wire(2, new Uint8Array(0), { len: 3 }), wire(3));
    b.decodeSome(chunk, 0, "none", messages);
    expect(messages.map(({ type }) => type)).toEqual([1]);
    expect(b.failed).toMatchObject({ code: "ERANGE", fromPeer: true });
    expect(b.decode(wire(4), "none", messages)).toBe(b.failed);
    expect(messages).toHaveLength(1);
  });
});

describe("the window", () => {
  it("is given up by an encoder when another batch decodes or encodes, in order", () => {
    using a = batch();
    using b = batch();
    const out: ImsgMessage[] = [];
    a.compose({ type: 1, data: pattern(10) });
    b.decode(wire(7, pattern(1000)), "none", out);
    a.compose({ type: 4 });
    a.compose({ type: 2, data: pattern(5000) });
    b.compose({ type: 8 });
    a.compose({ type: 3 });
    expect(out.map(({ type }) => type)).toEqual([7]);
    expect(a.take()!.data).toEqual(
      joined(wire(1, pattern(10)), wire(4), wire(2, pattern(5000)), wire(3)),
    );
    expect(b.take()!.data).toEqual(wire(8));
    expect(a.take()).toBe(undefined);
  });

  it("is not used by calls of C's API while records wait there", () => {
    const instance = fresh();
    using a = new Batch({ engine: instance.engine, maxSize: 16384, pid: 1 });
    a.compose({ type: 1, data: pattern(10) });
    using ibuf = instance.Ibuf.dynamic(1, 100_000);
    ibuf.add(pattern(60_000));
    expect(Buffer.compare(ibuf.get(60_000), pattern(60_000))).toBe(0);
    expect(a.take()!.data).toEqual(wire(1, pattern(10)));
  });
});
