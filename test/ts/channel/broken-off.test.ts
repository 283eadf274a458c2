/** The decoder and encoder streams free their memory, whichever way they end. */
import { describe, expect, it } from "vitest";
import { createDebugInstance } from "../../../ts/entry/debug.ts";
import { ImsgDecoderStream, ImsgEncoderStream } from "../../../ts/entry/index.ts";

const message = { type: 1, data: new Uint8Array(300) };
const bytes = new Uint8Array(16);
new DataView(bytes.buffer).setUint32(4, 16, true);

type Streams = { readable: ReadableStream<unknown>; writable: WritableStream<unknown> };
const reason = new Error("enough");

const ends: Record<string, (streams: Streams, chunk: unknown) => Promise<void>> = {
  "close()": async ({ readable, writable }, chunk) => {
    const writer = writable.getWriter();
    const written = writer.write(chunk);
    const reader = readable.getReader();
    expect((await reader.read()).done).toBe(false);
    await written;
    void writer.close();
    expect((await reader.read()).done).toBe(true);
  },
  "cancel() before a chunk": async ({ readable }) => readable.cancel(reason),
  "cancel() after a chunk": async ({ readable, writable }, chunk) => {
    const writer = writable.getWriter();
    await writer.write(chunk);
    await readable.cancel(reason);
    await expect(writer.write(chunk)).rejects.toBe(reason);
  },
  "cancel() while chunks wait": async ({ readable, writable }, chunk) => {
    const writer = writable.getWriter();
    const written = Promise.allSettled([writer.write(chunk), writer.write(chunk)]);
    await readable.cancel(reason);
    await written;
  },
  "abort() before a chunk": async ({ readable, writable }) => {
    await writable.abort(reason);
    await expect(readable.getReader().read()).rejects.toBe(reason);
  },
  "abort() while chunks wait": async ({ readable, writable }, chunk) => {
    const writer = writable.getWriter();
    const written = Promise.allSettled([writer.write(chunk), writer.write(chunk)]);
    await writer.abort(reason);
    await written;
    await expect(readable.getReader().read()).rejects.toBe(reason);
  },
  "a chunk that is refused": async ({ readable, writable }) => {
    const refused = { code: "EINVAL" };
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    await expect(writer.write(5)).rejects.toMatchObject(refused);
    await expect(readable.getReader().read()).rejects.toMatchObject(refused);
  },
};

const kinds = { ImsgDecoderStream, ImsgEncoderStream };

describe.each(["ImsgDecoderStream", "ImsgEncoderStream"] as const)("%s", (name) => {
  it.each(Object.keys(ends))("holds no memory after %s", async (end) => {
    const instance = createDebugInstance();
    const streams = new kinds[name]({ instance });
    const chunk = name === "ImsgDecoderStream" ? bytes : message;
    await ends[end]!(streams as Streams, chunk);
    instance.assertNoLeaks();
  });
});
