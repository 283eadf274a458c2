import { once } from "node:events";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Transform } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { fromMessagePort, fromWebSocket } from "../../../ts/transports/web.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { interleave, type Samples, type Timed } from "./measure.ts";
import { drained, sink, transfer } from "./pipes.ts";

const require = createRequire(import.meta.url);
const TYPE = 100;

/** How one contender writes `count` messages to a socket, and ends it. */
type Writer = (socket: Socket, count: number, size: number) => Promise<void>;

const oneByOne: Writer = async (socket, count, size) => {
  const channel = new ImsgChannel(duplexTransport(socket));
  const data = new Uint8Array(size);
  for (let i = 0; i < count; i++) await channel.send({ type: TYPE, data });
  await channel.close();
};

const sendMany: Writer = async (socket, count, size) => {
  const channel = new ImsgChannel(duplexTransport(socket));
  const data = new Uint8Array(size);
  const messages = Array.from({ length: 64 }, () => ({ type: TYPE, data }));
  for (let i = 0; i < count; i += 64) await channel.sendMany(messages);
  await channel.close();
};

/** Encodes a message by hand to a position of a buffer. */
function put(view: DataView, at: number, data: Uint8Array): number {
  view.setUint32(at, TYPE, true);
  view.setUint32(at + 4, data.length + 16, true);
  view.setUint32(at + 8, 0, true);
  view.setUint32(at + 12, 1, true);
  new Uint8Array(view.buffer).set(data, at + 16);
  return at + 16 + data.length;
}

const together =
  (messages: number): Writer =>
  async (socket, count, size) => {
    const data = new Uint8Array(size);
    for (let i = 0; i < count; i += messages) {
      const buffer = new Uint8Array(messages * (size + 16));
      const view = new DataView(buffer.buffer);
      for (let n = 0, at = 0; n < messages; n++) at = put(view, at, data);
      if (!socket.write(buffer)) await drained(socket);
    }
    socket.end();
  };

const prefixed: Writer = async (socket, count, size) => {
  const lp = require("length-prefixed-stream") as { encode(): Transform };
  const frames = lp.encode();
  frames.pipe(socket);
  const data = Buffer.alloc(size + 12); // fields and payload of an imsg
  for (let i = 0; i < count; i++) if (!frames.write(data)) await drained(frames);
  frames.end();
};

const WRITERS: [string, Writer][] = [
  ["await send, one by one", oneByOne],
  ["await sendMany, 64 at a time", sendMany],
  ["by hand, 64 in one buffer", together(64)],
  ["by hand, a write for each", together(1)],
  ["length-prefixed-stream", prefixed],
];

/** Writing to a process at the other end of a socketpair, by payload size. */
export async function sendSamples(quick: boolean): Promise<Map<number, Samples[]>> {
  const all = new Map<number, Samples[]>();
  for (const size of quick ? [64] : [16, 64, 256, 1024]) {
    const count = Math.floor((quick ? 1e6 : 8e6) / (size + 64) / 64) * 64;
    const contenders = WRITERS.map(([name, write]) =>
      transfer(name, count, async () => {
        const { socket, ended } = sink();
        await Promise.all([write(socket, count, size), ended]);
        socket.destroy();
      }),
    );
    all.set(size, await interleave(contenders, quick ? 3 : 5, 0));
  }
  return all;
}

// --- frames: WebSocket and MessagePort -----------------------------------------

const DATA = new Uint8Array(64);
const FRAME = encode({ type: TYPE, peerid: 0, pid: 1, data: DATA });

async function sendAll(channel: ImsgChannel, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await channel.send({ type: TYPE, data: DATA });
}

/** Clients of a WebSocket server in this process, which counts bytes. */
async function webSockets(count: number): Promise<{ timed: Timed[]; stop: () => void }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const connect = async () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const [peer] = (await once(server, "connection")) as [WebSocket];
    await once(client, "open");
    let bytes = 0;
    const arrived = new Promise<void>((resolve) => {
      peer.on("message", (frame: Buffer) => {
        bytes += frame.length;
        if (bytes === count * FRAME.length) resolve();
      });
    });
    return { client, peer, arrived };
  };
  const channel = transfer("WebSocket, await send", count, async () => {
    const { client, peer, arrived } = await connect();
    const over = fromWebSocket(client as never);
    await sendAll(over, count);
    await arrived;
    over.abort();
    peer.terminate();
  });
  const raw = transfer("WebSocket, a raw frame for each", count, async () => {
    const { client, peer, arrived } = await connect();
    for (let i = 0; i < count; i++) {
      await new Promise<void>((resolve) => client.send(Uint8Array.from(FRAME), () => resolve()));
    }
    await arrived;
    client.terminate();
    peer.terminate();
  });
  return { timed: [channel, raw], stop: () => server.close() };
}

/** Both ends of a MessageChannel in this thread, each contender with its own kind of reader. */
function messagePorts(count: number): Timed[] {
  const channel = transfer("MessagePort, await send", count, async () => {
    const { port1, port2 } = new MessageChannel();
    const [from, to] = [fromMessagePort(port1 as never), fromMessagePort(port2 as never)];
    const sent = sendAll(from, count);
    let got = 0;
    for await (const messages of to.batches()) {
      got += messages.length;
      if (got === count) break;
    }
    await sent;
    for (const end of [from, to]) end.abort();
  });
  const raw = transfer("MessagePort, postMessage for each", count, async () => {
    const { port1, port2 } = new MessageChannel();
    let got = 0;
    const all = new Promise<void>((resolve) => {
      port2.on("message", () => {
        if (++got === count) resolve();
      });
    });
    for (let i = 0; i < count; i++) {
      port1.postMessage({ type: TYPE, peerid: 0, pid: 1, data: DATA });
      // a burst may not fill the port's queue without bounds
      if ((i & 255) === 255) await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    port1.close();
  });
  return [channel, raw];
}

/** Awaited sends of 64 bytes over WebSocket and MessagePort, against a raw frame for each. */
export async function frameSamples(quick: boolean): Promise<Samples[][]> {
  const count = quick ? 2_000 : 50_000;
  const rounds = quick ? 3 : 7;
  const { timed, stop } = await webSockets(count);
  const overWebSocket = await interleave(timed, rounds, 0);
  stop();
  return [overWebSocket, await interleave(messagePorts(count), rounds, 0)];
}
