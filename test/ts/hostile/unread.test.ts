/**
 * Channels whose peer never reads use all memory of an instance, with messages of sizes that waste
 * as much of it as they can. The send that finds no memory rejects, the others of the instance keep
 * what they have, and when the channel is closed 1,000 channels work as before.
 */
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImsgChannel as Channel } from "../../../ts/channel/channel.ts";
import { socketPair } from "../../helpers/pair.ts";
import { c, index, node, web } from "./library.ts";

const { ImsgChannel, ImsgCodec } = index;
const { createInstance } = c;
const LIMIT = 48 << 20;
const MAX_SIZE = 8 << 20;
/** More than the instance has, so that the instance refuses first if it is the one that holds them. */
const MOST = 2 * LIMIT;
const module = await (async () => {
  const { readFile } = await import("node:fs/promises");
  return new WebAssembly.Module(
    await readFile(new URL("../../../dist/imsg.wasm", import.meta.url)),
  );
})();

type Instance = ReturnType<typeof createInstance>;

function limited(): Instance {
  const instance = createInstance(module);
  instance.limitMemory(LIMIT);
  return instance;
}

/** Transports whose peer never reads. */
const stuck: Record<string, (instance: Instance) => Promise<[Channel, () => void]>> = {
  "a stream": async (instance) => [
    new ImsgChannel(
      {
        readable: new ReadableStream(),
        writable: new WritableStream({ write: () => new Promise(() => {}) }),
      },
      { instance, maxSize: MAX_SIZE, maxQueued: MOST, lingerTimeout: 1 },
    ),
    () => {},
  ],
  "a port": async (instance) => {
    const { port1, port2 } = new MessageChannel();
    const options = { instance, maxSize: MAX_SIZE, maxQueued: MOST, lingerTimeout: 1 };
    return [web.fromMessagePort(port1 as never, options), () => port2.close()];
  },
  "a socket": async (instance) => {
    const [ours, theirs] = await socketPair();
    theirs.pause();
    const options = { instance, maxSize: MAX_SIZE, maxQueued: MOST, lingerTimeout: 1 };
    return [node.fromDuplex(ours, options), () => void theirs.destroy()];
  },
};

/** Sends payloads of sizes in turn until a send is refused; returns its error's code and the bytes queued. */
async function fill(channel: Channel, sizes: readonly number[]): Promise<[string, number]> {
  let queued = 0;
  let refused: string | undefined;
  for (let i = 0; refused === undefined; i++) {
    const data = new Uint8Array(sizes[i % sizes.length]!);
    channel.send({ type: 1, data }).catch((error: { code: string }) => {
      refused ??= error.code;
    });
    queued += data.length + 16;
    if (i % 64 === 0 || data.length > 10_000) await Promise.resolve(); // for refusals
    if (queued > 4 * MOST) throw new Error("nothing was refused");
  }
  return [refused, queued];
}

/** Makes 1,000 channels of an instance, and sends messages of many sizes through each. */
async function serves(instance: Instance): Promise<void> {
  const sizes = [0, 50, 1000, 3000, 30_000];
  for (let i = 0; i < 1000; i++) {
    const { readable, writable } = new TransformStream();
    const channel = new ImsgChannel({ readable, writable }, { instance, maxSize: 65536 });
    const data = new Uint8Array(sizes[i % sizes.length]!).fill(i);
    const [message] = await Promise.all([channel.receive(), channel.send({ type: i, data })]);
    expect(Buffer.compare(message!.data, data)).toBe(0);
    channel.abort();
    await channel.closed.catch(() => {});
  }
}

describe("after a channel whose peer never reads has used all memory of its instance", () => {
  it.each(
    Object.keys(stuck).flatMap((name) =>
      [3000, 500, 100_000, MAX_SIZE - 16].map((size) => [name, size] as const),
    ),
  )(
    "over %s with messages of %i bytes, 1,000 channels work as before",
    async (name, size) => {
      const instance = limited();
      const codec = new ImsgCodec({ instance });
      codec.push(codec.encode({ type: 7, data: new Uint8Array(900).fill(7) }).slice(0, 500));
      const [channel, close] = await stuck[name]!(instance);
      channel.closed.catch(() => {});
      const [code, queued] = await fill(channel, [size]);
      expect(["ENOMEM", "ENOBUFS"]).toContain(code);
      // the bytes that the original has queued, and those that wait in JavaScript
      expect(queued).toBeGreaterThan(LIMIT / 4);
      // a neighbour's message that was begun before still arrives whole
      const [message] = codec.push(
        new ImsgCodec({ instance: createInstance(module) })
          .encode({ type: 7, data: new Uint8Array(900).fill(7) })
          .slice(500),
      );
      expect(message!.data.every((byte) => byte === 7)).toBe(true);
      channel.abort();
      close();
      codec.dispose();
      await serves(instance);
      instance.assertNoLeaks();
    },
    120_000,
  );

  it("with random mixes of sizes, twice in a row, it can be used up as far as before", async () => {
    const size = fc.oneof(fc.nat(1000), fc.nat(5000), fc.nat(70_000), fc.nat(1 << 20));
    await fc.assert(
      fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 8 }), async (sizes) => {
        const instance = limited();
        const used: number[] = [];
        for (let round = 0; round < 3; round++) {
          const [channel, close] = await stuck["a stream"]!(instance);
          channel.closed.catch(() => {});
          used.push((await fill(channel, [...sizes, 4000]))[1]);
          channel.abort();
          close();
          await channel.closed.catch(() => {});
        }
        // pages come back: a later round holds nearly as much as the first
        expect(Math.min(...used)).toBeGreaterThan(used[0]! * 0.9);
        const { liveBytes } = instance.stats();
        expect(liveBytes).toBe(0);
      }),
      { numRuns: 6 },
    );
  }, 240_000);
});
