/** The calls of codecs and of C's API that take bytes, messages or options, by the names of their functions. */
import type { ImsgInstance } from "../../../ts/c/index.ts";
import type { CodecOptions, MessageInit } from "../../../ts/entry/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { type Method, methods, type World } from "../c/methods.ts";
import { c, index, raw } from "./library.ts";
import { breaks } from "./values.ts";

const { ImsgCodec, ImsgError } = index;
const { createInstance } = c;
const { instantiateRaw, rawModule, withUnderscores } = raw;

/** A good message. */
export const message = { type: 1, peerid: 2, pid: 3, data: new Uint8Array(100).fill(1) };

/** The name of the function, and a call of it with a hostile value in one place. */
export type BytesCall<W> = readonly [name: string, call: (w: W, hostile: never) => unknown];
/** The name of the function, and a call of it with an object whose fields run code of the caller. */
export type ObjectCall<W> = readonly [
  name: string,
  call: (w: W, hostile: (fields: Record<string, unknown>) => never) => unknown,
];

/** The calls that take a message or options, which code of the caller may stand behind. */
export const objectCalls: readonly ObjectCall<World>[] = [
  ["ImsgCodec.encode", (w, h) => w.codec.encode(h(message) as MessageInit)],
  ["ImsgCodec.encode", (w, h) => w.codec.encode(h({ ...message, data: new Uint8Array(5000) }))],
  ["ImsgCodec.encodeAll", (w, h) => w.codec.encodeAll([message, h(message), message])],
  ["ImsgCodec.encodeAll", (w, h) => w.codec.encodeAll(h({ 0: message, length: 1 }))],
  [
    "ImsgCodec.encodeInto",
    (w, h) => w.codec.encodeInto([message, h(message)], new Uint8Array(250)),
  ],
  ["ImsgCodec.encodeInto", (w, h) => w.codec.encodeInto([h(message)], new Uint8Array(20_000))],
  [
    "ImsgCodec.encodeInto",
    (w, h) => w.codec.encodeInto(h({ 0: message, length: 1 }), new Uint8Array(250)),
  ],
  ["Imsgbuf.compose", (w, h) => w.imsgbuf.compose(h(message))],
  ["Imsgbuf.composev", (w, h) => w.imsgbuf.composev(h({ ...message, data: [message.data] }))],
  ["Imsgbuf.create", (w, h) => w.imsgbuf.create(h(message), 10).dispose()],
  ["Imsgbuf.composeIbuf", (w, h) => w.imsgbuf.composeIbuf(h(message), w.other)],
  [
    "ImsgCodec",
    (w, h) => new ImsgCodec(h({ instance: w.instance, maxSize: 100 }) as CodecOptions).dispose(),
  ],
  ["ImsgCodec", (_, h) => new ImsgCodec({ instance: h({ engine: {} }) as ImsgInstance }).dispose()],
  ["ImsgError", (_, h) => new ImsgError("EINVAL", h({ detail: "x", cause: 1, fromPeer: true }))],
  ["createInstance", (_, h) => createInstance(bytes(), h({ debug: false }))],
  ["instantiateRaw", (_, h) => instantiateRaw(bytes() as never, h({ host_close: () => {} }))],
];

/** The calls that take bytes, or for which any value is wrong. */
export const bytesCalls: readonly BytesCall<World>[] = [
  ["ImsgCodec.push", (w, b) => w.codec.push(b)],
  ["ImsgCodec.pushPart", (w, b) => w.codec.pushPart(b)],
  ["ImsgCodec.pushPart", (w, b) => w.codec.pushPart(b, 5)],
  ["ImsgCodec.pushPart", (w, b) => w.codec.pushPart(new Uint8Array(9), b)],
  ["ImsgCodec.encode", (w, b) => w.codec.encode({ type: 1, data: b })],
  ["ImsgCodec.encode", (w, b) => w.codec.encode({ type: 1, data: [b, message.data, b] as never })],
  ["ImsgCodec.encode", (w, b) => w.codec.encode(b)],
  ["ImsgCodec.encodeAll", (w, b) => w.codec.encodeAll([{ type: 1, data: b }, message])],
  ["ImsgCodec.encodeAll", (w, b) => (breaks(b) ? undefined : w.codec.encodeAll(b))],
  [
    "ImsgCodec.encodeInto",
    (w, b) => w.codec.encodeInto([{ type: 1, data: b }, message], new Uint8Array(150)),
  ],
  ["ImsgCodec.encodeInto", (w, b) => w.codec.encodeInto([message, message], b)],
  ["ImsgCodec.encodeInto", (w, b) => w.codec.encodeInto(b, new Uint8Array(150))],
  ["ImsgCodec", (_, b) => new ImsgCodec(b).dispose()],
  ["createInstance", (_, b) => createInstance(b)],
  ["createInstance", (_, b) => createInstance(bytes(), b)],
  ["instantiateRaw", (_, b) => instantiateRaw(b)],
  ["instantiateRaw", (_, b) => instantiateRaw(undefined, b)],
  ["rawModule", (_, b) => rawModule(b)],
  ["withUnderscores", (_, b) => withUnderscores(b)],
];

const one = (name: string, call: (w: World, value: never) => unknown): Method => ({
  name,
  args: [["value", () => 0]],
  call: (w, [value]) => call(w, value!),
});

/** Every method of C's API, and what instances have besides. */
export const cCalls: readonly Method[] = [
  ...methods,
  one("descriptors.open", ({ instance: { descriptors } }, value) =>
    descriptors.close(descriptors.open(value, () => {})),
  ),
  one("descriptors.get", (w, fd) => w.instance.descriptors.get(fd)),
  one("descriptors.take", (w, fd) => w.instance.descriptors.take(fd)),
  one("descriptors.close", (w, fd) => w.instance.descriptors.close(fd)),
  one("instance.onClose", ({ instance }, listener) => {
    instance.onClose = listener;
    // the error of a listener that is a function stays uncaught: that is documented
    if (typeof listener === "function") instance.onClose = undefined;
    try {
      instance.descriptors.close(instance.descriptors.open({}));
    } finally {
      instance.onClose = undefined;
    }
  }),
];
