import { open } from "node:fs/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { defaultInstance } from "../../../ts/c/index.ts";
import type { ChannelOptions, ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromMessagePort, type MessagePortLike } from "../../../ts/entry/web.ts";
import { close, openCount, openNull } from "./open.ts";

const OPTIONS = { allowFdPass: true };
const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

function pair(
  a: ChannelOptions = OPTIONS,
  b: ChannelOptions = OPTIONS,
): [ImsgChannel, ImsgChannel] {
  const { port1, port2 } = new MessageChannel();
  return [
    fromMessagePort(port1 as unknown as MessagePortLike, a),
    fromMessagePort(port2 as unknown as MessagePortLike, b),
  ];
}

/** A channel to a thread that sends everything back. */
function toWorker(): ImsgChannel {
  const worker = new Worker(new URL("./echo-worker.mjs", import.meta.url));
  workers.push(worker);
  return fromMessagePort(worker as unknown as MessagePortLike, OPTIONS);
}

async function back(channel: ImsgChannel, fd: unknown): Promise<unknown> {
  await channel.send({ type: 1, fd, data: new Uint8Array(10) });
  const message = (await channel.receive())!;
  expect([message.hasFd, message.data.length]).toEqual([true, 10]);
  return message.takeFd();
}

const readAll = async (stream: ReadableStream<string>): Promise<string> => {
  let text = "";
  for await (const piece of stream as unknown as AsyncIterable<string>) text += piece;
  return text;
};

describe("a thread receives by message, and returns,", () => {
  it("an ArrayBuffer, which is detached here meanwhile", async () => {
    const channel = toWorker();
    const buffer = Uint8Array.of(1, 2, 3).buffer;
    const got = (await back(channel, buffer)) as ArrayBuffer;
    expect([buffer.byteLength, [...new Uint8Array(got)]]).toEqual([0, [1, 2, 3]]);
    await channel.close();
  });

  it("a MessagePort, whose other end still hears from it", async () => {
    const channel = toWorker();
    const { port1, port2 } = new MessageChannel();
    const port = (await back(channel, port1)) as typeof port1;
    expect(port).not.toBe(port1);
    const heard = new Promise((resolve) => port2.once("message", resolve));
    port.postMessage("hello");
    expect(await heard).toBe("hello");
    port.close();
    await channel.close();
  });

  it("streams, through which what is written still flows", async () => {
    const channel = toWorker();
    const { readable, writable } = new TransformStream<string, string>();
    const reads = (await back(channel, readable)) as ReadableStream<string>;
    const writes = (await back(channel, writable)) as WritableStream<string>;
    const writer = writes.getWriter();
    const written = (async () => {
      await writer.write("one ");
      await writer.write("two");
      await writer.close();
    })();
    expect(await readAll(reads)).toBe("one two");
    await written;
    await channel.close();
  });

  it("Node's FileHandle, which reads the same file", async () => {
    const channel = toWorker();
    const handle = await open(new URL(import.meta.url));
    const got = (await back(channel, handle)) as typeof handle;
    expect((await got.readFile("utf8")).startsWith("import ")).toBe(true);
    await got.close();
    await channel.close();
  });

  it("another channel's port, and talks imsg on that", async () => {
    const [a, b] = pair();
    const inner = new MessageChannel();
    await a.send({ type: 1, fd: inner.port1 });
    const port = (await b.receive())!.takeFd() as MessagePortLike;
    const [one, two] = [
      fromMessagePort(port, OPTIONS),
      fromMessagePort(inner.port2 as unknown as MessagePortLike, OPTIONS),
    ];
    await one.send({ type: 5, fd: new ArrayBuffer(7) });
    expect(((await two.receive())!.takeFd() as ArrayBuffer).byteLength).toBe(7);
    for (const channel of [one, two, a, b]) await channel.close();
  });
});

