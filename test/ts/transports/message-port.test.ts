import { MessageChannel as NodeMessageChannel, Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { defaultInstance } from "../../../ts/c/index.ts";
import type { ChannelOptions, ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromMessagePort, fromWindow, type MessagePortLike } from "../../../ts/entry/web.ts";
import { junk, rounds, seeded } from "./junk.ts";
import { ports } from "./pairs.ts";

const WINDOW = 65536;
const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

function thread(code: string): Worker & MessagePortLike {
  const worker = new Worker(`const { parentPort } = require("node:worker_threads"); ${code}`, {
    eval: true,
  });
  workers.push(worker);
  return worker as never;
}

/** A channel, and the bare port at its other end with what was posted to it. */
function channelAndPort(options?: ChannelOptions) {
  const { port1, port2 } = new NodeMessageChannel();
  const posted: unknown[] = [];
  port2.on("message", (data) => posted.push(data));
  return { channel: fromMessagePort(port1 as never, options), port: port2, posted };
}

const header = (len = 16): ArrayBuffer => Uint32Array.of(1, len, 0, 1).buffer;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("credit over a port", () => {
  it("keeps 100,000 awaited sends of 64 bytes from overflowing a loop that does nothing else", async () => {
    const [a, b] = ports().map((port) => fromMessagePort(port)) as [ImsgChannel, ImsgChannel];
    const sending = (async () => {
      for (let i = 0; i < 100_000; i++) await a.send({ type: 1, data: new Uint8Array(48) });
      await a.end();
    })();
    let count = 0;
    for await (const { data } of b) count += data.length === 48 ? 1 : 0;
    expect(count).toBe(100_000);
    await sending;
    await Promise.all([a.close(), b.close()]);
  });

  it("stops a sender that nothing receives from, after at most a window and one piece", async () => {
    const { channel, port, posted } = channelAndPort();
    let fulfilled = 0;
    for (let i = 0; i < 100; i++) {
      channel.send({ type: 1, data: new Uint8Array(16_000) }).then(
        () => fulfilled++,
        () => {},
      );
    }
    await sleep(50);
    const bytes = posted.reduce<number>((sum, data) => sum + (data as ArrayBuffer).byteLength, 0);
    expect(bytes).toBeGreaterThanOrEqual(WINDOW);
    expect(bytes).toBeLessThan(3 * WINDOW);
    expect(fulfilled).toBeLessThan(10);
    port.postMessage(16 * 1024 * 1024 - WINDOW);
    await expect.poll(() => fulfilled).toBe(100);
    port.close();
  });

  it("is granted for what was received, in steps of half a window", async () => {
    const { channel, port, posted } = channelAndPort();
    for (let i = 0; i < 10; i++) port.postMessage(header());
    for (let i = 0; i < 10; i++) await channel.receive();
    expect(posted).toEqual([]);
    for (let i = 0; i < 2048; i++) port.postMessage(header());
    for (let i = 0; i < 2048; i++) await channel.receive();
    await expect.poll(() => posted.length).toBeGreaterThan(0);
    for (const data of posted) expect(data).toBeGreaterThanOrEqual(WINDOW / 2);
    await channel.close();
    port.close();
  });

  it("is granted beyond the window at the start by a receiver with a larger mark", async () => {
    const { channel, port, posted } = channelAndPort({ highWaterMark: 1_000_000 });
    await expect.poll(() => posted).toEqual([1_000_000 - WINDOW]);
    await channel.close();
    port.close();
  });

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53, -0])(
    "of %d is none, and ends the channel with EBADMSG of the peer",
    async (bytes) => {
      const { channel, port } = channelAndPort();
      port.postMessage(bytes);
      await expect(channel.closed).rejects.toMatchObject({ code: "EBADMSG", fromPeer: true });
      port.close();
    },
  );

  it("does not count for a peer that ignores it, which ends the channel with ERR_IMSG_OVERFLOW", async () => {
    const { channel, port } = channelAndPort({ maxQueued: 1_000_000 });
    const message = new Uint8Array(16_384);
    message.set(new Uint8Array(header(16_384)));
    for (let i = 0; i < 200; i++) port.postMessage(message.slice().buffer);
    await expect(channel.closed).rejects.toMatchObject({
      code: "ERR_IMSG_OVERFLOW",
      fromPeer: true,
    });
    port.close();
  });
});

