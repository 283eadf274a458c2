import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DROP, Forwarder, STOP } from "../../../ts/batch/forward.ts";
import { createInstance } from "../../../ts/c/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import {
  concat,
  type Dialect,
  decode,
  encode,
  ReferenceDecoder,
  type ReferenceInput,
} from "../../oracle/reference/codec.ts";
import { cut, cuts, numbered, sizes, streamOf } from "../channel/streams.ts";

const MAX = 200_000;
const PID = 0x40000007;

/** Forwards chunks, each of which is overwritten afterwards, and returns what comes out. */
function forwardAll(
  chunks: Iterable<Uint8Array>,
  judge: (type: number, pid: number, size: number) => number,
  options: { from?: Dialect; to?: Dialect; maxSize?: number } = {},
) {
  const { from = "current", to = "current", maxSize = MAX } = options;
  const instance = createInstance(debugModule());
  const source = new Forwarder(instance, { maxSize, pid: PID, dialect: from });
  const target = new Forwarder(instance, { maxSize, pid: PID, dialect: to });
  const out: Uint8Array[] = [];
  let count = 0;
  let failure: unknown;
  for (const whole of chunks) {
    for (let at = 0; at < whole.length; at += 65520) {
      const chunk = Uint8Array.from(whole.subarray(at, at + 65520));
      let taken = new Uint8Array(0);
      const room = (n: number) => {
        taken = new Uint8Array(n);
        return taken;
      };
      const forwarded = source.forward(chunk, target, judge, room);
      chunk.fill(0xee);
      count += forwarded.count;
      failure ??= forwarded.error;
      expect(taken.length).toBe(forwarded.bytes);
      out.push(taken);
    }
  }
  let end: unknown;
  try {
    source.end();
  } catch (error) {
    end = error;
  }
  source.dispose();
  target.dispose();
  instance.assertNoLeaks();
  return { bytes: concat(out), count, failure, end };
}

