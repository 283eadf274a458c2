import { describe, expect, it } from "vitest";
import { createInstance } from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import { ImsgDecoderStream, ImsgEncoderStream } from "../../../ts/channel/transforms.ts";
import type { Transport, TransportSink } from "../../../ts/channel/transport.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { channelAndSocket, channelPair, collect, streamPair } from "../../helpers/pair.ts";
import { encode } from "../../oracle/reference/codec.ts";

const message = (type: number, size: number) =>
  encode({ type, peerid: 0, pid: 1, data: new Uint8Array(size).fill(type) });

describe("flow control", () => {
  it("stops the transport while no message is received, and resumes it on a receive", async () => {
    const [a, socket] = await channelAndSocket({ highWaterMark: 10_000 });
    const one = message(1, 1000);
    let sent = 0;
    while (socket.write(one) && sent < 5000) sent++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBeLessThan(5000);
    socket.end();
    expect(await collect(a)).toHaveLength(sent + 1);
    await a.close();
  });

  it("ends a channel whose transport cannot be stopped with ERR_IMSG_OVERFLOW", async () => {
    let sink!: TransportSink;
    const calls: unknown[] = [];
    const transport: Transport = {
      start: (to) => {
        sink = to;
      },
      send: () => true,
      end: () => void calls.push("end"),
      close: () => void calls.push("close"),
      abort: (reason) => calls.push(reason),
    };
    const a = new ImsgChannel(transport, { highWaterMark: 1000 });
    const one = message(7, 1000);
    let delivered = 0;
    while (calls.length === 0 && delivered < 1000) {
      sink.received(one.slice());
      delivered++;
    }
    expect(calls).toEqual([expect.objectContaining({ code: "ERR_IMSG_OVERFLOW" })]);
    // the mark and the longest message are 17,384 bytes, and each message takes 1,256 bytes of memory
    expect(delivered).toBeGreaterThan(13);
    expect(delivered).toBeLessThan(20);
    for (let i = 0; i < delivered; i++) expect((await a.receive())?.type).toBe(7);
    await expect(a.receive()).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
  });

  it.each([
    [4096, true, 0],
    [4096, false, 0],
    [256, true, 1],
  ])(
    "decodes a chunk of %i messages of 16 KiB (pausable: %s) when its turn of the event loop is over if it is large",
    async (count, pausable, atOnce) => {
      let sink!: TransportSink;
      const transport: Transport = {
        start: (to) => {
          sink = to;
        },
        send: () => true,
        end() {},
        close() {},
        abort() {},
        ...(pausable && { pause() {}, resume() {} }),
      };
      const a = new ImsgChannel(transport);
      a.closed.catch(() => {});
      const chunk = new Uint8Array(16_384 * count);
      for (let i = 0; i < count; i++) chunk.set(message(i, 16_368), i * 16_384);
      const first = a.receive();
      let received = 0;
      first.then(() => received++);
      sink.received(chunk);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      expect(received).toBe(atOnce);
      expect((await first)?.type).toBe(0);
      for (let i = 1; i < count; i++) expect((await a.receive())?.type).toBe(i);
      if (!pausable) await expect(a.receive()).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
      a.abort();
    },
  );

  it("makes a send wait for a full transport, and resolves it when that drains", async () => {
    let sink!: TransportSink;
    const sent: number[] = [];
    let room = true;
    const a = new ImsgChannel({
      start: (to) => {
        sink = to;
      },
      send: (bytes) => {
        sent.push(bytes.length);
        return room;
      },
      end() {},
      close() {},
      abort() {},
    });
    room = false;
    await a.send({ type: 1 });
    await Promise.resolve();
    let resolved = false;
    const second = a.send({ type: 2 }).then(() => {
      resolved = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([sent, resolved]).toEqual([[16], false]);
    room = true;
    sink.drained();
    await second;
    expect(sent).toEqual([16, 16]);
    await a.close();
  });
});

describe("who owns a message's data", () => {
  it("2,000 kept payloads of 16 bytes do not pin the chunks they came in", async () => {
    const [a, socket] = await channelAndSocket();
    const kept: Uint8Array[] = [];
    const filler = message(2, 16000);
    const reading = (async () => {
      for await (const m of a) if (m.type === 1) kept.push(m.data);
    })();
    for (let i = 0; i < 2000; i++) {
      socket.write(Buffer.concat([message(1, 16), filler]));
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    await reading;
    expect(kept).toHaveLength(2000);
    expect(kept.reduce((sum, data) => sum + data.buffer.byteLength, 0)).toBe(2000 * 16);
    await a.close();
  });

  it("transferring one message's buffer leaves its neighbours whole", async () => {
    for (const size of [0, 1, 16, 4095, 4096, 8000, 16000]) {
      const [a, socket] = await channelAndSocket();
      socket.end(Buffer.concat([message(1, size), message(2, size), message(3, size)]));
      const [first, ...others] = await collect(a);
      if (size > 0) structuredClone(first!.data, { transfer: [first!.data.buffer] });
      for (const m of others) {
        expect(m.data).toEqual(new Uint8Array(size).fill(m.type));
      }
      await a.close();
    }
  });

  it.each([0, 1, 4095, 4096, 8000, 16000])(
    "a payload of %i bytes has a buffer of its own, and shares the chunk with copy: false",
    async (size) => {
      let sink!: TransportSink;
      const transport = {
        start: (to: TransportSink) => {
          sink = to;
        },
        send: () => true,
        end() {},
        close() {},
        abort() {},
      };
      for (const copy of [true, false]) {
        const a = new ImsgChannel(transport, { copy });
        const chunk = message(1, size).slice();
        sink.received(chunk);
        const { data } = (await a.receive())!;
        expect(data).toEqual(new Uint8Array(size).fill(1));
        if (copy) expect([data.byteOffset, data.buffer.byteLength]).toEqual([0, size]);
        else if (size > 0) expect(data.buffer).toBe(chunk.buffer);
        await a.close();
      }
    },
  );

  it("the codec's copies are its caller's, the others alias the chunk", () => {
    const chunk = Buffer.concat([message(1, 100), message(2, 5000)]);
    const aliasing = new ImsgCodec().push(chunk);
    expect(aliasing.every((m) => m.data.buffer === chunk.buffer)).toBe(true);
    const own = new ImsgCodec({ copy: true }).push(chunk);
    expect(own.map((m) => m.data.buffer.byteLength)).toEqual([100, 5000]);
    expect(own[0]!.data).toEqual(aliasing[0]!.data);
  });

  it("shared memory is copied before it is looked at", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(116));
    shared.set(message(9, 100));
    const [m] = new ImsgCodec().push(shared);
    shared.fill(0);
    expect(m!.data).toEqual(new Uint8Array(100).fill(9));
  });
});

describe("streams of messages", () => {
  it("decode and encode as TransformStreams do", async () => {
    const inits = Array.from({ length: 100 }, (_, i) => ({
      type: i,
      peerid: i,
      pid: 1,
      data: new Uint8Array(i * 7).fill(i),
    }));
    const source = new ReadableStream({
      start(controller) {
        for (const init of inits) controller.enqueue(init);
        controller.close();
      },
    });
    const decoded = source
      .pipeThrough(new ImsgEncoderStream())
      .pipeThrough(new ImsgDecoderStream());
    const got = await collect(decoded);
    expect(got.map(({ type, peerid, pid, data }) => ({ type, peerid, pid, data }))).toEqual(inits);
  });

  it("decode a large chunk in parts, each when the messages before it have been read", async () => {
    const count = 100_000;
    const words = new Uint32Array(count * 4);
    for (let i = 0; i < count; i++) words.set([i, 16, 0, 1], i * 4);
    const decoder = new ImsgDecoderStream();
    const writer = decoder.writable.getWriter();
    let done = false;
    const writing = writer.write(new Uint8Array(words.buffer)).then(() => {
      done = true;
    });
    const reader = decoder.readable.getReader();
    for (let i = 0; i < count; i++) {
      expect((await reader.read()).value!.type).toBe(i);
      if (i === count - 5000) expect(done).toBe(false);
    }
    await writing;
    await Promise.all([writer.close(), reader.closed]);
  });

  it("abort a write that waits for the reader, and free the codec", async () => {
    const instance = createInstance(bytes());
    const decoder = new ImsgDecoderStream({ instance });
    const writer = decoder.writable.getWriter();
    void writer.write(new Uint8Array(new Uint32Array([1, 16, 0, 1, 2, 16, 0, 1]).buffer));
    const stuck = writer.write(new Uint8Array(new Uint32Array([3, 16, 0, 1]).buffer));
    stuck.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve));
    await writer.abort(new Error("enough"));
    await expect(decoder.readable.getReader().read()).rejects.toThrow("enough");
    instance.assertNoLeaks();
  });

  it("error with the truncation, after the messages before it", async () => {
    const decoder = new ImsgDecoderStream();
    const writer = decoder.writable.getWriter();
    writer.write(message(1, 10)).catch(() => {});
    writer.write(new Uint8Array(5)).catch(() => {});
    writer.close().catch(() => {});
    const reader = decoder.readable.getReader();
    expect((await reader.read()).value?.type).toBe(1);
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_IMSG_TRUNCATED" });
  });

  it("error with the bad header, after the messages before it in the same chunk", async () => {
    const decoder = new ImsgDecoderStream();
    const writer = decoder.writable.getWriter();
    const bad = new Uint8Array(16);
    writer.write(Buffer.concat([message(1, 10), message(2, 0), bad])).catch(() => {});
    writer.write(message(3, 1)).catch(() => {});
    const reader = decoder.readable.getReader();
    expect((await reader.read()).value?.type).toBe(1);
    expect((await reader.read()).value?.type).toBe(2);
    await expect(reader.read()).rejects.toMatchObject({ code: "ERANGE" });
  });

  it("a channel's own streams carry its messages both ways", async () => {
    const [a, b] = await channelPair();
    const writer = a.writable.getWriter();
    await writer.write({ type: 1, data: new Uint8Array(3) });
    await writer.close();
    expect((await collect(b.readable)).map((m) => m.type)).toEqual([1]);
    await b.close();
  });

  it("a channel runs over any pair of byte streams", async () => {
    const [a, b] = streamPair();
    const got = collect(b);
    for (let i = 0; i < 300; i++) await a.send({ type: i, data: new Uint8Array(1000) });
    await a.end();
    expect(await got).toHaveLength(300);
    await b.send({ type: 5 });
    expect((await a.receive())?.type).toBe(5);
    await b.close();
    expect(await a.receive()).toBeUndefined();
    await a.closed;
  });

  it("abort both sides of a pair of streams when the stream breaks a rule", async () => {
    let cancelled: unknown;
    let aborted: unknown;
    const a = new ImsgChannel({
      readable: new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(16)),
        cancel: (reason) => {
          cancelled = reason;
        },
      }),
      writable: new WritableStream({
        abort: (reason) => {
          aborted = reason;
        },
      }),
    });
    await expect(a.receive()).rejects.toMatchObject({ code: "ERANGE" });
    await Promise.resolve();
    expect(cancelled).toMatchObject({ code: "ERANGE" });
    expect(aborted).toMatchObject({ code: "ERANGE" });
  });
});
