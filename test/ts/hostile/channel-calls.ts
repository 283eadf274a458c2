/** The calls of channels and transports that take bytes, messages, options or objects of the platform. */
import { closeSync } from "node:fs";
import { Duplex } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import type { ImsgChannel as Channel } from "../../../ts/channel/channel.ts";
import type { ImsgMessage } from "../../../ts/entry/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { type BytesCall, message, type ObjectCall } from "./codec-calls.ts";
import { c, debug, index, node, web } from "./library.ts";
import { breaks } from "./values.ts";

const { ImsgChannel, ImsgDecoderStream, ImsgEncoderStream } = index;
const { instantiate } = c;
const { connect, dup, fromDuplex, fromSocket, listen, spawn } = node;
const { fromMessagePort, fromRTCDataChannel, fromStreams, fromWebSocket, fromWindow } = web;

/** The instance of all worlds, whose allocator checks itself. */
export const instance = debug.createDebugInstance();

/** A channel whose peer reads everything, and what it has read. */
export function makeWorld() {
  const received: Uint8Array[] = [];
  let deliver: ReadableStreamDefaultController<unknown>;
  const readable = new ReadableStream<never>({
    start(controller) {
      deliver = controller;
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => void received.push(chunk.slice()),
  });
  const channel = new ImsgChannel({ readable, writable }, { instance });
  channel.closed.catch(() => {});
  return { channel, received, deliver: (chunk: unknown) => deliver.enqueue(chunk) };
}
export type World = ReturnType<typeof makeWorld>;

const received = { ...message } as unknown as ImsgMessage;
const port = () => new MessageChannel().port1 as never;
const stream = () => new TransformStream();
const duplex = () => new Duplex({ read() {} });
/** As much of a socket as an adapter uses before it is open. */
const unopened = (fields: object) =>
  Object.assign(new EventTarget(), {
    binaryType: "blob",
    send() {},
    close() {},
    ...fields,
  }) as never;
const socket = () => unopened({ readyState: 0 });
const dataChannel = () =>
  unopened({
    readyState: "connecting",
    ordered: true,
    maxRetransmits: null,
    maxPacketLifeTime: null,
  });
/** A window of another origin, as far as fromWindow looks at it. */
const target = () => ({ postMessage() {} }) as never;
const ORIGIN = "https://example.org";
/** The options of a wait that does not last. */
const soon = { timeout: 1 };

/** The errors of a socket or a program that does not exist are right. */
const unlessMissing = (error: unknown): void => {
  if (!["ENOENT", "EACCES"].includes((error as { code?: string }).code!)) throw error;
};
/** Settles with a promise, or after a moment: nothing may come of a call. */
const soonSettled = <T>(promise: Promise<T>): Promise<unknown> =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 2))]);

/** Writes a value to a stream of codecs, and breaks it off. */
async function written(
  { readable, writable }: { readable: ReadableStream; writable: WritableStream },
  value: unknown,
): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  try {
    await soonSettled(writer.write(value)); // no reader takes the resulting message
  } finally {
    await readable.cancel().catch(() => {});
  }
}

const abort = (channel: Channel): void => channel.abort();
const serving = (served: ReturnType<typeof listen>) => served.then((server) => server.close());
/** The number of a descriptor that no test has: the process's own stay open. */
const notStandard = (fd: unknown): never =>
  (typeof fd === "number" && fd < 3 && fd >= 0 ? -1 : fd) as never;

const OPTIONS = ["maxSize", "pid", "highWaterMark", "maxQueued", "lingerTimeout", "signal"];

