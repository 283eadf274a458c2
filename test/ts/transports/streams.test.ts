import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { streams } from "./pairs.ts";

const MESSAGE = new Uint8Array(Uint32Array.of(1, 16, 0, 1).buffer);

type Writer = WritableStream<Uint8Array<ArrayBuffer>>;

describe("a channel over streams", () => {
  it.each([{ maxSize: 5 }, { allowFdPass: true }, { pid: 1.5 }, { signal: AbortSignal.abort() }])(
    "that cannot be made with %j leaves both streams unlocked",
    (options) => {
      const [pair] = streams();
      expect(() => new ImsgChannel(pair, options)).toThrow();
      expect([pair.readable.locked, pair.writable.locked]).toEqual([false, false]);
    },
  );

  it("that cannot lock one stream leaves the other unlocked, and throws EINVAL", () => {
    const [pair] = streams();
    pair.writable.getWriter();
    expect(() => new ImsgChannel(pair)).toThrow(/EINVAL/);
    expect(pair.readable.locked).toBe(false);
    expect(() => new ImsgChannel({ readable: 5, writable: 6 } as never)).toThrow(/EINVAL/);
  });

  it.each([
    ["a MessagePort", () => new MessageChannel().port1],
    ["a BroadcastChannel", () => new BroadcastChannel("channel")],
    ["an AbortController", () => new AbortController()],
    ["a socket", () => new Socket()],
    ["undefined", () => undefined],
    ["a transport without abort()", () => ({ start() {}, send() {}, end() {}, close() {} })],
  ])("is not made from %s: EINVAL", (_, make) => {
    const source = make() as { close?: () => void } | undefined;
    expect(() => new ImsgChannel(source as never)).toThrow(/EINVAL.*a pair of|EINVAL.*readable/);
    source?.close?.();
  });

  it.each(["text", 5, null, {}, [1], new Map()])(
    "gets %j, which ends it with EINVAL of the peer",
    async (chunk) => {
      const [pair, peer] = streams();
      const channel = new ImsgChannel(pair);
      const writer = peer.writable.getWriter();
      writer.write(MESSAGE).catch(() => {});
      writer.write(chunk as never).catch(() => {});
      expect((await channel.receive())!.type).toBe(1);
      await expect(channel.closed).rejects.toMatchObject({ code: "EINVAL", fromPeer: true });
    },
  );

  it.each([
    ["closed", (channel: ImsgChannel) => channel.close()],
    ["aborted", (channel: ImsgChannel) => channel.abort()],
    ["failed by its peer", (_: ImsgChannel, peer: Writer) => peer.abort()],
  ])("that was %s leaves both streams unlocked", async (_, finish) => {
    const [pair, peer] = streams();
    const channel = new ImsgChannel(pair);
    void channel.send({ type: 1 });
    // a writable stream stays locked until it has written everything
    peer.readable.pipeTo(new WritableStream()).catch(() => {});
    await finish(channel, peer.writable);
    await channel.closed.catch(() => {});
    await expect.poll(() => [pair.readable.locked, pair.writable.locked]).toEqual([false, false]);
  });

  it("still receives what a peer has sent that reads no more; then comes the error of the send", async () => {
    const [pair, peer] = streams();
    const channel = new ImsgChannel(pair);
    await peer.readable.cancel(new Error("enough"));
    await channel.send({ type: 1 }).catch(() => {});
    const writer = peer.writable.getWriter();
    for (let i = 0; i < 130; i++) await writer.write(MESSAGE.slice());
    await writer.close();
    let count = 0;
    const loop = (async () => {
      for await (const { type } of channel) count += type;
    })();
    await expect(loop).rejects.toMatchObject({ code: "EPIPE", fromPeer: true });
    expect(count).toBe(130);
  });

  it("ends by itself when the peer has ended and reads no more", async () => {
    const [pair, peer] = streams();
    const channel = new ImsgChannel(pair);
    const writer = peer.writable.getWriter();
    await writer.write(MESSAGE);
    await Promise.all([writer.close(), peer.readable.cancel()]);
    expect((await channel.receive())!.type).toBe(1);
    expect(await channel.receive()).toBeUndefined();
    await channel.closed;
  });

  it("that is aborted is ECONNRESET for the peer, with the reason as its cause", async () => {
    const [ours, theirs] = streams();
    const [a, b] = [new ImsgChannel(ours), new ImsgChannel(theirs)];
    const reason = new Error("enough");
    a.abort(reason);
    await expect(b.closed).rejects.toMatchObject({
      code: "ECONNRESET",
      fromPeer: true,
      cause: reason,
    });
  });

  it("closes at once at both ends, though nothing is received", async () => {
    const [ours, theirs] = streams();
    const [a, b] = [new ImsgChannel(ours), new ImsgChannel(theirs)];
    for (let i = 0; i < 100; i++) void a.send({ type: 1, data: new Uint8Array(10_000) });
    await a.close();
    await b.close();
  });
});