describe("the end of a port's channel", () => {
  it("leaves no listener on a worker, however many channels there were", async () => {
    const worker = thread('parentPort.on("message", () => {});');
    const count = () => worker.eventNames().map((name) => [name, worker.listenerCount(name)]);
    const before = count();
    for (let i = 0; i < 15; i++) await fromMessagePort(worker).close();
    fromMessagePort(worker).abort();
    expect(count()).toEqual(before);
  });

  it("leaves no listener on a port", async () => {
    for (const end of ["close", "abort"] as const) {
      const { port1, port2 } = new NodeMessageChannel();
      await fromMessagePort(port1 as never)[end]();
      for (const type of ["message", "messageerror", "close", "error"]) {
        expect(port1.listenerCount(type)).toBe(0);
      }
      port2.close();
    }
  });

  it("comes by itself when the peer has ended and closes its port", async () => {
    const { channel, port } = channelAndPort();
    port.postMessage(header());
    port.postMessage(null);
    expect((await channel.receive())!.type).toBe(1);
    expect(await channel.receive()).toBeUndefined();
    port.close();
    await channel.closed;
    await expect(channel.send({ type: 1 })).rejects.toMatchObject({ name: "ImsgError" });
  });

  it("is ECONNRESET if a worker exits before its end, after what it sent", async () => {
    const bytes = "Uint32Array.of(7, 16, 0, 1).buffer";
    const worker = thread(`parentPort.postMessage(${bytes}); parentPort.close();`);
    const channel = fromMessagePort(worker);
    expect((await channel.receive())!.type).toBe(7);
    await expect(channel.closed).rejects.toMatchObject({ code: "ECONNRESET", fromPeer: true });
  });

  it("has the error of a worker that fails as its cause, and ends no process", async () => {
    const channel = fromMessagePort(thread('throw new RangeError("a bug in the worker");'));
    const error = await channel.closed.catch((reason) => reason);
    expect(error).toMatchObject({ code: "ECONNRESET", fromPeer: true });
    expect(error.cause.message).toBe("a bug in the worker");
  });

  it("comes at once for both ends that close one after the other, though nothing is received", async () => {
    const [a, b] = ports().map((port) => fromMessagePort(port)) as [ImsgChannel, ImsgChannel];
    for (let i = 0; i < 100; i++) void a.send({ type: 1, data: new Uint8Array(10_000) });
    await a.close();
    await b.close();
  });
});

describe("a port gets what is no message:", () => {
  const parcels: Record<string, unknown> = {
    "a null value": { bytes: header(), fd: null },
    "a number as value": { bytes: header(), fd: 5 },
    "a plain object as value": { bytes: header(), fd: { close: 1 } },
    "a list as value": { bytes: header(), fd: [1] },
    "a map as value": { bytes: header(), fd: new Map() },
    "no bytes": { bytes: null, fd: new ArrayBuffer(1) },
    "text as bytes": { bytes: "text", fd: new ArrayBuffer(1) },
    "a value without bytes": { bytes: new ArrayBuffer(0), fd: new ArrayBuffer(1) },
    "a list": [1, 2, 3],
    "a map": new Map([["bytes", header()]]),
    "an error": new Error("bytes"),
    text: "text",
    true: true,
    "a bigint": 5n,
  };
  for (const [name, value] of Object.entries(parcels)) {
    it.each([false, true])(
      `${name} ends the channel, and nothing else (allowFdPass: %s)`,
      async (allowFdPass) => {
        const { channel, port } = channelAndPort({ allowFdPass });
        port.postMessage(value);
        const error = await channel.closed.catch((reason) => reason);
        expect(error).toMatchObject({ name: "ImsgError", fromPeer: true });
        expect(["EINVAL", "EBADMSG"]).toContain(error.code);
        port.close();
        expect(defaultInstance().descriptors.size).toBe(0);
      },
    );
  }

  it("bytes after the peer's end end the channel with EBADMSG", async () => {
    const { channel, port } = channelAndPort();
    port.postMessage(null);
    port.postMessage(header());
    await expect(channel.closed).rejects.toMatchObject({ code: "EBADMSG", fromPeer: true });
    port.close();
  });

  it("random clones, in every state, with and without allowFdPass, cause no uncaught error", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", note).on("unhandledRejection", note);
    try {
      for (const seed of [1, Date.now() >>> 0]) {
        const random = seeded(seed);
        const { ended, odd } = await fuzzPorts(random, rounds(10_000) / 2);
        expect(odd, `seed ${seed}`).toEqual([]);
        expect(ended, `seed ${seed}`).toBeGreaterThan(100);
      }
      await sleep(20);
      expect(uncaught).toEqual([]);
      expect(defaultInstance().descriptors.size).toBe(0);
    } finally {
      process.off("uncaughtException", note).off("unhandledRejection", note);
    }
  }, 3_600_000);
});

