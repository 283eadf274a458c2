import { describe, expect, it } from "vitest";
import { defaultInstance } from "../../../ts/c/index.ts";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";
import { alone, Thing, together } from "./memory.ts";

const marked = (type: number, size = 0): Uint8Array =>
  encode({ type, hasFd: true, data: new Uint8Array(size) });
const plain = (type: number, size = 0): Uint8Array => encode({ type, data: new Uint8Array(size) });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const values = (): number => defaultInstance().descriptors.size;

describe("a value that comes with a message", () => {
  it("is closed by dispose, and by it alone", async () => {
    const log: string[] = [];
    const [a, b] = together();
    await a.send({ type: 1, fd: new Thing("one", log) });
    await a.send({ type: 2, fd: new Thing("two", log) });
    const [one, two] = [(await b.receive())!, (await b.receive())!];
    one.dispose();
    expect([log, one.hasFd, two.hasFd, one.takeFd()]).toEqual([["one"], false, true, undefined]);
    one.dispose();
    two[Symbol.dispose]();
    expect([log, values()]).toEqual([["one", "two"], 0]);
    await Promise.all([a.close(), b.close()]);
  });

  it("is closed when the channel is closed, received or not", async () => {
    const log: string[] = [];
    for (const reason of [undefined, new Error("enough")]) {
      const [a, b] = together();
      for (const name of ["one", "two", "three"]) {
        await a.send({ type: 1, fd: new Thing(name, log) });
      }
      const first = (await b.receive())!;
      const taken = (await b.receive())!.takeFd() as Thing;
      expect(taken.name).toBe("two");
      b.abort(reason);
      expect([log.splice(0), first.hasFd, values()]).toEqual([["one", "three"], false, 0]);
      await a.close();
    }
  });

  it("outlives the clean end of both sides until the end is received", async () => {
    const log: string[] = [];
    const [a, b] = together();
    await b.end();
    await a.send({ type: 1, fd: new Thing("one", log) });
    await a.send({ type: 2, fd: new Thing("two", log) });
    await a.end();
    await b.closed;
    const one = (await b.receive())!;
    expect((one.takeFd() as Thing).name).toBe("one");
    const two = (await b.receive())!;
    expect([two.hasFd, log]).toEqual([true, []]);
    expect(await b.receive()).toBeUndefined();
    expect([two.hasFd, log, values()]).toEqual([false, ["two"], 0]);
  });

  it("can be taken in a loop even if the end came with the message", async () => {
    const log: string[] = [];
    const [a, b] = together();
    await b.end();
    const taken: unknown[] = [];
    const loop = (async () => {
      for await (const message of b) if (message.type === 1) taken.push(message.takeFd());
    })();
    await turn(); // the loop waits
    void a.send({ type: 1, fd: "one" });
    void a.send({ type: 2, fd: new Thing("two", log) });
    await a.end();
    await loop;
    await turn();
    expect([taken, log, values()]).toEqual([["one"], ["two"], 0]);
  });

  it("is closed if a loop is left for good by closing the channel after a clean end", async () => {
    const log: string[] = [];
    const [a, b] = together();
    await b.end();
    await a.send({ type: 1, fd: new Thing("one", log) });
    await a.end();
    await b.closed;
    b.dispose();
    expect([log, values()]).toEqual([["one"], 0]);
  });

  it("is closed and not accepted without allowFdPass", async () => {
    const log: string[] = [];
    const [b, transport] = alone({ allowFdPass: false });
    transport.sink.received(concat([marked(1, 4), plain(2)]), [{ value: new Thing("fd", log) }]);
    const message = (await b.receive())!;
    expect([message.type, message.hasFd, message.takeFd(), log]).toEqual([
      1,
      false,
      undefined,
      ["fd"],
    ]);
    expect((await b.receive())!.type).toBe(2);
    await b.close();
    expect(values()).toBe(0);
  });

  it("is closed if only half a header comes with it, and the message has none", async () => {
    const bytes = marked(1, 4);
    for (const cut of [1, 8, 15]) {
      const log: string[] = [];
      const [b, transport] = alone();
      transport.sink.received(bytes.slice(0, cut), [{ value: new Thing("fd", log) }]);
      expect(log).toEqual(["fd"]);
      transport.sink.received(bytes.slice(cut));
      const message = (await b.receive())!;
      expect([message.type, message.hasFd]).toEqual([1, false]);
      await b.close();
    }
  });

  it("belongs to the message whose header is completed by the bytes it came with", async () => {
    const bytes = marked(1, 4);
    for (let cut = 1; cut < 16; cut++) {
      const [b, transport] = alone();
      transport.sink.received(concat([plain(9), bytes.slice(0, cut)]));
      transport.sink.received(bytes.slice(cut, 16), [{ value: "fd" }]);
      transport.sink.received(bytes.slice(16));
      expect((await b.receive())!.hasFd).toBe(false);
      expect((await b.receive())!.takeFd()).toBe("fd");
      await b.close();
    }
  });

  it("waits with its message for the rest of it, and is closed if that never comes", async () => {
    for (const size of [4, 600, 9000]) {
      const log: string[] = [];
      const [b, transport] = alone();
      transport.sink.received(marked(1, size).slice(0, -1), [{ value: new Thing("fd", log) }]);
      expect(log).toEqual([]);
      transport.sink.ended();
      await expect(b.receive()).rejects.toMatchObject({ code: "ERR_IMSG_TRUNCATED" });
      expect([log, values()]).toEqual([["fd"], 0]);
    }
  });

  it("goes to the first message of the chunk that is marked", async () => {
    const [b, transport] = alone();
    transport.sink.received(concat([plain(1), plain(2), marked(3), marked(4), plain(5)]), [
      { value: "fd" },
    ]);
    const all = [];
    for (let i = 0; i < 5; i++) all.push((await b.receive())!);
    expect(all.map((m) => m.hasFd)).toEqual([false, false, true, false, false]);
    expect(all[2]!.takeFd()).toBe("fd");
    await b.close();
  });

  it("is closed if no message of the chunk is marked", async () => {
    const log: string[] = [];
    const [b, transport] = alone();
    transport.sink.received(plain(1, 10), [{ value: new Thing("fd", log) }]);
    expect([(await b.receive())!.hasFd, log]).toEqual([false, ["fd"]]);
    await b.close();
  });

  it("is closed with a message whose length is refused, which ends the channel", async () => {
    const log: string[] = [];
    const [b, transport] = alone();
    const bad = marked(1);
    new DataView(bad.buffer).setUint32(4, 0x80000000 + 15, true);
    transport.sink.received(bad, [{ value: new Thing("fd", log) }]);
    await expect(b.receive()).rejects.toMatchObject({ code: "ERANGE" });
    expect([log, values()]).toEqual([["fd"], 0]);
  });

  it("is the only one: the others that came with it are closed, in their order", async () => {
    const log: string[] = [];
    const [b, transport] = alone();
    const things = ["one", "two", "three", "four"].map((name) => new Thing(name, log));
    transport.sink.received(
      concat([marked(1), marked(2)]),
      things.map((value) => ({ value })),
    );
    expect(log).toEqual(["two", "three", "four"]);
    expect((await b.receive())!.takeFd()).toBe(things[0]);
    expect((await b.receive())!.hasFd).toBe(false);
    await b.close();
  });

  it("is closed when it comes after the channel's end", async () => {
    const log: string[] = [];
    const [b, transport] = alone();
    transport.sink.ended();
    transport.sink.received(marked(1), [{ value: new Thing("ended", log) }]);
    await b.close();
    transport.sink.received(marked(1), [{ value: new Thing("closed", log) }]);
    expect([log, values()]).toEqual([["ended", "closed"], 0]);
  });

  it("is closed when 64 younger ones wait to be taken, and the channel lives", async () => {
    const log: string[] = [];
    const [a, b] = together();
    const kept = [];
    for (let i = 0; i < 64; i++) {
      await a.send({ type: i, fd: new Thing(String(i), log) });
      kept.push((await b.receive())!);
    }
    expect(log).toEqual([]);
    kept[3]!.dispose();
    expect((kept[4]!.takeFd() as Thing).name).toBe("4");
    for (let i = 64; i < 69; i++) {
      await a.send({ type: i, fd: new Thing(String(i), log) });
      kept.push((await b.receive())!);
    }
    expect(log).toEqual(["3", "0", "1", "2"]);
    expect(kept.slice(0, 6).map((m) => m.fdDropped)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect((kept[68]!.takeFd() as Thing).name).toBe("68");
    await Promise.all([a.close(), b.close()]);
    await new Promise((resolve) => setTimeout(resolve)); // closed after the turn
    expect([log.length, values()]).toEqual([67, 0]);
  });

  it.each<[string, (channel: ImsgChannel, count: number) => Promise<void>]>([
    [
      "receive",
      async (channel, count) => {
        for (let i = 0; i < count; i++) await channel.receive();
      },
    ],
    [
      "receiveMany",
      async (channel, count) => {
        for (let i = 0; i < count; ) i += (await channel.receiveMany())!.length;
      },
    ],
    [
      "a loop",
      async (channel, count) => {
        for await (const _ of channel) if (--count === 0) break;
      },
    ],
    [
      "batches",
      async (channel, count) => {
        let left = count;
        for await (const list of channel.batches()) {
          left -= list.length;
          if (left <= 0) break;
        }
      },
    ],
    [
      "a stream",
      async (channel, count) => {
        const reader = channel.readable.getReader();
        for (let i = 0; i < count; i++) await reader.read();
      },
    ],
  ])("does not end a channel whose reader ignores it: %s", async (_, read) => {
    const log: string[] = [];
    const [a, b] = together();
    const done = read(b, 300);
    for (let i = 0; i < 300; i++) await a.send({ type: i, fd: new Thing(String(i), log) });
    await done;
    expect(log.length).toBeGreaterThanOrEqual(300 - 64);
    b.abort();
    await a.close();
    expect([log.length, values()]).toEqual([300, 0]);
  });

  it("is closed in the turn in which the channel fails, unless the receiver takes it at once", async () => {
    for (const takes of [true, false]) {
      const log: string[] = [];
      const [b, transport] = alone();
      const received = b.receive();
      const taken = received.then((m) => (takes ? m!.takeFd() : undefined));
      transport.sink.received(marked(1), [{ value: new Thing("received", log) }]);
      transport.sink.received(marked(2), [{ value: new Thing("waiting", log) }]);
      transport.sink.received(new Uint8Array(16).fill(255));
      const error = await b.closed.catch((reason) => reason);
      expect(error).toMatchObject({ code: "ERANGE" });
      expect((await taken) instanceof Thing).toBe(takes);
      await new Promise((resolve) => setTimeout(resolve));
      expect(log).toEqual(takes ? ["waiting"] : ["received", "waiting"]);
      expect([(await received)!.fdDropped, values()]).toEqual([!takes, 0]);
      expect((await b.receive())!.fdDropped).toBe(true);
      await expect(b.receive()).rejects.toBe(error);
    }
  });

  it("makes the peer wait when 16 of them have not been received", async () => {
    const [b, transport] = alone();
    for (let i = 0; i < 16; i++) {
      expect(transport.calls).toEqual([]);
      transport.sink.received(marked(i), [{ value: i }]);
    }
    expect(transport.calls).toEqual(["pause"]);
    expect((await b.receive())!.takeFd()).toBe(0);
    expect(transport.calls).toEqual(["pause", "resume"]);
    await b.close();
  });

  it("is closed by the disposer it came with, by Symbol.dispose, or by close()", async () => {
    const log: string[] = [];
    const both = {
      [Symbol.dispose]: () => log.push("symbol"),
      close: () => log.push("never"),
    };
    const [b, transport] = alone();
    const passed = [
      { value: both, dispose: (value: unknown) => log.push(`given ${value === both}`) },
      { value: both },
      { value: { close: () => log.push("close") } },
      { value: {} },
      { value: 7 },
    ];
    for (const one of passed) transport.sink.received(marked(1), [one]);
    for (const _ of passed) (await b.receive())!.dispose();
    expect(log).toEqual(["given true", "symbol", "close"]);
    await b.close();
    expect(values()).toBe(0);
  });

  it("is dropped by a relay that sends type, peerid, pid and data on", async () => {
    const log: string[] = [];
    const [a, b] = together();
    const [c, d] = together();
    await a.send({ type: 1, fd: new Thing("fd", log) });
    const message = (await b.receive())!;
    const { type, peerid, pid, data } = message;
    await c.send({ type, peerid, pid, data });
    message.dispose();
    expect([(await d.receive())!.hasFd, log]).toEqual([false, ["fd"]]);
    await Promise.all([a, b, c, d].map((channel) => channel.close()));
  });
});
