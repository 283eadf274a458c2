import { describe, expect, it } from "vitest";
import { createInstance, defaultInstance } from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { bytes as moduleBytes } from "../../../ts/generated/imsg.ts";
import { ImsgError } from "../../../ts/module/error.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { channelAndSocket, channelPair, collect } from "../../helpers/pair.ts";
import { pairPeer } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";

const text = (s: string) => new TextEncoder().encode(s);
const header = (type: number, len: number) => {
  const h = new Uint8Array(16);
  new DataView(h.buffer).setUint32(0, type, true);
  new DataView(h.buffer).setUint32(4, len, true);
  return h;
};

describe("a channel", () => {
  it("delivers what the other end sends, in order, with every field", async () => {
    const [a, b] = await channelPair({ pid: 77 });
    await a.send({ type: 1, peerid: 0xffffffff, pid: 0xfffffffe, data: text("one") });
    await a.send({ type: 0xffffffff, data: [text("t"), text("wo")] });
    await a.end();
    const got = await collect(b);
    expect(got.map(({ type, peerid, pid }) => [type, peerid, pid])).toEqual([
      [1, 0xffffffff, 0xfffffffe],
      [0xffffffff, 0, 77],
    ]);
    expect(got.map((m) => new TextDecoder().decode(m.data))).toEqual(["one", "two"]);
    await b.close();
    await a.closed;
  });

  it("sends pid 0 as the channel's own, which is the process's by default", async () => {
    const [a, b] = await channelPair();
    await a.send({ type: 1, pid: 0 });
    expect((await b.receive())?.pid).toBe(process.pid);
    await Promise.all([a.close(), b.close()]);
  });

  it("keeps the order of concurrent sends", async () => {
    const [a, b] = await channelPair();
    const all = Array.from({ length: 5000 }, (_, i) =>
      a.send({ type: i, data: new Uint8Array(i % 300) }),
    );
    const received = (async () => {
      for (let i = 0; i < 5000; i++) {
        const m = await b.receive();
        expect([m?.type, m?.data.length]).toEqual([i, i % 300]);
      }
    })();
    await Promise.all([...all, received]);
    await Promise.all([a.close(), b.close()]);
  });

  it("stays open when a loop is left, and the next loop continues", async () => {
    const [a, b] = await channelPair();
    for (let type = 1; type <= 4; type++) void a.send({ type });
    await a.end();
    for await (const m of b) if (m.type === 2) break;
    expect((await collect(b)).map((m) => m.type)).toEqual([3, 4]);
    await b.send({ type: 9 });
    expect((await a.receive())?.type).toBe(9);
    await b.close();
  });

  it("refuses a second loop while one is under way", async () => {
    const [a, b] = await channelPair();
    const one = b[Symbol.asyncIterator]();
    const waiting = one.next();
    await expect(b[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "EBUSY" });
    await a.send({ type: 5 });
    expect((await waiting).value?.type).toBe(5);
    await one.return?.();
    await a.end();
    expect(await collect(b)).toEqual([]);
    await b.close();
  });

  it("receives undefined at a clean end, again and again", async () => {
    const [a, b] = await channelPair();
    await a.end();
    expect(await b.receive()).toBeUndefined();
    expect(await b.receive()).toBeUndefined();
    await b.close();
  });

  it("still receives after end(), which half-closes", async () => {
    const [a, b] = await channelPair();
    await a.end();
    await expect(a.send({ type: 1 })).rejects.toMatchObject({ code: "ERR_IMSG_CLOSED" });
    expect(await b.receive()).toBeUndefined();
    await b.send({ type: 2 });
    expect((await a.receive())?.type).toBe(2);
    await b.end();
    await Promise.all([a.closed, b.closed]);
  });

  it("sends everything that was queued before close(), however slowly the peer reads", async () => {
    const [a, socket] = await channelAndSocket();
    socket.pause();
    for (let i = 0; i < 500; i++) void a.send({ type: i, data: new Uint8Array(16000) });
    let got = 0;
    socket.on("data", (chunk: Buffer) => {
      got += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.once("end", () => socket.end());
    socket.resume();
    await a.close();
    await a.closed;
    expect(got).toBe(500 * 16016);
  });

  it("rejects close() with ETIMEDOUT and the number of bytes if the peer never reads them", async () => {
    const [a, socket] = await channelAndSocket({ lingerTimeout: 200 });
    socket.pause();
    for (let i = 0; i < 500; i++) void a.send({ type: i, data: new Uint8Array(16000) });
    const start = Date.now();
    const error = await a.close().catch((reason) => reason);
    expect(Date.now() - start).toBeLessThan(1200);
    expect(error).toMatchObject({ code: "ETIMEDOUT", syscall: "close", fromPeer: true });
    expect(error.lostBytes).toBeGreaterThan(1_000_000);
    expect(error.message).toContain(`${error.lostBytes} bytes were not sent within 200 ms`);
    await expect(a.closed).rejects.toBe(error);
    socket.destroy();
  });

  it("gives what it has received before close(), then the end", async () => {
    const [a, socket] = await channelAndSocket({ lingerTimeout: 100 });
    socket.write(encode({ type: 3, peerid: 0, pid: 1, data: text("x") }));
    expect((await a.receive())?.type).toBe(3);
    socket.write(encode({ type: 4, peerid: 0, pid: 1, data: text("y") }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await a.close();
    expect((await a.receive())?.type).toBe(4);
    expect(await a.receive()).toBeUndefined();
    await a.close();
    socket.destroy();
  });

  it("aborts with the reason given to close(), which everything then throws", async () => {
    const [a, socket] = await channelAndSocket();
    const waiting = a.receive();
    waiting.catch(() => {});
    const reason = new Error("enough");
    a.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(a.receive()).rejects.toBe(reason);
    await expect(a.send({ type: 1 })).rejects.toBe(reason);
    await expect(a.request({ type: 1 })).rejects.toBe(reason);
    await expect(a.end()).rejects.toBe(reason);
    await expect(a.closed).rejects.toBe(reason);
    await expect(collect(a)).rejects.toBe(reason);
    socket.destroy();
  });

  it("aborts with the reason of its signal", async () => {
    const controller = new AbortController();
    const [a, socket] = await channelAndSocket({ signal: controller.signal });
    const waiting = a.receive();
    controller.abort(new Error("signalled"));
    await expect(waiting).rejects.toThrow("signalled");
    await expect(a.closed).rejects.toThrow("signalled");
    socket.destroy();
    expect(() => new ImsgChannel(new TransformStream(), { signal: controller.signal })).toThrow(
      "signalled",
    );
  });

  it("delivers the messages before a bad header once, then ERANGE for good", async () => {
    const [a, socket] = await channelAndSocket();
    const good = [1, 2].map((type) => encode({ type, peerid: 0, pid: 1, data: text("ok") }));
    socket.write(Buffer.concat([...good, header(3, 15), good[0]!]));
    expect((await a.receive())?.type).toBe(1);
    expect((await a.receive())?.type).toBe(2);
    for (let i = 0; i < 3; i++) {
      await expect(a.receive()).rejects.toMatchObject({
        code: "ERANGE",
        errno: 34,
        syscall: "imsgbuf_read",
      });
    }
    await expect(a.send({ type: 1 })).rejects.toMatchObject({ code: "ERANGE" });
    await expect(a.closed).rejects.toThrow(/header type 3, len 15/);
    socket.destroy();
  });

  it("tells that the stream ended inside a message, and how far it got", async () => {
    const [a, socket] = await channelAndSocket();
    const whole = encode({ type: 1, peerid: 0, pid: 1, data: new Uint8Array(100) });
    socket.end(Buffer.concat([whole, whole.subarray(0, 50)]));
    expect((await a.receive())?.data.length).toBe(100);
    await expect(a.receive()).rejects.toMatchObject({ code: "ERR_IMSG_TRUNCATED" });
    await expect(a.receive()).rejects.toThrow("50 of 116 bytes");
    socket.destroy();
  });

  it("reports a connection that is reset", async () => {
    await using peer = pairPeer("--mode", "reset");
    const a = new ImsgChannel(duplexTransport(peer.socket));
    await a.send({ type: 1, data: new Uint8Array(10) });
    await expect(collect(a)).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(a.send({ type: 1 })).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("rejects messages that cannot be sent, and stays open", async () => {
    const [a, b] = await channelPair();
    const bad = (message: unknown) => a.send(message as never);
    await expect(bad({ type: 1, data: new Uint8Array(16369) })).rejects.toMatchObject({
      code: "ERANGE",
      syscall: "imsg_compose",
    });
    for (const message of [
      undefined,
      null,
      7,
      {},
      { type: -1 },
      { type: 1.5 },
      { type: 2 ** 32 },
      { type: "1" },
      { type: 1, peerid: Number.NaN },
      { type: 1, pid: 2 ** 32 },
      { type: 1, data: "text" },
      { type: 1, data: [text("a"), 5] },
    ]) {
      await expect(bad(message)).rejects.toMatchObject({ code: "EINVAL" });
    }
    await a.send({ type: 2, data: new Uint8Array(16368) });
    expect((await b.receive())?.data.length).toBe(16368);
    await Promise.all([a.close(), b.close()]);
  });

  it.each([null, 5, "x", { signal: 5 }, { signal: null }])(
    "refuses the options %j of a call",
    async (bad) => {
      const [a, b] = await channelPair();
      const options = bad as never;
      for (const refused of [
        a.send({ type: 1 }, options),
        a.sendMany([{ type: 1 }], options),
        a.receive(options),
        a.receiveMany(options),
        a.request({ type: 1 }, options), // 5 could be meant as the time-out
      ]) {
        await expect(refused).rejects.toMatchObject({ code: "EINVAL" });
      }
      await Promise.all([a.close(), b.close()]);
    },
  );

  it("never causes an unhandled rejection by its closed promise alone", async () => {
    const seen: unknown[] = [];
    const listener = (reason: unknown) => seen.push(reason);
    process.on("unhandledRejection", listener);
    try {
      const [a, socket] = await channelAndSocket();
      socket.end(header(1, 3));
      await a.closed.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(seen).toEqual([]);
    } finally {
      process.off("unhandledRejection", listener);
    }
  });

  it("frees the module's memory however it ends", async () => {
    const base = defaultInstance().stats().liveBytes;
    const [a, b] = await channelPair({ lingerTimeout: 100 });
    const [c, socket] = await channelAndSocket();
    void a.send({ type: 1, data: new Uint8Array(9000) });
    await b.receive();
    await a.close();
    b.abort(new Error("over"));
    socket.end(header(1, 3));
    await c.closed.catch(() => {});
    expect(defaultInstance().stats()).toMatchObject({ liveBytes: base, objects: { batch: 0 } });
  });

  it("ends with its instance's trap, and channels of other instances live on", async () => {
    const doomed = createInstance(moduleBytes());
    const [a, b] = await channelPair({ instance: doomed }, {});
    await a.send({ type: 1 });
    expect((await b.receive())?.type).toBe(1);
    expect(() => doomed.engine.call.ibuf_free(0xfffffff0)).toThrow(/ERR_IMSG_TRAPPED/);
    await expect(a.send({ type: 2 })).rejects.toMatchObject({ code: "ERR_IMSG_TRAPPED" });
    await b.send({ type: 3 });
    await expect(a.receive()).rejects.toMatchObject({ code: "ERR_IMSG_TRAPPED" });
    const [c, d] = await channelPair();
    await c.send({ type: 4 });
    expect((await d.receive())?.type).toBe(4);
    await Promise.all([b.close(), c.close(), d.close()]);
  });

  it("refuses options that make no sense", () => {
    const make = (options: object) => () => new ImsgChannel(new TransformStream(), options);
    for (const maxSize of [15, 0, 2 ** 31, -1, 1.5, "16"]) {
      expect(make({ maxSize })).toThrow(expect.objectContaining({ code: "EINVAL" }) as Error);
    }
    expect(make({ highWaterMark: -1 })).toThrow(ImsgError);
    expect(make({ pid: 1.5 })).toThrow(ImsgError);
  });
});

describe("request()", () => {
  it("resolves with the reply of the same peerid, and leaves the others in the queue", async () => {
    const [a, b] = await channelPair();
    const replies = Promise.all([
      a.request({ type: 1, peerid: 1 }),
      a.request({ type: 1, peerid: 2 }),
    ]);
    await b.receive();
    await b.receive();
    await b.send({ type: 9, peerid: 7 });
    await b.send({ type: 2, peerid: 2 });
    await b.send({ type: 2, peerid: 1 });
    expect((await replies).map((m) => m.peerid)).toEqual([1, 2]);
    expect(await a.receive()).toMatchObject({ type: 9, peerid: 7 });
    await Promise.all([a.close(), b.close()]);
  });

  it("gives up after its timeout, and drops the late reply instead of taking it for the next one", async () => {
    const [a, b] = await channelPair();
    const first = a.request({ type: 1 }, { timeout: 5 });
    await expect(first).rejects.toMatchObject({ code: "ETIMEDOUT", fromPeer: true });
    const late = (await b.receive())!;
    const second = a.request({ type: 2 }, { timeout: 5000 });
    const question = (await b.receive())!;
    expect(question.peerid).not.toBe(late.peerid);
    await b.reply(late, { type: 11 });
    await b.send({ type: 12 }); // unsolicited, with peerid 0
    await b.reply(question, { type: 13 });
    expect(await second).toMatchObject({ type: 13 });
    expect(a.lateReplies).toBe(1);
    expect(await a.receive()).toMatchObject({ type: 12 });
    await Promise.all([a.close(), b.close()]);
  });

  it("is remembered when it was given up, of more than 4,096 not the oldest, whose reply is received", async () => {
    const [a, b] = await channelPair();
    const giveUp = new AbortController();
    const options = { signal: giveUp.signal };
    for (let i = 0; i < 4097; i++) void a.request({ type: 1 }, options);
    giveUp.abort();
    const questions = (await b.receiveMany())!;
    while (questions.length < 4097) questions.push(...(await b.receiveMany())!);
    for (const question of questions) await b.reply(question, { type: 2 });
    await b.send({ type: 3 });
    expect(await a.receive()).toMatchObject({ type: 2, peerid: questions[0]!.peerid });
    expect(await a.receive()).toMatchObject({ type: 3 });
    expect(a.lateReplies).toBe(4096);
    await Promise.all([a.close(), b.close()]);
  });

  it("matches by its option, and rejects with the error of the matcher", async () => {
    const [a, b] = await channelPair();
    const reply = a.request({ type: 1 }, { match: (m) => m.type === 42 });
    const broken = a.request(
      { type: 1 },
      {
        match: () => {
          throw new Error("matcher");
        },
      },
    );
    broken.catch(() => {});
    await b.send({ type: 41 });
    await b.send({ type: 42 });
    expect((await reply).type).toBe(42);
    await expect(broken).rejects.toThrow("matcher");
    expect((await a.receive())?.type).toBe(41);
    await Promise.all([a.close(), b.close()]);
  });

  it("is given up by its signal, and by the end of the channel", async () => {
    const [a, b] = await channelPair();
    const controller = new AbortController();
    const one = a.request({ type: 1 }, { signal: controller.signal });
    const two = a.request({ type: 1 });
    two.catch(() => {});
    controller.abort(new Error("changed my mind"));
    await expect(one).rejects.toThrow("changed my mind");
    await b.end();
    await expect(two).rejects.toMatchObject({ code: "ERR_IMSG_CLOSED" });
    await expect(a.request({ type: 1 })).rejects.toMatchObject({ code: "ERR_IMSG_CLOSED" });
    await Promise.all([a.close(), b.close()]);
  });
});