/** Posts random values, eight to a channel. Returns how many channels failed, and the errors that no peer may cause. */
async function fuzzPorts(random: () => number, count: number) {
  const odd: unknown[] = [];
  let ended = 0;
  for (let i = 0; i < count; i += 8) {
    const { port1, port2 } = new NodeMessageChannel();
    const early = random() < 0.2;
    if (early) post(port2, random, 8);
    const channel = fromMessagePort(port1 as never, { allowFdPass: random() < 0.5 });
    channel.closed.catch((error) => {
      ended++;
      if (error?.name !== "ImsgError" || error.fromPeer !== true) odd.push(error);
    });
    const state = random();
    if (state < 0.2) void channel.end();
    else if (state < 0.3) void channel.close();
    if (!early) post(port2, random, 8);
    if (i % 64 === 0) await sleep(0);
    await new Promise(setImmediate);
    channel.abort(Object.assign(new Error(), { name: "ImsgError", fromPeer: true }));
    port2.close();
  }
  await sleep(50);
  return { ended, odd };
}

function post(
  port: MessagePortLike | import("node:worker_threads").MessagePort,
  random: () => number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const { value, transfer } = junk(random);
    (port as import("node:worker_threads").MessagePort).postMessage(value, transfer as never);
  }
}

describe("fromMessagePort and fromWindow", () => {
  it("refuse what is no port, window or origin, with EINVAL", () => {
    const window = { postMessage() {}, addEventListener() {} } as Record<string, unknown>;
    window.window = window.self = window;
    for (const port of [null, 5, {}, window]) {
      expect(() => fromMessagePort(port as never)).toThrow(/EINVAL/);
    }
    expect(() => fromMessagePort(window as never)).toThrow(/fromWindow/);
    for (const origin of ["*", "", "example.org", "https://example.org/", undefined]) {
      expect(() => fromWindow(window as never, origin as never)).toThrow(/origin must be/);
    }
    expect(() => fromWindow(null as never, "null")).toThrow(/EINVAL/);
  });

  it("leave a port as it was if the options are bad", () => {
    const { port1, port2 } = new NodeMessageChannel();
    expect(() => fromMessagePort(port1 as never, { maxSize: 5 })).toThrow(/ERANGE|EINVAL/);
    expect(port1.listenerCount("message")).toBe(0);
    port1.close();
    port2.close();
  });

  it("accept self, workers, ports and windows as lib DOM types them", () => {
    const typed = (worker: globalThis.Worker, port: MessagePort, frame: HTMLIFrameElement) => [
      () => fromMessagePort(self),
      () => fromMessagePort(worker),
      () => fromMessagePort(port),
      () => fromWindow(frame.contentWindow!, "https://example.org"),
      () => fromWindow(parent, "null"),
    ];
    expect(typeof typed).toBe("function");
  });
});