/** Calls with a hostile value in one place. What they return may be a promise. */
export const calls: readonly BytesCall<World>[] = [
  ["ImsgChannel.send", (w, b) => w.channel.send({ type: 1, data: b })],
  ["ImsgChannel.send", (w, b) => w.channel.send({ type: 1, data: [b, message.data, b] })],
  ["ImsgChannel.send", (w, b) => w.channel.send({ type: 1, peerid: b, pid: b })],
  ["ImsgChannel.send", (w, b) => w.channel.send({ type: 1, fd: b })],
  ["ImsgChannel.send", (w, b) => w.channel.send(b)],
  ["ImsgChannel.send", (w, b) => w.channel.send(message, b)],
  ["ImsgChannel.sendMany", (w, b) => w.channel.sendMany([message, { type: 1, data: b }])],
  ["ImsgChannel.sendMany", (w, b) => w.channel.sendMany([message, b])],
  ["ImsgChannel.sendMany", (w, b) => (breaks(b) ? undefined : w.channel.sendMany(b))],
  ["ImsgChannel.sendMany", (w, b) => w.channel.sendMany([message], b)],
  ["ImsgChannel.receive", (w, b) => soonSettled(w.channel.receive(b))],
  ["ImsgChannel.receiveMany", (w, b) => soonSettled(w.channel.receiveMany(b))],
  ["ImsgChannel.request", (w, b) => w.channel.request({ type: 1, data: b }, soon)],
  ["ImsgChannel.request", (w, b) => w.channel.request(b, soon)],
  ["ImsgChannel.request", (w, b) => w.channel.request(message, { ...soon, signal: b })],
  ["ImsgChannel.request", (w, b) => w.channel.request(message, { ...soon, match: b })],
  ["ImsgChannel.reply", (w, b) => w.channel.reply(received, { type: 1, data: b })],
  ["ImsgChannel.reply", (w, b) => w.channel.reply(received, b)],
  ["ImsgChannel.reply", (w, b) => w.channel.reply(b, { type: 1 })],
  ["ImsgChannel.close", (w, b) => (w.channel.close as (value: unknown) => Promise<void>)(b)],
  ["ImsgChannel.abort", (w, b) => w.channel.abort(b)],
  ["a chunk of a stream", (w, b) => w.deliver(b)],
  ["ImsgChannel.writable", (w, b) => w.channel.writable.getWriter().write(b)],
  ["ImsgChannel.writable", (w, b) => w.channel.writable.getWriter().write({ type: 1, data: b })],
  ["ImsgDecoderStream", (_, b) => written(new ImsgDecoderStream({ instance }), b)],
  ["ImsgDecoderStream", (_, b) => written(new ImsgDecoderStream(b), message.data)],
  ["ImsgEncoderStream", (_, b) => written(new ImsgEncoderStream({ instance }), b)],
  [
    "ImsgEncoderStream",
    (_, b) => written(new ImsgEncoderStream({ instance }), { type: 1, data: b }),
  ],
  ["ImsgEncoderStream", (_, b) => written(new ImsgEncoderStream(b), message)],
  ["instantiate", (_, b) => instantiate(typeof b === "string" ? (1 as never) : b)], // fetch has errors of its own
  ["instantiate", (_, b) => instantiate(bytes() as never, b)],
  ["ImsgChannel", (_, b) => new ImsgChannel(b).abort()],
  [
    "ImsgChannel",
    (_, b) => new ImsgChannel({ readable: b, ...{ writable: stream().writable } }).abort(),
  ],
  ["ImsgChannel", (_, b) => new ImsgChannel({ readable: stream().readable, writable: b }).abort()],
  ["ImsgChannel", (_, b) => new ImsgChannel(stream(), b).abort()],
  ...[...OPTIONS, "instance"].map(
    (name): BytesCall<World> => [
      "ImsgChannel",
      (_, b) => new ImsgChannel(stream(), { [name]: b }).abort(),
    ],
  ),
  ["fromMessagePort", (_, b) => fromMessagePort(b).abort()],
  ["fromMessagePort", (_, b) => fromMessagePort(port(), b).abort()],
  ["fromWebSocket", (_, b) => fromWebSocket(b).abort()],
  ["fromWebSocket", (_, b) => fromWebSocket(socket(), b).abort()],
  ["fromWebSocket", (_, b) => fromWebSocket(socket(), { closing: b }).abort()],
  ["fromRTCDataChannel", (_, b) => fromRTCDataChannel(b).abort()],
  ["fromRTCDataChannel", (_, b) => fromRTCDataChannel(dataChannel(), b).abort()],
  ["fromStreams", (_, b) => fromStreams(b).abort()],
  ["fromStreams", (_, b) => fromStreams(stream(), b).abort()],
  ["fromWindow", (_, b) => fromWindow(b, ORIGIN).abort()],
  ["fromWindow", (_, b) => fromWindow(target(), b).abort()],
  ["fromWindow", (_, b) => fromWindow(target(), ORIGIN, b).abort()],
  ["fromDuplex", (_, b) => fromDuplex(b).abort()],
  ["fromDuplex", (_, b) => fromDuplex(duplex(), b).abort()],
  ["fromSocket", (_, b) => Promise.resolve(fromSocket(notStandard(b))).then(abort)],
  ["fromSocket", (_, b) => Promise.resolve(fromSocket(duplex() as never, b)).then(abort)],
  ["connect", (_, b) => connect(b).then(abort, unlessMissing)],
  ["connect", (_, b) => connect({ path: b } as never).then(abort, unlessMissing)],
  ["connect", (_, b) => connect({ path: "/nonexistent" }, b).then(abort, unlessMissing)],
  ["listen", (_, b) => serving(listen(b, () => {}))],
  ["listen", (_, b) => serving(listen({ path: b } as never, () => {}))],
  ["listen", (_, b) => serving(listen({ port: 0, host: "127.0.0.1" } as never, b))],
  ["listen", (_, b) => serving(listen({ port: 0, host: "127.0.0.1" } as never, () => {}, b))],
  [
    "ImsgServer.close",
    async (_, b) => {
      const server = await listen({ port: 0, host: "127.0.0.1" } as never, () => {});
      await server.close(b).finally(() => server.close());
    },
  ],
  ["dup", (_, b) => dup(b).then((fd) => closeSync(fd as number))],
  ["spawn", (_, b) => spawn(b).then(({ channel }) => abort(channel), unlessMissing)],
  ["spawn", (_, b) => spawn("/nonexistent", b).then(() => {}, unlessMissing)],
  ["spawn", (_, b) => spawn("/nonexistent", [b]).then(() => {}, unlessMissing)],
  ["spawn", (_, b) => spawn("/nonexistent", [], b).then(() => {}, unlessMissing)],
];

