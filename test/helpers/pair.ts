import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelOptions, ImsgChannel } from "../../ts/channel/channel.ts";
import { connect, listen } from "../../ts/entry/node.ts";
import { duplexTransport } from "../../ts/transports/node.ts";

/** Two ends of a real Unix socket, with the kernel's own buffering. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = await mkdtemp(join(tmpdir(), "imsg-pair-"));
  const path = join(folder, "socket");
  const server = createServer({ allowHalfOpen: true });
  try {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const ours = netConnect({ path, allowHalfOpen: true });
    await new Promise((resolve) => ours.once("connect", resolve));
    return [ours, await accepted];
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
}

/** Two channels over the two ends of a real Unix socket. */
export async function channelPair(
  options: ChannelOptions = {},
  peerOptions = options,
): Promise<[ImsgChannel, ImsgChannel]> {
  const [a, b] = await socketPair();
  return [
    new ImsgChannel(duplexTransport(a), options),
    new ImsgChannel(duplexTransport(b), peerOptions),
  ];
}

/** Two channels over a pair of streams with the smallest possible queues. */
export function streamPair(
  options: ChannelOptions = {},
  peerOptions = options,
): [ImsgChannel, ImsgChannel] {
  const up = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const down = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  return [
    new ImsgChannel({ readable: down.readable, writable: up.writable }, options),
    new ImsgChannel({ readable: up.readable, writable: down.writable }, peerOptions),
  ];
}

/** A channel, and the bare socket at its other end. */
export async function channelAndSocket(
  options: ChannelOptions = {},
): Promise<[ImsgChannel, Socket]> {
  const [a, b] = await socketPair();
  b.on("error", () => {});
  return [new ImsgChannel(duplexTransport(a), options), b];
}

/** Returns every message that a channel receives until its end. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

/** Two channels that pass descriptors, over a real Unix socket. The options are of the first one. */
export async function descriptorPair(
  options: ChannelOptions = {},
): Promise<[ImsgChannel<number>, ImsgChannel<number>]> {
  const folder = await mkdtemp(join(tmpdir(), "imsg-pair-"));
  try {
    const path = join(folder, "socket");
    let accepted!: (channel: ImsgChannel<number>) => void;
    const other = new Promise<ImsgChannel<number>>((resolve) => {
      accepted = resolve;
    });
    const passing = { allowFdPass: true };
    const server = await listen({ path }, (channel) => accepted(channel), passing);
    const channel = await connect({ path }, { ...passing, ...options });
    const result: [ImsgChannel<number>, ImsgChannel<number>] = [channel, await other];
    void server.close(); // accepts no more; the channels live on
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}
