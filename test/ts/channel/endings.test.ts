// Broken promises that the lives (test/ts/lives) have found, each by itself.
import { describe, expect, it } from "vitest";
import { ImsgChannel, ImsgError } from "../../../ts/entry/index.ts";
import { Hand, type Kind } from "../lives/hand.ts";
import { macrotask } from "../lives/runtime.ts";
import { Thing } from "../lives/tracked.ts";
import { frame } from "../lives/wire.ts";

const KIND: Kind = {
  ...{ lingers: false, counts: true, pauses: true, passes: false, atOnce: true, burst: 100 },
};

function open(kind: Partial<Kind> = {}, options = {}, misused: string[] = []) {
  const sent: Uint8Array[] = [];
  const hand = new Hand(
    { ...KIND, ...kind },
    {
      handed: (bytes) => void sent.push(bytes),
      delivering: () => {},
      misused: (how) => void misused.push(how),
    },
  );
  const channel = new ImsgChannel(hand, { allowFdPass: kind.passes === true, ...options });
  const rest = async (): Promise<void> => {
    do await macrotask();
    while (hand.pump());
  };
  return { hand, channel, sent, rest };
}

const message = (type: number, marked = false): Uint8Array =>
  frame({ type, peerid: 0, pid: 1, marked, data: new Uint8Array(0) });

describe("a channel", () => {
  it("sends nothing for a request whose signal has aborted already", async () => {
    const { channel, sent, rest } = open();
    const reason = new Error("too late");
    const asked = channel.request({ type: 1 }, { signal: AbortSignal.abort(reason) });
    await expect(asked).rejects.toBe(reason);
    await rest();
    expect(sent).toEqual([]);
    channel.abort();
  });

  it("hands nothing to a transport that it has broken off, although messages are queued and bytes wait to be decoded", async () => {
    const misused: string[] = [];
    const options = { highWaterMark: 500, maxSize: 70_000 };
    const { hand, channel, sent, rest } = open({ pauses: false, atOnce: false }, options, misused);
    const long = { type: 1, peerid: 0, pid: 1, marked: false, data: new Uint8Array(60_000) };
    hand.arrive({ chunk: frame(long) }, { chunk: frame(long) });
    const closed = expect(channel.closed).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
    void channel.send({ type: 1 }); // its bytes leave in a microtask
    hand.pump();
    await rest();
    await closed;
    expect([sent, misused]).toEqual([[], []]);
  });

  it("takes no message as the reply to a request that is refused because the queue is full", async () => {
    const { hand, channel, rest } = open({ pauses: false }, { highWaterMark: 500, maxQueued: 1 });
    hand.stalled = true;
    void channel.send({ type: 1, data: new Uint8Array(1000) });
    await rest();
    hand.arrive(...[0, 1, 2, 3].map((type) => ({ chunk: message(type) })));
    hand.pump();
    const asked = channel.request({ type: 1 }, { match: () => true });
    await expect(asked).rejects.toMatchObject({ code: "ENOBUFS" });
    for (let i = 0; i < 4; i++) expect((await channel.receive())?.type).toBe(i);
    channel.abort();
  });

  it("settles close() at once when the peer hangs up while it lingers", async () => {
    const { hand, channel, rest } = open({ lingers: true, atOnce: false });
    hand.stalled = true;
    hand.arrive({ event: "gone" });
    await channel.send({ type: 1 });
    const closing = channel.close();
    await rest();
    await expect(closing).rejects.toMatchObject({ code: "EPIPE", lostBytes: 16 });
  });

  it("counts the lost bytes of a failed send once, although the peer hangs up later", async () => {
    const { hand, channel, rest } = open({ counts: false });
    hand.throwsNext = true;
    await channel.send({ type: 1 });
    await rest();
    hand.arrive({ event: "gone" });
    await rest();
    await expect(channel.closed).rejects.toMatchObject({ code: "EPIPE", lostBytes: 16 });
  });

  it("tells of bytes that were lost when a peer that had half-closed hangs up", async () => {
    const { hand, channel, rest } = open();
    hand.stalled = true;
    hand.arrive({ event: "ended" });
    await rest();
    await channel.send({ type: 1 });
    await rest();
    hand.arrive({ event: "gone" });
    await rest();
    await expect(channel.closed).rejects.toMatchObject({ code: "EPIPE", lostBytes: 16 });
  });

  it("delivers every message with a descriptor that arrived before a failure", async () => {
    const { hand, channel, rest } = open({ pauses: false, passes: true });
    const things = Array.from({ length: 20 }, (_, i) => new Thing(`thing ${i}`));
    hand.arrive(...things.map((thing, i) => ({ chunk: message(i, true), thing })));
    await rest();
    hand.reset(new ImsgError("ECONNRESET"));
    for (let i = 0; i < 20; i++) expect((await channel.receive())?.type).toBe(i);
    await expect(channel.receive()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(things.map(({ closed }) => closed)).toEqual(things.map(() => 1));
  });

  it("closes the descriptors of messages that it has not decoded when it fails", async () => {
    const { hand, rest } = open({ pauses: false, passes: true });
    const things = Array.from({ length: 20 }, (_, i) => new Thing(`thing ${i}`));
    hand.arrive(...things.map((thing, i) => ({ chunk: message(i, true), thing })));
    await rest();
    hand.reset(new ImsgError("ECONNRESET"));
    expect(things.map(({ closed }) => closed)).toEqual(things.map(() => 1));
  });

  it("closes the descriptors of messages that were received when it ends cleanly", async () => {
    for (const stream of [false, true]) {
      const { hand, channel, rest } = open({ passes: true });
      const thing = new Thing("a thing");
      hand.arrive({ chunk: message(1, true), thing });
      const reader = stream ? channel.readable.getReader() : undefined;
      const read = (): Promise<unknown> => reader?.read() ?? channel.receive();
      const first = read();
      await rest();
      expect(await first).toBeDefined();
      const last = read();
      hand.arrive({ event: "ended" });
      await channel.end();
      await rest();
      await last;
      await channel.closed;
      await new Promise((resolve) => setTimeout(resolve));
      expect(thing.closed).toBe(1);
    }
  });
});