/** Calls with an object whose fields run code of the caller when they are read. */
export const objectCalls: readonly ObjectCall<World>[] = [
  ["ImsgChannel.send", (w, h) => w.channel.send(h(message))],
  ["ImsgChannel.send", (w, h) => w.channel.send(h({ ...message, data: new Uint8Array(9000) }))],
  [
    "ImsgChannel.send",
    (w, h) => w.channel.send(message, h({ signal: new AbortController().signal })),
  ],
  ["ImsgChannel.sendMany", (w, h) => w.channel.sendMany([message, h(message), message])],
  ["ImsgChannel.sendMany", (w, h) => w.channel.sendMany(h({ 0: message, length: 1 }))],
  ["ImsgChannel.request", (w, h) => w.channel.request(h(message), soon)],
  [
    "ImsgChannel.request",
    (w, h) => w.channel.request(message, h({ timeout: 1, match: () => true })),
  ],
  ["ImsgChannel.reply", (w, h) => w.channel.reply(received, h({ type: 1, data: message.data }))],
  ["ImsgChannel.reply", (w, h) => w.channel.reply(h(message), { type: 1 })],
  ["ImsgChannel.receive", (w, h) => soonSettled(w.channel.receive(h({ signal: undefined })))],
  ["ImsgChannel.writable", (w, h) => w.channel.writable.getWriter().write(h(message))],
  [
    "ImsgDecoderStream",
    (_, h) => written(new ImsgDecoderStream(h({ instance, pid: 5 })), message.data),
  ],
  ["ImsgEncoderStream", (_, h) => written(new ImsgEncoderStream(h({ instance, pid: 5 })), message)],
  ["instantiate", (_, h) => instantiate(bytes() as never, h({ debug: false }))],
  ["ImsgChannel", (_, h) => new ImsgChannel(h({ ...pairOf(stream()) })).abort()],
  [
    "ImsgChannel",
    (_, h) =>
      new ImsgChannel(
        stream(),
        h({ maxSize: 100, highWaterMark: 5, copy: false, instance }),
      ).abort(),
  ],
  ["fromStreams", (_, h) => fromStreams(h({ ...pairOf(stream()) })).abort()],
  [
    "fromMessagePort",
    (_, h) => fromMessagePort(port(), h({ maxSize: 100, allowFdPass: true })).abort(),
  ],
  [
    "fromWebSocket",
    (_, h) => fromWebSocket(socket(), h({ maxSize: 100, closing: () => ({ code: 3000 }) })).abort(),
  ],
  ["fromRTCDataChannel", (_, h) => fromRTCDataChannel(dataChannel(), h({ maxSize: 100 })).abort()],
  ["fromWindow", (_, h) => fromWindow(target(), ORIGIN, h({ maxSize: 100, pid: 3 })).abort()],
  ["fromDuplex", (_, h) => fromDuplex(duplex(), h({ maxSize: 100, lingerTimeout: 5 })).abort()],
  [
    "connect",
    (_, h) => connect(h({ path: "/nonexistent", host: undefined })).then(abort, unlessMissing),
  ],
  [
    "listen",
    (_, h) => serving(listen(h({ port: 0, host: "127.0.0.1" }), () => {}, h({ maxSize: 100 }))),
  ],
  [
    "spawn",
    (_, h) => spawn("/nonexistent", [], h({ cwd: "/", env: {} })).then(() => {}, unlessMissing),
  ],
];

function pairOf({ readable, writable }: TransformStream): Record<string, unknown> {
  return { readable, writable };
}
