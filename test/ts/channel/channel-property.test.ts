import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import {
  ImsgChannel,
  type ImsgMessage,
  type Transport,
  type TransportSink,
} from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { concat, decode, encode } from "../../oracle/reference/codec.ts";
import { cut, cuts, numbered, plain, sizes, streamOf } from "./streams.ts";

const instance = createInstance(debugModule());
const SEED = 4242;
const MAX = 131072;

/** The other end of the byte stream, which the test controls. */
class Hand implements Transport {
  sink!: TransportSink;
  readonly sent: Uint8Array[] = [];
  readonly ends: string[] = [];

  start(sink: TransportSink): void {
    this.sink = sink;
  }
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.sent.push(bytes);
    return true;
  }
  end(): void {
    this.ends.push("end");
  }
  close(): void {
    this.ends.push("close");
  }
  abort(): void {
    this.ends.push("abort");
  }
}

const open = (): { hand: Hand; channel: ImsgChannel } => {
  const hand = new Hand();
  // a transport that cannot be paused may deliver sixteen times as much
  const channel = new ImsgChannel(hand, { maxSize: MAX, highWaterMark: 1 << 24, instance });
  return { hand, channel };
};

async function receiveAll(channel: ImsgChannel) {
  const messages: ImsgMessage[] = [];
  try {
    for await (const message of channel) messages.push(message);
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error: error as { code: string } };
  }
}

describe("a channel, however its bytes are cut,", () => {
  test("receives what the reference decodes, and then the end as it was", async () => {
    await fc.assert(
      fc.asyncProperty(sizes(MAX), cuts, fc.nat(), async (lengths, chunkLengths, tail) => {
        const stream = streamOf(lengths);
        const end = tail % 3 === 0 ? tail % (stream.length + 1) : stream.length;
        const given = stream.subarray(0, end);
        const expected = decode(given, { maxSize: MAX });
        const { hand, channel } = open();
        const chunks = new Map<ArrayBufferLike, Uint8Array>();
        for (const chunk of cut(given, chunkLengths)) {
          const own = Uint8Array.from(chunk);
          chunks.set(own.buffer, own);
          hand.sink.received(own);
        }
        hand.sink.ended();
        const { messages, error } = await receiveAll(channel);
        expect(messages.map(plain)).toEqual(expected.messages.map(plain));
        expect(error?.code).toBe(expected.rest === 0 ? undefined : "ERR_IMSG_TRUNCATED");
        for (const { data } of messages) {
          const chunk = chunks.get(data.buffer);
          // a buffer of its own, or most of the chunk, which then is large
          if (chunk === undefined) expect(data.buffer.byteLength).toBe(data.length);
          else {
            expect(data.length).toBeGreaterThanOrEqual(4096);
            expect(data.length * 2).toBeGreaterThan(chunk.length);
          }
        }
        void channel.abort(new Error("the test is over"));
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(instance.stats().objects.batch).toBe(0);
  });

  test("never returns two messages that share memory", async () => {
    await fc.assert(
      fc.asyncProperty(sizes(MAX), cuts, async (lengths, chunkLengths) => {
        const { hand, channel } = open();
        const stream = streamOf(lengths);
        for (const chunk of cut(stream, chunkLengths)) hand.sink.received(Uint8Array.from(chunk));
        hand.sink.ended();
        const { messages } = await receiveAll(channel);
        for (const { data } of messages) data.fill(0);
        const zeros = lengths.map((size, i) => ({
          ...numbered(i, size),
          data: new Uint8Array(size),
        }));
        expect(messages.map(plain)).toEqual(zeros.map(plain));
        const buffers = messages.map(({ data }) => data.buffer);
        expect(new Set(buffers).size).toBe(buffers.length);
        void channel.close();
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test("sends what the reference encodes, in the order of the calls", async () => {
    await fc.assert(
      fc.asyncProperty(sizes(MAX), fc.integer({ min: 1, max: 5 }), async (lengths, pause) => {
        const { hand, channel } = open();
        const messages = lengths.map((size, i) => numbered(i, size));
        for (const [i, message] of messages.entries()) {
          const sending = channel.send(message);
          if (i % pause === 0) await sending;
        }
        await channel.end();
        const expected = concat(messages.map((message) => encode(message)));
        expect(Buffer.compare(concat(hand.sent), expected)).toBe(0);
        expect(hand.ends).toEqual(["end"]);
        void channel.close();
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
