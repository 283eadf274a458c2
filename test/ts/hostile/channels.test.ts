/**
 * Hostile arguments at every function of channels and transports that takes bytes, messages, options
 * or objects of the platform: getters, proxies, subclasses, detached and shared buffers, values of
 * other realms. A call may throw or reject with an ImsgError, or with what the caller's own code has
 * thrown, and neither reads nor changes what other users of the instance have.
 */
import { Duplex } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImsgChannel, type ImsgMessage } from "../../../ts/entry/index.ts";
import { connect, fromDuplex, listen } from "../../../ts/entry/node.ts";
import {
  fromMessagePort,
  fromRTCDataChannel,
  fromWebSocket,
  fromWindow,
} from "../../../ts/entry/web.ts";
import { builds, fresh } from "../c/helpers.ts";
import { allowed, attempt, Neighbours, SECRET } from "./neighbours.ts";
import { breaks, hostileBytes, hostileObject, nonsense } from "./values.ts";

/** The full form has 100,000 calls: IMSG_HOSTILE_CALLS=100000. */
const CALLS = Number(process.env.IMSG_HOSTILE_CALLS ?? 1500);
const instance = fresh(builds[1][1]);

/** A channel whose peer reads everything, and what it has read. */
function makeWorld() {
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
type World = ReturnType<typeof makeWorld>;

const message = { type: 1, peerid: 2, pid: 3, data: new Uint8Array(100).fill(1) };
const received = { ...message } as unknown as ImsgMessage;
const port = () => new MessageChannel().port1 as never;
const stream = () => new TransformStream();
/** As much of a WebSocket as an adapter uses before it is open. */
const socket = () =>
  Object.assign(new EventTarget(), {
    readyState: 0,
    binaryType: "blob",
    send() {},
    close() {},
  }) as never;
/** The options of a wait that does not last. */
const soon = { timeout: 1 };

/** The error of a socket that is not there is right. */
const unlessMissing = (error: unknown): void => {
  if ((error as { code?: unknown }).code !== "ENOENT") throw error;
};

/** Calls with a hostile value in one place. What they return may be a promise. */
const calls: readonly ((w: World, hostile: never) => unknown)[] = [
  (w, b) => w.channel.send({ type: 1, data: b }),
  (w, b) => w.channel.send({ type: 1, data: [b, message.data, b] }),
  (w, b) => w.channel.send({ type: 1, peerid: b, pid: b }),
  (w, b) => w.channel.send({ type: 1, fd: b }),
  (w, b) => w.channel.send(b),
  (w, b) => w.channel.send(message, b),
  (w, b) => w.channel.sendMany([message, { type: 1, data: b }]),
  (w, b) => w.channel.sendMany([message, b]),
  (w, b) => (breaks(b) ? undefined : w.channel.sendMany(b)),
  (w, b) => w.channel.request({ type: 1, data: b }, soon),
  (w, b) => w.channel.request(b, soon),
  (w, b) => w.channel.request(message, { ...soon, signal: b }),
  (w, b) => w.channel.request(message, { ...soon, match: b }),
  (w, b) => w.channel.reply(received, { type: 1, data: b }),
  (w, b) => w.channel.reply(received, b),
  (w, b) => w.channel.reply(b, { type: 1 }),
  (w, b) => w.deliver(b),
  (w, b) => w.channel.abort(b),
  (w, b) => w.channel.writable.getWriter().write(b),
  (w, b) => w.channel.writable.getWriter().write({ type: 1, data: b }),
  (_, b) => new ImsgChannel(b).abort(),
  (_, b) => new ImsgChannel({ readable: b, writable: stream().writable }).abort(),
  (_, b) => new ImsgChannel({ readable: stream().readable, writable: b }).abort(),
  (_, b) => new ImsgChannel(stream(), b).abort(),
  ...["maxSize", "pid", "highWaterMark", "maxQueued", "lingerTimeout", "signal", "instance"].map(
    (name) => (_: World, b: never) => new ImsgChannel(stream(), { [name]: b }).abort(),
  ),
  (_, b) => fromMessagePort(b).abort(),
  (_, b) => fromMessagePort(port(), b).abort(),
  (_, b) => fromWebSocket(b).abort(),
  (_, b) => fromWebSocket(socket(), b).abort(),
  (_, b) => fromRTCDataChannel(b).abort(),
  (_, b) => fromWindow(b, "https://example.org").abort(),
  (_, b) => fromWindow(port(), b).abort(),
  (_, b) => fromDuplex(b).abort(),
  (_, b) => fromDuplex(new Duplex({ read() {} }), b).abort(),
  (_, b) => connect({ path: b } as never).catch(unlessMissing),
  (_, b) => connect({ path: "/nonexistent" }, b).catch(unlessMissing),
  (_, b) => listen({ path: b } as never, () => {}).then((server) => server.close()),
];

/** Calls with an object whose fields run code of the caller when they are read. */
const objectCalls: readonly ((w: World, h: (fields: object) => never) => unknown)[] = [
  (w, h) => w.channel.send(h(message)),
  (w, h) => w.channel.send(h({ ...message, data: new Uint8Array(9000) })),
  (w, h) => w.channel.send(message, h({ signal: new AbortController().signal })),
  (w, h) => w.channel.sendMany([message, h(message), message]),
  (w, h) => w.channel.sendMany(h({ 0: message, length: 1 })),
  (w, h) => w.channel.request(h(message), soon),
  (w, h) => w.channel.request(message, h({ timeout: 1, match: () => true })),
  (w, h) => w.channel.reply(received, h({ type: 1, data: message.data })),
  (w, h) => w.channel.reply(h(message), { type: 1 }),
  (w, h) => w.channel.writable.getWriter().write(h(message)),
  (_, h) => new ImsgChannel(h(stream())).abort(),
  (_, h) => new ImsgChannel(stream(), h({ maxSize: 100, highWaterMark: 5, copy: false })).abort(),
  (_, h) => fromMessagePort(port(), h({ maxSize: 100, allowFdPass: true })).abort(),
  (_, h) => fromWebSocket(socket(), h({ maxSize: 100, closing: () => ({ code: 3000 }) })).abort(),
  (_, h) => fromDuplex(new Duplex({ read() {} }), h({ maxSize: 100, lingerTimeout: 5 })).abort(),
];

/** What code of the caller does while the library reads its arguments. */
const interferences: readonly ((w: World) => unknown)[] = [
  () => {},
  (w) => w.channel.send(message).catch(() => {}),
  (w) => w.channel.sendMany([message, message]).catch(() => {}),
  (w) => w.channel.end().catch(() => {}),
  (w) => w.channel.close().catch(() => {}),
  (w) => w.channel.abort(),
  () => instance.Ibuf.open(200_000).dispose(),
];

const values = [...hostileBytes, ...nonsense];
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

/** Whether a promise is settled soon, with a result or an error that is allowed. */
async function settles(result: unknown): Promise<void> {
  if (typeof (result as Promise<unknown> | undefined)?.then !== "function") return;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not settle")), 2000);
  });
  const settled = (result as Promise<unknown>).then(
    () => {},
    (error) => void allowed(error),
  );
  await Promise.race([settled, late]);
  clearTimeout(timer!);
}

