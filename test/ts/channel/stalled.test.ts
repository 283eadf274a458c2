import { describe, expect, it } from "vitest";
import { defaultInstance } from "../../../ts/c/index.ts";
import type { ChannelOptions, ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromMessagePort, fromWebSocket } from "../../../ts/entry/web.ts";
import { gc } from "../../helpers/memory.ts";
import { channelPair, collect, streamPair } from "../../helpers/pair.ts";
import { Unpausable, webSockets } from "../transports/pairs.ts";

const MARK = 65536; // the default
const SIZE = 16000;
const COUNT = 6250; // 100 MB

type Pair = (options?: ChannelOptions) => Promise<[ImsgChannel, ImsgChannel]>;

const pairs: Record<string, Pair> = {
  "a Unix socket": channelPair,
  "a pair of streams": async (options) => streamPair(options),
  "a WebSocket that cannot be stopped": async (options) => {
    const [ours, theirs] = await webSockets([], Unpausable);
    return [fromWebSocket(ours, options), fromWebSocket(theirs, options)];
  },
  "a WebSocket with credit": async (options) => {
    const [ours, theirs] = await webSockets(["imsg.credit"], Unpausable);
    return [fromWebSocket(ours, options), fromWebSocket(theirs, options)];
  },
  "a MessagePort": async (options) => {
    const { port1, port2 } = new MessageChannel();
    return [fromMessagePort(port1, options), fromMessagePort(port2, options)];
  },
};

/** Memory of JavaScript's buffers that is in use. */
function held(): number {
  gc();
  return process.memoryUsage().arrayBuffers;
}

/** Sends 100 MB of messages. Returns how many were accepted, and the growth of memory. */
function flood(channel: ImsgChannel, count = COUNT, size = SIZE) {
  const before = held();
  const sender = {
    accepted: 0,
    /** The largest growth during the sends, with garbage that was not collected yet. */
    peak: 0,
    grown: () => held() - before,
    done: Promise.resolve(),
  };
  sender.done = (async () => {
    for (let i = 0; i < count; i++) {
      await channel.send({ type: i, data: new Uint8Array(size) });
      sender.accepted++;
      // over a transport that never makes the sender wait, the receiver needs this turn
      if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve));
      if (i % 128 === 0) sender.peak = Math.max(sender.peak, sender.grown());
    }
  })();
  sender.done.catch(() => {});
  return sender;
}

/** Waits until a number has been the same for a while. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  while (last !== value() || last === 0) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return last;
}

describe("a reader that takes nothing", () => {
  it.each(["a Unix socket", "a pair of streams", "a MessagePort", "a WebSocket with credit"])(
    "stops a sender of 100 MB over %s, memory stays under the marks, and all comes later",
    async (name) => {
      const [a, b] = await pairs[name]!();
      const sender = flood(a);
      const accepted = await settled(() => sender.accepted);
      // sender and receiver queue a mark each; the transport between them, or the kernel, buffers more
      const between = name === "a Unix socket" ? 1 << 20 : MARK;
      // the sender hands over half a mark at a time, so the second half may be refused
      expect(accepted * SIZE).toBeGreaterThan(MARK / 2);
      expect(accepted * SIZE).toBeLessThan(2 * MARK + between);
      await expect.poll(sender.grown).toBeLessThan(4 << 20);
      expect(defaultInstance().stats().liveBytes).toBeLessThan(1 << 20);
      let n = 0;
      for await (const m of b) {
        expect(m.type).toBe(n++);
        if (n === COUNT) break;
      }
      await sender.done;
      expect(sender.peak).toBeLessThan(32 << 20);
      await Promise.all([a.close(), b.close()]);
    },
  );

  it.each(["a WebSocket that cannot be stopped"])(
    "overflows under 100 MB over %s, and memory stays bounded",
    async (name) => {
      const [a, b] = await pairs[name]!();
      const sender = flood(a);
      await expect(b.closed).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
      await expect(sender.done).rejects.toMatchObject({
        code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
      });
      expect(sender.accepted).toBeLessThan(COUNT);
      await expect.poll(sender.grown).toBeLessThan(4 << 20);
      expect(sender.peak).toBeLessThan(32 << 20);
      let kept = 0;
      await expect(
        (async () => {
          for await (const m of b) kept += m.data.length + 16;
        })(),
      ).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
      // 16 marks, and the message that was too much
      expect(kept).toBeGreaterThan(16 * MARK);
      expect(kept).toBeLessThan(16 * MARK + 2 * MARK);
    },
  );
});

describe("the mark", () => {
  it.each(["a Unix socket", "a pair of streams"] as const)(
    "says how much waits over %s, each way",
    async (name) => {
      const waiting = async (ours: number, theirs: number): Promise<number> => {
        const options = [{ highWaterMark: ours }, { highWaterMark: theirs }] as const;
        const [a, b] =
          name === "a Unix socket" ? await channelPair(...options) : streamPair(...options);
        const sender = flood(a, 10_000, 984);
        const bytes = 1000 * (await settled(() => sender.accepted));
        a.abort(new Error("enough"));
        await b.close();
        return bytes;
      };
      const least = await waiting(1000, 1000);
      // where nothing else holds any, it is but a few messages
      if (name === "a pair of streams") expect(least).toBeLessThan(10_000);
      expect((await waiting(2 << 20, 1000)) - least).toBeGreaterThan(1_500_000);
      expect((await waiting(1000, 2 << 20)) - least).toBeGreaterThan(1_500_000);
    },
  );

  it("of 0 lets one message after the other through", async () => {
    for (const [a, b] of [
      streamPair({ highWaterMark: 0 }),
      await channelPair({ highWaterMark: 0 }),
    ]) {
      const sending = (async () => {
        for (let i = 0; i < 100; i++) await a.send({ type: i });
        await a.end();
      })();
      expect((await collect(b)).map(({ type }) => type)).toEqual([...Array(100).keys()]);
      await sending;
      await b.close();
    }
  });
});
