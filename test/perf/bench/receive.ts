import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { Transform } from "node:stream";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import type { ChannelOptions } from "../../../ts/channel/options.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { connectPeer, listenPeer } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { decodeByHand, HandDecoder, subarray } from "./contenders/by-hand.ts";
import { keep } from "./contenders/ours.ts";
import { interleave, type Samples, type Timed } from "./measure.ts";
import { expectCount, source, stored, transfer } from "./pipes.ts";

const require = createRequire(import.meta.url);

/** How one contender reads a socket to its end; returns how many messages came. */
type Reader = (socket: Socket) => Promise<number>;

const channelOf = (socket: Socket, options?: ChannelOptions): ImsgChannel =>
  new ImsgChannel(duplexTransport(socket), options);

const forAwait =
  (options?: ChannelOptions): Reader =>
  async (socket) => {
    const channel = channelOf(socket, options);
    let n = 0;
    for await (const message of channel) {
      keep(message);
      n++;
    }
    await channel.close();
    return n;
  };

const inBatches =
  (options?: ChannelOptions): Reader =>
  async (socket) => {
    const channel = channelOf(socket, options);
    let n = 0;
    for await (const messages of channel.batches()) {
      for (const message of messages) keep(message);
      n += messages.length;
    }
    await channel.close();
    return n;
  };

/** Calls a function with each chunk, and resolves at the end. */
function chunks(socket: Socket, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("data", take).once("end", resolve).once("error", reject);
  });
}

const codecInCallback: Reader = async (socket) => {
  const codec = new ImsgCodec();
  let n = 0;
  await chunks(socket, (chunk) => {
    for (const message of codec.push(chunk)) {
      keep(message);
      n++;
    }
  });
  codec.dispose();
  return n;
};

const handInCallback: Reader = async (socket) => {
  const decoder = new HandDecoder(subarray);
  let n = 0;
  await chunks(socket, (chunk) => {
    for (const message of decoder.push(chunk)) {
      keep(message);
      n++;
    }
  });
  return n;
};

const handInGenerator: Reader = async (socket) => {
  const decoder = new HandDecoder(subarray);
  async function* messages() {
    for await (const chunk of socket) yield* decoder.push(chunk as Buffer);
  }
  let n = 0;
  for await (const message of messages()) {
    keep(message);
    n++;
  }
  return n;
};

/** No object of a message is kept, so the engine need not make one. */
const handWithoutObjects: Reader = async (socket) => {
  const decode = decodeByHand();
  let n = 0;
  let sum = 0;
  await chunks(socket, (chunk) => {
    decode(chunk, (type, _peerid, _pid, data) => {
      sum += type + data.length;
      n++;
    });
  });
  keep(sum);
  return n;
};

const prefixed: Reader = (socket) => {
  const { decode } = require("length-prefixed-stream") as { decode(): Transform };
  return new Promise((resolve, reject) => {
    let n = 0;
    const frames = socket.pipe(decode());
    frames.on("data", (frame: Buffer) => {
      keep(frame);
      n++;
    });
    frames.once("end", () => resolve(n)).once("error", reject);
  });
};

const READERS: [string, Reader][] = [
  ["for await over a channel", forAwait()],
  ["for await, copy: false", forAwait({ copy: false })],
  ["batches()", inBatches()],
  ["batches(), copy: false", inBatches({ copy: false })],
  ["codec.push in the callback", codecInCallback],
  ["by hand, callback", handInCallback],
  ["by hand, callback, no objects", handWithoutObjects],
  ["by hand, async generator", handInGenerator],
];

/** Frames of length-prefixed-stream: a varint and so many bytes. */
function prefixedBytes(count: number, size: number): Uint8Array {
  const prefix: number[] = [];
  for (let rest = size; ; rest >>>= 7) {
    prefix.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat(Array(count).fill(Buffer.from([...prefix, ...new Uint8Array(size)])));
}

/** One native peer sends to another: how long the original takes on both ends. */
async function nativeToNative(count: number, size: number): Promise<void> {
  const sum = await listenPeer("--mode", "sum", "--connections", "1");
  const options = ["--mode", "send", "--count", String(count), "--size", String(size)];
  const send = connectPeer(sum.path, ...options);
  await Promise.all([send.exited, sum.exited]);
  await sum.stop();
}

/** Reading from a process at the other end of a socketpair, by payload size. */
export async function receiveSamples(
  quick: boolean,
  cpuOnly: boolean,
): Promise<Map<number, Samples[]>> {
  const all = new Map<number, Samples[]>();
  for (const size of quick ? [64] : [16, 64, 256, 1024]) {
    const count = Math.floor((quick ? 4e6 : 12e6) / (size + 16));
    const one = encode({ type: 7, peerid: 1, pid: 2, data: new Uint8Array(size) });
    const path = stored(`receive-${size}`, Buffer.concat(Array(count).fill(one)));
    // as many bytes of fields and payload as an imsg has
    const prefixedPath = stored(`receive-${size}-prefixed`, prefixedBytes(count, size + 12));
    const timed = (name: string, file: string, read: Reader): Timed =>
      transfer(name, count, async () => {
        const { socket, ended } = source(file);
        expectCount(name, await read(socket), count);
        await ended;
        socket.destroy();
      });
    const contenders = READERS.map(([name, read]) => timed(name, path, read));
    contenders.push(timed("length-prefixed-stream", prefixedPath, prefixed));
    // other processes, whose processor time is not ours
    if (!cpuOnly) {
      contenders.push(transfer("native to native", count, () => nativeToNative(count, size)));
    }
    all.set(size, await interleave(contenders, quick ? 3 : 5, 0));
  }
  return all;
}