describe("a Forwarder", () => {
  it("forwards the messages that pass, in whatever chunks they come, byte for byte", () => {
    fc.assert(
      fc.property(
        sizes(MAX).chain((list) => fc.tuple(fc.constant(list), cuts)),
        fc.nat({ max: 5 }),
        ([list, pieces], dropped) => {
          const drops = (type: number): boolean => dropped > 1 && type % dropped === 0;
          const judge = (type: number, pid: number): number => (drops(type) ? DROP : pid + 1);
          const result = forwardAll(cut(streamOf(list), pieces), judge);
          const wanted = list
            .map((size, i) => numbered(i, size))
            .filter(({ type }) => !drops(type))
            .map((message) => encode({ ...message, pid: message.pid + 1 }));
          expect(result.count).toBe(wanted.length);
          expect(Buffer.compare(result.bytes, concat(wanted))).toBe(0);
          expect(result.failure).toBeUndefined();
          expect(result.end).toBeUndefined();
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it("forwards random bytes as far as they are messages, and reports the same error", () => {
    const length = fc.oneof(
      fc.nat({ max: 300 }),
      fc.constantFrom(0, 15, 16, 17, 2 ** 31, 2 ** 32 - 1),
    );
    const header = fc.tuple(length, fc.nat({ max: 40 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(header, { maxLength: 30 }), cuts, (headers, pieces) => {
        const stream = concat(
          headers.map(([len, size, honest]) => {
            const bytes = Uint8Array.from(encode({ type: 5, pid: 9, data: new Uint8Array(size) }));
            if (!honest) new DataView(bytes.buffer).setUint32(4, len, true);
            return bytes;
          }),
        );
        const wanted = decode(stream, { maxSize: 250 });
        const result = forwardAll(cut(stream, pieces), (_type, pid) => pid, { maxSize: 250 });
        // imsg_compose puts its own pid in the place of 0
        const sent = wanted.messages.map((message) =>
          encode({ ...message, pid: message.pid || PID, hasFd: false }),
        );
        expect(Buffer.compare(result.bytes, concat(sent))).toBe(0);
        if (wanted.error === undefined) {
          expect(result.failure).toBeUndefined();
          if (wanted.rest === 0) expect(result.end).toBeUndefined();
          else expect(result.end).toMatchObject({ code: "ERR_IMSG_TRUNCATED" });
        } else {
          const { type, pid } = wanted.error.header;
          expect(result.failure).toMatchObject({ code: "ERANGE", fromPeer: true });
          expect(String(result.failure)).toContain(`type ${type}, len`);
          expect(String(result.failure)).toContain(`pid ${pid}`);
          expect(result.end).toBe(result.failure);
        }
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it.each([
    ["classic", "current"],
    ["current", "classic"],
  ] as const)(
    "translates from the %s to the %s dialect, without marks of descriptors",
    (from, to) => {
      const messages: ReferenceInput[] = [0, 3, 64, 5000, 16_000, 65_000].map((size, i) => ({
        ...numbered(i, size),
        hasFd: i % 2 === 0,
      }));
      const stream = concat(messages.map((message) => encode(message, from)));
      const result = forwardAll(cut(stream, [7, 4000, 1]), (_type, pid) => pid, { from, to });
      const wanted = messages.map((message) => encode({ ...message, hasFd: false }, to));
      expect(Buffer.compare(result.bytes, concat(wanted))).toBe(0);
    },
  );

  it("stops at the first message that the judge refuses, after those before it", () => {
    const stream = streamOf([10, 20, 30, 40]);
    let judged = 0;
    const result = forwardAll([stream], (_type, pid) => (++judged === 3 ? STOP : pid));
    expect([judged, result.count]).toEqual([3, 2]);
    expect(Buffer.compare(result.bytes, streamOf([10, 20]))).toBe(0);
  });

  it("shares its instance with codecs that have messages in the window", async () => {
    const { ImsgCodec } = await import("../../../ts/channel/codec.ts");
    const instance = createInstance(bytes());
    const codec = new ImsgCodec({ instance });
    const ends = [0, 1].map(() => new Forwarder(instance, { maxSize: MAX, pid: PID }));
    const [source, target] = ends as [Forwarder, Forwarder];
    const decoder = new ReferenceDecoder();
    for (let i = 0; i < 50; i++) {
      const taken = new Uint8Array(32 + 3 * i);
      // the codec's own message is read while the window has another's
      const init = Object.defineProperty({ type: 3 }, "data", {
        get: () => {
          source.forward(
            streamOf([i, 2 * i]),
            target,
            (_type, pid) => pid,
            () => taken,
          );
          return new Uint8Array(i).fill(i);
        },
      });
      expect(decoder.push(codec.encodeAll([{ type: 2 }, init]))).toMatchObject([
        { type: 2, len: 16 },
        { type: 3, len: 16 + i, data: new Uint8Array(i).fill(i) },
      ]);
      expect(Buffer.compare(taken, streamOf([i, 2 * i]))).toBe(0);
    }
    for (const end of [...ends, codec]) end.dispose();
    expect(instance.stats().objects.batch).toBe(0);
  });

  it("fails with ENOMEM whichever allocation fails, and never forwards a wrong byte", () => {
    const instance = createInstance(bytes());
    const { exports } = instance.engine;
    const whole = streamOf([100, 4000, 20_000, 0, 7]);
    // the second message begins in the first chunk
    const chunks = [whole.slice(0, 150), whole.slice(150)];
    let failures = 0;
    for (let n = 1, done = false; !done; n++) {
      const source = new Forwarder(instance, { maxSize: MAX, pid: PID });
      const target = new Forwarder(instance, { maxSize: MAX, pid: PID });
      const out: Uint8Array[] = [];
      const room = (length: number): Uint8Array => {
        out.push(new Uint8Array(length));
        return out.at(-1)!;
      };
      exports.mem_fail_at(n);
      try {
        for (const chunk of chunks) {
          const { error } = source.forward(chunk.slice(), target, (_type, pid) => pid, room);
          if (error !== undefined) throw error;
        }
        done = true;
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOMEM" });
        failures++;
      }
      exports.mem_fail_at(0);
      const taken = concat(out);
      expect(Buffer.compare(taken, whole.subarray(0, taken.length))).toBe(0);
      expect(taken.length === whole.length).toBe(done);
      source.dispose();
      target.dispose();
      instance.assertNoLeaks();
    }
    // at least an ibuf of each message on both sides
    expect(failures).toBeGreaterThanOrEqual(10);
  });

  it("refuses a chunk that is longer than the window, and use after dispose", () => {
    const instance = createInstance(bytes());
    const end = new Forwarder(instance, { maxSize: MAX, pid: PID });
    expect(() => end.forward(new Uint8Array(65521), end, () => 0, Uint8Array.of)).toThrow(
      /EINVAL.*65521/,
    );
    end.dispose();
    end.dispose();
    expect(() => end.forward(new Uint8Array(1), end, () => 0, Uint8Array.of)).toThrow(/disposed/);
  });
});
