/**
 * The memory of a channel whose receiver takes nothing while its peer sends as much as it can: of a
 * channel that can stop its peer, and of one that cannot. docs/security.md has the figures.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import type { ImsgChannel as Channel } from "../../../ts/channel/channel.ts";
import type { TransportSink } from "../../../ts/channel/transport.ts";
import { gc } from "../../helpers/memory.ts";
import { socketPair } from "../../helpers/pair.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";
import { Unpausable, webSockets } from "../transports/pairs.ts";

/** The library as it is packed. */
const packed = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../dist/${name}.js`, import.meta.url).href)) as T;
const { ImsgChannel } = await packed<typeof import("../../../ts/entry/index.ts")>("index");
const { fromWebSocket } = await packed<typeof import("../../../ts/entry/web.ts")>("web");
const { fromDuplex } = await packed<typeof import("../../../ts/entry/node.ts")>("node");

/** Bytes of JavaScript's heap and of its buffers that are in use. */
function held(): number {
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const COUNT = 40;
const KB = 1024;
const MARK = 64 * KB;
const WINDOW = 65520;
/** The most memory of one message beside its payload, by docs/security.md. */
const MESSAGE = 256;
/** The memory that a channel may have besides: itself, its transport, chunks that it has not decoded. */
const OTHER = 224 * KB;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes channels, lets a peer of each send for a while, and returns the bytes that each one holds. */
async function perChannel(
  size: number,
  make: (stream: Uint8Array<ArrayBuffer>) => Promise<Channel>,
): Promise<number> {
  const one = encode({ type: 1, data: new Uint8Array(size) });
  const stream = Uint8Array.from(concat(Array(Math.floor((1280 * KB) / one.length)).fill(one)));
  const warm = await make(stream);
  await sleep(100);
  const channels: Channel[] = [];
  const before = held();
  for (let i = 0; i < COUNT; i++) channels.push(await make(stream));
  await sleep(300);
  const bytes = (held() - before) / COUNT;
  for (const channel of [warm, ...channels]) channel.abort();
  return bytes;
}

describe.each([0, 64, 1024, 16_000])(
  "a channel that nobody receives from, with messages of %i bytes",
  (size) => {
    it("holds its mark and one window at most, if its peer can be stopped", async () => {
      const bytes = await perChannel(size, async (stream) => {
        const [ours, theirs] = await socketPair();
        onTestFinished(() => void theirs.destroy());
        theirs.on("error", () => {});
        const channel = fromDuplex(ours);
        channel.closed.catch(() => {});
        theirs.write(stream);
        return channel;
      });
      // all peers share the part of the stream that the system does not take
      const window = Math.floor(WINDOW / (16 + size)) * (size + MESSAGE);
      const most = MARK + window + OTHER;
      console.log(
        `${size} bytes, can be stopped: ${(bytes / KB).toFixed(0)} KiB of ${Math.floor(most / KB)}`,
      );
      expect(bytes).toBeGreaterThan(MARK / 2);
      expect(bytes).toBeLessThan(most);
    });

    it("holds 16 marks at most, if its peer cannot be stopped", async () => {
      const bytes = await perChannel(size, async (stream) => {
        const [ours, theirs] = await webSockets([], Unpausable);
        theirs.on("error", () => {});
        onTestFinished(() => theirs.terminate());
        const channel = fromWebSocket(ours);
        channel.closed.catch(() => {});
        // just below the limit, so that the channel lives: 16 marks by what messages cost
        const limit = Math.floor((16 * MARK) / (size + MESSAGE)) - 1;
        const end = Math.min(limit * (16 + size), stream.length);
        for (let at = 0; at < end; at += MARK)
          theirs.send(stream.subarray(at, Math.min(end, at + MARK)));
        return channel;
      });
      const most = 16 * MARK + OTHER;
      console.log(
        `${size} bytes, cannot be stopped: ${(bytes / KB).toFixed(0)} KiB of ${Math.floor(most / KB)}`,
      );
      expect(bytes).toBeGreaterThan(MARK / 2);
      expect(bytes).toBeLessThan(most);
    });

    it("ends with ERR_IMSG_OVERFLOW beyond that", async () => {
      const [ours, theirs] = await webSockets([], Unpausable);
      theirs.on("error", () => {});
      onTestFinished(() => theirs.terminate());
      const channel = fromWebSocket(ours);
      const one = encode({ type: 1, data: new Uint8Array(size) });
      const more = Math.ceil((17 * MARK) / one.length);
      theirs.send(concat(Array(more).fill(one)));
      await expect(channel.closed).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
    }, 5000);
  },
);

describe("a channel that is idle", () => {
  it.each([1, 64])("keeps no chunk that it has decoded, of %i messages", async (count) => {
    const held: { sink?: TransportSink } = {};
    const channel = new ImsgChannel({
      start(given) {
        held.sink = given;
      },
      send: () => true,
      end: async () => {},
      abort() {},
      close() {},
    });
    const arrive = (): WeakRef<object> => {
      const bytes = concat(Array(count).fill(encode({ type: 1, data: new Uint8Array(1000) })));
      const chunk = Uint8Array.from(bytes);
      held.sink!.received(chunk);
      return new WeakRef(chunk);
    };
    const chunk = arrive();
    for (let i = 0; i < count; i++) await channel.receive();
    await sleep(50);
    gc();
    expect(chunk.deref()).toBeUndefined();
    await channel.close();
  });
});