/** Lets calls loose in a world each, and checks that nothing else has noticed. */
async function rounds(run: (w: World, numbers: readonly number[]) => unknown): Promise<void> {
  const neighbours = new Neighbours(instance);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), async (numbers) => {
      const w = makeWorld();
      await settles(attempt(() => run(w, numbers)));
      await settles(w.channel.close());
      neighbours.check();
      const secret = Buffer.alloc(8, SECRET);
      expect(w.received.some((chunk) => Buffer.from(chunk).includes(secret))).toBe(false);
    }),
    { numRuns: CALLS, endOnFailure: true },
  );
  neighbours.dispose();
}

describe("a caller of channels and transports cannot harm another user of its instance", () => {
  it(`with hostile values in any place (${CALLS} calls)`, { timeout: 900_000 }, () =>
    rounds((w, [call, value]) => pick(calls, call!)(w, pick(values, value!)() as never)),
  );

  it(`with code that runs in the middle of a call (${CALLS} calls)`, { timeout: 900_000 }, () =>
    rounds((w, [call, key, shape, interference]) => {
      const hostile = (fields: object): never =>
        hostileObject(
          fields as Record<string, unknown>,
          pick(Object.keys(fields), key!) ?? "readable",
          shape!,
          () => pick(interferences, interference!)(w),
        ) as never;
      return pick(objectCalls, call!)(w, hostile);
    }),
  );
});
