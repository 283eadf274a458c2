// Values that travel with messages over a port. A value that the runtime can transfer works at the
// other end; for a value that it cannot transfer, both ends get an error.

import { equal, fails, ok, payload, sameMessage, sleep } from "../check.mjs";

const OPTIONS = { allowFdPass: true };

/** Writes a line and reads it at the other end. */
async function flows(writable, readable) {
  const writer = writable.getWriter();
  const written = writer.write("through").then(() => writer.close());
  const reader = readable.getReader();
  equal((await reader.read()).value, "through", "what was read");
  ok((await reader.read()).done, "the end of the stream");
  await written;
}

/**
 * Each makes a value, with a function that proves that the arrived value stands for
 * the same object, and perhaps one that proves that the sent value is detached.
 */
const KINDS = {
  ArrayBuffer() {
    const value = Uint8Array.of(1, 2, 3).buffer;
    return {
      value,
      works: (got) => equal(new Uint8Array(got).join(), "1,2,3", "the bytes"),
      moved: () => equal(value.byteLength, 0, "bytes left here"),
    };
  },
  MessagePort() {
    const { port1, port2 } = new MessageChannel();
    return {
      value: port1,
      async works(got) {
        const heard = new Promise((resolve) => {
          port2.onmessage = ({ data }) => resolve(data);
        });
        got.postMessage("hello");
        equal(await heard, "hello", "what the other end heard");
        got.close();
      },
    };
  },
  ReadableStream() {
    const { readable, writable } = new TransformStream();
    return { value: readable, works: (got) => flows(writable, got) };
  },
  WritableStream() {
    const { readable, writable } = new TransformStream();
    return { value: writable, works: (got) => flows(got, readable) };
  },
  TransformStream() {
    return { value: new TransformStream(), works: (got) => flows(got.writable, got.readable) };
  },
  OffscreenCanvas() {
    return {
      value: new OffscreenCanvas(5, 7),
      works(got) {
        equal(`${got.width} ${got.height}`, "5 7", "the size");
        ok(got.getContext("2d") !== null, "it can be drawn on");
      },
    };
  },
  async ImageBitmap() {
    const value = await createImageBitmap(new ImageData(5, 7));
    return {
      value,
      works: (got) => equal(`${got.width} ${got.height}`, "5 7", "the size"),
      moved: () => equal(value.width, 0, "width left here"),
    };
  },
};

const kinds = Object.entries(KINDS).filter(([name]) => typeof globalThis[name] === "function");

/** workerd's ports copy everything, and transfer nothing. */
const ALWAYS =
  globalThis.navigator?.userAgent === "Cloudflare-Workers" ? [] : ["ArrayBuffer", "MessagePort"];

/** Whether a bare port of this runtime carries such a value to its other end, where it works. */
async function transfers(make) {
  const { port1, port2 } = new MessageChannel();
  const { value, works } = await make();
  try {
    const came = new Promise((resolve, reject) => {
      port2.onmessage = ({ data }) => resolve(data);
      port2.onmessageerror = reject;
    });
    port1.postMessage({ value }, [value]);
    const data = await Promise.race([came, sleep(2000)]);
    await Promise.race([works(data.value), sleep(2000).then(() => Promise.reject(data))]);
    return true;
  } catch {
    return false;
  } finally {
    port1.close();
    port2.close();
  }
}

/**
 * Sends a value on one channel. Returns whether it arrives on the other, or both
 * channels end with an error.
 */
async function passes([kind, make], from, to) {
  const { value, works, moved } = await make();
  const sent = from.send({ type: 1, fd: value, data: payload(0, 10) });
  sent.catch(() => {});
  if (!(await transfers(make))) {
    ok(!ALWAYS.includes(kind), "a bare port transfers it");
    await fails(from.closed, "EINVAL", "the sender's closed");
    await fails(to.receive(), undefined, "receive");
    await fails(from.close(), "EINVAL", "the sender's close");
    return false;
  }
  await sent;
  const message = await to.receive();
  sameMessage(message, { type: 1, data: payload(0, 10) });
  ok(message.hasFd, "a value came along");
  const got = message.takeFd();
  equal(message.hasFd, false, "hasFd after it was taken");
  moved?.();
  await works(got);
  await from.send({ type: 2 });
  sameMessage(await to.receive(), { type: 2 });
  await from.end();
  return true;
}

export const values = kinds.map((kind) => ({
  name: `${kind[0]}: it passes where the runtime transfers it, elsewhere both ends get an error`,
  async run({ web }) {
    const { port1, port2 } = new MessageChannel();
    const a = web.fromMessagePort(port1, OPTIONS);
    const b = web.fromMessagePort(port2, OPTIONS);
    const passed = await passes(kind, a, b);
    if (passed) await Promise.all([a.close(), b.close()]);
  },
}));

export const workerValues = kinds.map((kind) => ({
  name: `${kind[0]}: to the worker and back where the runtime transfers it, elsewhere an error`,
  async run({ web, worker }) {
    const { port, stop } = await worker();
    const channel = web.fromMessagePort(port, OPTIONS);
    try {
      if (await passes(kind, channel, channel)) await channel.close();
    } finally {
      await stop();
    }
  },
}));