describe("channels on a port", () => {
  it("post every piece by itself, with its bytes and at most one value", async () => {
    const { port1, port2 } = new MessageChannel();
    const posted: unknown[] = [];
    port2.on("message", (data) => posted.push(data));
    const a = fromMessagePort(port1 as unknown as MessagePortLike, OPTIONS);
    const before = { type: 1, data: new Uint8Array(4) };
    await Promise.all([
      a.send(before),
      a.send(before),
      a.send({ type: 2, fd: new ArrayBuffer(1) }),
      a.send({ type: 3, fd: new ArrayBuffer(2) }),
    ]);
    await a.end();
    while (posted.at(-1) !== null) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(posted).toEqual([
      expect.any(ArrayBuffer),
      { bytes: expect.any(ArrayBuffer), fd: expect.any(ArrayBuffer) },
      { bytes: expect.any(ArrayBuffer), fd: expect.any(ArrayBuffer) },
      null,
    ]);
    expect((posted[0] as ArrayBuffer).byteLength).toBe(40);
    port2.close();
  });

  it("refuse what is surely no such object, and it stays the caller's", async () => {
    const [a, b] = pair();
    for (const fd of [5, "text", null, true, {}, [1], () => 1, Symbol("s")]) {
      await expect(a.send({ type: 1, fd })).rejects.toMatchObject({ code: "EINVAL" });
    }
    await a.send({ type: 2 });
    expect((await b!.receive())!.type).toBe(2);
    await Promise.all([a!.close(), b!.close()]);
    expect(defaultInstance().descriptors.size).toBe(0);
  });

  it("end with EINVAL and close the value if it turns out not to be transferable", async () => {
    const log: string[] = [];
    const [a, b] = pair();
    class Thing {
      close(): void {
        log.push("closed");
      }
    }
    a!.send({ type: 1, fd: new Thing() }).catch(() => {});
    await expect(a!.closed).rejects.toMatchObject({ code: "EINVAL", syscall: "imsgbuf_write" });
    expect(log).toEqual(["closed"]);
    await expect(b!.receive()).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("accept none without allowFdPass: what comes is closed, and the message has none", async () => {
    const [a, b] = pair(OPTIONS, {});
    const { port1, port2 } = new MessageChannel();
    const gone = new Promise((resolve) => port2.once("close", resolve));
    await a.send({ type: 1, fd: port1 });
    const message = (await b!.receive())!;
    expect([message.type, message.hasFd]).toEqual([1, false]);
    await gone;
    await Promise.all([a!.close(), b!.close()]);
  });

  it("close values that were not taken: ports, streams and file handles", async () => {
    const [a, b] = pair();
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise((resolve) => port2.once("close", resolve));
    let cancelled!: (reason: unknown) => void;
    const cancel = new Promise((resolve) => {
      cancelled = resolve;
    });
    const readable = new ReadableStream({ cancel: (reason) => cancelled(reason) });
    let aborted!: (reason: unknown) => void;
    const abort = new Promise((resolve) => {
      aborted = resolve;
    });
    const writable = new WritableStream({ abort: (reason) => aborted(reason) });
    const before = openCount();
    const handle = await open("/dev/null");
    for (const fd of [port1, readable, writable, handle]) await a.send({ type: 1, fd });
    for (let i = 0; i < 4; i++) expect((await b!.receive())!.hasFd).toBe(true);
    await b!.close();
    await Promise.all([closed, cancel, abort]);
    while (openCount() > before) await new Promise((resolve) => setTimeout(resolve, 1));
    await a!.close();
    expect(defaultInstance().descriptors.size).toBe(0);
  });

  it("end with EINVAL if something like a value comes with what is no bytes", async () => {
    const { port1, port2 } = new MessageChannel();
    const channel = fromMessagePort(port1 as unknown as MessagePortLike, OPTIONS);
    const inner = new MessageChannel();
    const gone = new Promise((resolve) => inner.port2.once("close", resolve));
    port2.postMessage({ bytes: "text", fd: inner.port1 }, [inner.port1]);
    await expect(channel.receive()).rejects.toMatchObject({ code: "EINVAL" });
    await gone;
    port2.close();
  });

  it("do not take numbers for descriptors of the system", async () => {
    const [a, b] = pair();
    const fd = openNull();
    await expect(a.send({ type: 1, fd })).rejects.toMatchObject({ code: "EINVAL" });
    close(fd); // still the caller's, so this does not throw
    await Promise.all([a!.close(), b!.close()]);
  });
});
