import { createInstance } from "../../../ts/c/index.ts";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import type { TransportSink } from "../../../ts/channel/transport.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { imsgBytes } from "./contenders/ours.ts";
import { idleChannel } from "./idle.ts";
import { quantile } from "./measure.ts";
import { cut, messagesOf } from "./workload.ts";

/** The cost of an operation after so many of them, in nanoseconds. */
interface Growth {
  readonly what: string;
  readonly count: number;
  readonly ns: number;
}

const now = (): number => Number(process.hrtime.bigint());
const quarter = (values: readonly number[]): number => quantile(values, 0.25);

/** Sends more and more messages through one codec: the cost of the last ones. */
function messages(most: number): Growth[] {
  const load = { name: "64", sizes: Array.from({ length: 819 }, () => 64), chunk: 65536 };
  const [chunk] = cut(imsgBytes(messagesOf(load)), 65536);
  const codec = new ImsgCodec();
  for (let i = 0; i < 300; i++) codec.push(chunk!); // warm
  const grown: Growth[] = [];
  let done = 0;
  for (let count = 1000; count <= most; count *= 10) {
    const samples: number[] = [];
    while (done < count) {
      const start = now();
      const n = codec.push(chunk!).length;
      samples.push((now() - start) / n);
      done += n;
    }
    // the last tenth only
    const last = samples.slice(-Math.max(1, Math.min(1000, samples.length / 10)));
    grown.push({ what: "messages through one codec", count, ns: quarter(last) });
  }
  codec.dispose();
  return grown;
}

/** Opens more and more channels, each of which gets a chunk in turn. */
async function channels(most: number): Promise<Growth[]> {
  const load = { name: "64", sizes: [64, 64, 64, 64, 64, 64, 64, 64], chunk: 65536 };
  const bytesOfOne = imsgBytes(messagesOf(load));
  const instance = createInstance(bytes());
  const open: { channel: ImsgChannel; sink: TransportSink }[] = [];
  const grown: Growth[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const pass = async (): Promise<void> => {
    for (let i = 0; i < 20_000; i++) {
      // a channel that has decoded some 15,000 messages decodes more in the next turn of the event loop
      if (i % 100 === 99) await turn();
      const { channel, sink } = open[i % open.length]!;
      sink.received(Uint8Array.from(bytesOfOne));
      for (let k = 0; k < 8; k++) void channel.receive();
    }
  };
  for (let count = 1; count <= most; count *= 10) {
    while (open.length < count) open.push(idleChannel(instance));
    await pass(); // warm
    const samples: number[] = [];
    for (let round = 0; round < 7; round++) {
      const start = now();
      await pass();
      samples.push((now() - start) / 160_000);
    }
    grown.push({ what: "channels open, a message of one of them", count, ns: quarter(samples) });
  }
  for (const { channel } of open) channel.dispose();
  return grown;
}

/** Decodes longer and longer messages in chunks of 17 bytes: the cost of a byte. */
function fragments(most: number): Growth[] {
  const grown: Growth[] = [];
  for (let size = 1000; size <= most; size *= 4) {
    const load = { name: "", sizes: [size], chunk: 17 };
    const chunks = cut(imsgBytes(messagesOf(load)), 17);
    const codec = new ImsgCodec({ maxSize: 1 << 20 });
    const samples: number[] = [];
    for (let round = 0; round < 60; round++) {
      const start = now();
      for (let k = 0; k < Math.ceil(200_000 / size); k++)
        for (const chunk of chunks) codec.push(chunk);
      samples.push((now() - start) / (Math.ceil(200_000 / size) * (size + 16)));
    }
    grown.push({
      what: "bytes of a message in 17-byte chunks, a byte",
      count: size,
      ns: quarter(samples),
    });
    codec.dispose();
  }
  return grown;
}

/** Measures whether costs grow with the number of messages, channels and bytes: nanoseconds. */
export async function growthReport(quick: boolean): Promise<Growth[]> {
  const all = [
    ...messages(quick ? 100_000 : 10_000_000),
    ...(await channels(quick ? 1000 : 100_000)),
    ...fragments(quick ? 64_000 : 256_000),
  ];
  for (const { what, count, ns } of all) {
    console.log(`growth: ${String(count).padStart(9)} ${what}: ${ns.toFixed(2)} ns`);
  }
  return all;
}
