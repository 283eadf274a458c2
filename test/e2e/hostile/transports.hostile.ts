/**
 * Random structured-clonable values at ports, mutated frames at WebSockets and data channels, and
 * random chunks at streams, with the packed library at the other end, in every state of a channel,
 * beside an honest pair of channels. Only the attacked channel may fail, with an ImsgError of the
 * peer.
 */
import { once } from "node:events";
import { Duplex } from "node:stream";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { DataChannel, type WebSocketPairs, webSocketPairs } from "../../ts/hostile/sockets.ts";
import { frame, junk, seeded } from "../../ts/transports/junk.ts";
import { ownResident, Run, seeds, watchUncaught } from "./figures.ts";

type Web = typeof import("../../../ts/entry/web.ts");
type Index = typeof import("../../../ts/entry/index.ts");
type C = typeof import("../../../ts/entry/c.ts");
type Node = typeof import("../../../ts/entry/node.ts");
const packed = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../dist/${name}.js`, import.meta.url).href)) as T;

const { fromMessagePort, fromRTCDataChannel, fromWebSocket } = await packed<Web>("web");
const { ImsgChannel: PackedChannel } = await packed<Index>("index");
const { defaultInstance } = await packed<C>("c");
const { fromDuplex } = await packed<Node>("node");

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** The reason with which the test itself aborts channels. */
class Enough extends Error {}

/** Two channels whose messages must all come back while the attacks run. */
function honest() {
  const { port1, port2 } = new MessageChannel();
  const [a, b] = [port1, port2].map((port) => fromMessagePort(port as never)) as [
    ImsgChannel,
    ImsgChannel,
  ];
  let answers = 0;
  let running = true;
  const echo = (async () => {
    for await (const { type, data } of b) await b.send({ type, data });
  })();
  const asking = (async () => {
    while (running) {
      const data = new Uint8Array(answers % 3000).fill(answers);
      await a.send({ type: answers, data });
      const reply = await a.receive();
      expect(reply!.type).toBe(answers++);
      expect(Buffer.compare(reply!.data, data)).toBe(0);
      await sleep(5);
    }
    await a.close();
  })();
  asking.catch(() => {});
  return {
    async stop(): Promise<number> {
      running = false;
      await asking;
      await echo;
      return answers;
    },
  };
}

/**
 * Watches what a channel ends with: it must be an ImsgError, if any. It must be
 * the peer's, except over a stream, whose chunks are this program's own.
 */
function watch(channel: ImsgChannel, run: Run, odd: unknown[], own = false): void {
  channel.closed.then(
    () => run.note("channels that ended well"),
    (error) => {
      const { name, code, fromPeer } = Object(error);
      if (error instanceof Enough) run.note("channels that went on");
      else if (name !== "ImsgError" || code === "ERR_IMSG_TRAPPED") odd.push(error);
      else if (!own && fromPeer !== true) odd.push(error);
      else run.note("that failed");
    },
  );
}

/** One attack; resolves with how many values it has sent. */
type Attack = (random: () => number, run: Run, odd: unknown[]) => Promise<number>;

/** Runs attacks until the attempts are used up, and asserts that nothing else was harmed. */
async function harmless(name: string, seed: number, attack: Attack): Promise<void> {
  const random = seeded(seed);
  const odd: unknown[] = [];
  const uncaught = watchUncaught();
  onTestFinished(uncaught.stop);
  const others = honest();
  for (let i = 0; i < 20; i++) await attack(random, new Run("warm up", seed, () => 0), odd);
  const run = new Run(name, seed, ownResident);
  while (run.goesOn) run.add(await attack(random, run, odd));
  await sleep(50);
  const answers = await others.stop();
  expect(odd).toEqual([]);
  expect(uncaught.errors).toEqual([]);
  expect(answers).toBeGreaterThan(0);
  expect(defaultInstance().descriptors.size).toBe(0);
  run.finish({ "honest answers": answers });
  expect(run.counts["that failed"]).toBeGreaterThan(0);
}

/** Ends a channel, or its own side, or lets it be: the states in which values arrive. */
async function disturb(channel: ImsgChannel, state: number): Promise<void> {
  if (state < 0.15) void channel.end();
  else if (state < 0.3) void channel.close().catch(() => {});
  else if (state < 0.4) void channel.receive().catch(() => {});
  else if (state < 0.5) channel.abort(new Enough());
}

async function attackPort(random: () => number, run: Run, odd: unknown[]): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  const post = (): void => {
    for (let i = 0; i < 16; i++) {
      const { value, transfer } = junk(random);
      port2.postMessage(value, transfer as never);
    }
  };
  const early = random() < 0.2; // before the channel starts
  if (early) post();
  const channel = fromMessagePort(port1 as never, { allowFdPass: random() < 0.5 });
  watch(channel, run, odd);
  const state = random();
  if (random() < 0.5) await disturb(channel, state);
  if (!early) post();
  if (random() < 0.5) await turn();
  await disturb(channel, state);
  await turn();
  channel.abort(new Enough());
  port2.close();
  return 16;
}

const FRAMES = 200;

/** Sends frames of which most are whole messages, so that the channel lives for a while. */
function sendFrames(random: () => number, send: (data: unknown) => void, other: () => void): void {
  const wild = random() < 0.3;
  for (let i = 0; i < FRAMES; i++) {
    const kind = random();
    if (!wild && kind < 0.97) send(whole(random));
    else if (kind < 0.9) send(frame(random));
    else if (kind < 0.98) send(String(Math.floor(random() * 1000)));
    else other();
  }
}

/** An attack on WebSockets of pairs that one server makes. */
const attackWebSocket =
  (pairs: WebSocketPairs): Attack =>
  async (random, run, odd) => {
    const [ours, socket] = await pairs.open(random() < 0.5 ? ["imsg.credit"] : []);
    socket.on("error", () => {});
    const channel = fromWebSocket(ours as never);
    watch(channel, run, odd);
    const closed = once(socket, "close");
    const state = random();
    if (random() < 0.3) await disturb(channel, state);
    sendFrames(
      random,
      (data) => socket.send(data as string),
      () => socket.ping(),
    );
    if (random() < 0.3) await turn();
    await disturb(channel, state);
    const end = random();
    if (end < 0.3) socket.close(end < 0.15 ? 1000 : 3999);
    else if (end < 0.5) socket.terminate();
    await Promise.race([channel.closed.catch(() => {}), sleep(5)]);
    channel.abort(new Enough());
    socket.terminate();
    await closed;
    return FRAMES;
  };

/** A random value that is not posted: a port in it is closed, or Node would keep it for ever. */
function unposted(random: () => number): unknown {
  const { value, transfer } = junk(random);
  for (const port of transfer as MessagePort[]) port.close();
  return value;
}

async function attackDataChannel(random: () => number, run: Run, odd: unknown[]): Promise<number> {
  const [ours, theirs] = DataChannel.pair(random() < 0.5 ? "imsg.credit" : "");
  if (random() < 0.2) ours.readyState = "connecting";
  const channel = fromRTCDataChannel(ours);
  watch(channel, run, odd);
  const state = random();
  if (random() < 0.3) await disturb(channel, state);
  if (random() < 0.3) void channel.send({ type: 1, data: new Uint8Array(5000) }).catch(() => {});
  const send = (data: unknown): void => theirs.send(data);
  sendFrames(random, send, () => theirs.post(unposted(random)));
  if (ours.readyState === "connecting") {
    ours.readyState = "open";
    ours.dispatchEvent(new Event("open"));
  }
  if (random() < 0.5) await turn();
  await disturb(channel, state);
  if (random() < 0.3) ours.dispatchEvent(Object.assign(new Event("error"), { error: state }));
  if (random() < 0.5) theirs.close();
  for (let i = 0; i < 4; i++) await turn();
  channel.abort(new Enough());
  theirs.close();
  await turn();
  return FRAMES;
}

/** A frame with a message that is right, except that its fields are random. */
function whole(random: () => number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + Math.floor(random() * 200));
  const words = new DataView(bytes.buffer);
  words.setUint32(0, random() * 2 ** 32, true);
  words.setUint32(4, random() < 0.02 ? random() * 2 ** 32 : bytes.length, true);
  return bytes;
}

async function attackStream(random: () => number, run: Run, odd: unknown[]): Promise<number> {
  const chunks = Array.from({ length: 16 }, () =>
    random() < 0.6 ? whole(random) : unposted(random),
  );
  let channel: ImsgChannel;
  if (random() < 0.5) {
    const readable = new ReadableStream({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunks.length > 0) controller.enqueue(chunk);
        else if (random() < 0.5) controller.close();
        else controller.error(new Enough());
      },
    });
    channel = new PackedChannel({ readable, writable: new WritableStream() });
  } else {
    const duplex = new Duplex({
      objectMode: true,
      read() {
        const chunk = chunks.shift();
        if (chunks.length > 0)
          this.push(chunk ?? new Uint8Array(0)); // null would be the end
        else if (random() < 0.5) this.push(null);
        else this.destroy(new Enough());
      },
      write: (_chunk, _encoding, done) => done(),
    });
    channel = fromDuplex(duplex);
  }
  watch(channel, run, odd, true);
  await disturb(channel, random());
  await turn();
  for (let i = 0; i < 4; i++) void channel.receive().catch(() => {});
  await turn();
  channel.abort(new Enough());
  return 16;
}

test.each(seeds)("values at ports harm only their channel (seed %i)", (seed) =>
  harmless("ports", seed, attackPort),
);
test.each(seeds)("frames at WebSockets harm only their channel (seed %i)", async (seed) => {
  const pairs = await webSocketPairs();
  onTestFinished(pairs.close);
  await harmless("WebSockets", seed, attackWebSocket(pairs));
});
test.each(seeds)("frames at data channels harm only their channel (seed %i)", (seed) =>
  harmless("data channels", seed, attackDataChannel),
);
test.each(seeds)("chunks of streams harm only their channel (seed %i)", (seed) =>
  harmless("streams", seed, attackStream),
);
