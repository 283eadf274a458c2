import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { connectPeer, listenPeer, pairPeer } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { median } from "./measure.ts";

/** Returns how many seconds a function takes. */
async function seconds(run: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

const OPTIONS = { maxSize: 16384 };

/** The native peer sends; a channel receives. */
function receiveChannel(count: number, size: number): Promise<number> {
  const peer = pairPeer("--mode", "send", "--count", String(count), "--size", String(size));
  return seconds(async () => {
    const channel = new ImsgChannel(duplexTransport(peer.socket), OPTIONS);
    let n = 0;
    for await (const m of channel) n += m.data.length === size ? 1 : 0;
    if (n !== count) throw new Error(`${n} of ${count} messages came`);
    await channel.close();
  }).finally(() => peer.stop());
}

/** The native peer sends the same; a bare socket counts the bytes. */
function receiveBare(count: number, size: number): Promise<number> {
  const peer = pairPeer("--mode", "send", "--count", String(count), "--size", String(size));
  return seconds(
    () =>
      new Promise<void>((resolve, reject) => {
        let bytes = 0;
        peer.socket.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        peer.socket.on("end", () =>
          bytes === count * (size + 16) ? resolve() : reject(new Error(`${bytes} bytes came`)),
        );
      }),
  ).finally(() => peer.stop());
}

/** Natively, both ends: one peer sends, the other counts. */
async function receiveNative(count: number, size: number): Promise<number> {
  const sum = await listenPeer("--mode", "sum", "--connections", "1");
  const time = await seconds(async () => {
    const send = connectPeer(
      sum.path,
      "--mode",
      "send",
      "--count",
      String(count),
      "--size",
      String(size),
    );
    await send.exited;
    await sum.exited;
  });
  await sum.stop();
  return time;
}

/** A channel sends; the peer sums. */
function sendChannel(count: number, size: number): Promise<number> {
  const peer = pairPeer("--mode", "sum");
  const data = new Uint8Array(size);
  return seconds(async () => {
    const channel = new ImsgChannel(duplexTransport(peer.socket), OPTIONS);
    // a fast program awaits only some of the sends
    for (let i = 0; i < count; i++) {
      const sent = channel.send({ type: 100, data });
      if ((i & 63) === 63) await sent;
    }
    await channel.end();
    if ((await channel.receive()) === undefined) throw new Error("no sum came");
    await channel.close();
  }).finally(() => peer.stop());
}

/** A bare socket sends the same bytes, encoded before, in writes of the same size. */
function sendBare(count: number, size: number): Promise<number> {
  const peer = pairPeer("--mode", "sum");
  const one = encode({ type: 100, peerid: 0, pid: 1, data: new Uint8Array(size) });
  const batch = Buffer.concat(Array.from({ length: 64 }, () => one));
  return seconds(
    () =>
      new Promise<void>((resolve) => {
        let left = count;
        const write = (): void => {
          while (left > 0) {
            left -= 64;
            if (!peer.socket.write(Buffer.from(batch))) {
              peer.socket.once("drain", write);
              return;
            }
          }
          peer.socket.end();
        };
        peer.socket.once("data", () => resolve());
        write();
      }),
  ).finally(() => peer.stop());
}

/** Sends a message and awaits its echo, again and again: microseconds of a round trip. */
async function roundTripChannel(times: number): Promise<number> {
  const peer = pairPeer("--mode", "echo");
  const channel = new ImsgChannel(duplexTransport(peer.socket), OPTIONS);
  const data = new Uint8Array(64);
  const time = await seconds(async () => {
    for (let i = 0; i < times; i++) {
      await channel.send({ type: 1, data });
      await channel.receive();
    }
  });
  await channel.close();
  await peer.stop();
  return (time / times) * 1e6;
}

async function roundTripBare(times: number): Promise<number> {
  const peer = pairPeer("--mode", "echo");
  const one = Buffer.from(encode({ type: 1, peerid: 0, pid: 1, data: new Uint8Array(64) }));
  const time = await seconds(async () => {
    for (let i = 0; i < times; i++) {
      const back = new Promise((resolve) => peer.socket.once("data", resolve));
      peer.socket.write(one);
      await back;
    }
  });
  await peer.stop();
  return (time / times) * 1e6;
}

/** Real sockets: channels against bare sockets and against native ends. */
export async function socketReport(quick: boolean): Promise<Record<string, unknown>[]> {
  const rounds = quick ? 3 : 9;
  const reports: Record<string, unknown>[] = [];
  for (const size of [64, 1024]) {
    const count = Math.floor((quick ? 8e6 : 64e6) / (size + 16) / 64) * 64;
    const times: Record<string, number[]> = {};
    const runs = { receiveChannel, receiveBare, receiveNative, sendChannel, sendBare };
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(runs)) {
        times[name] ??= [];
        times[name].push(await run(count, size));
      }
    }
    const mbps = (name: string): number => (count * (size + 16)) / median(times[name]!) / 1e6;
    const report = {
      size,
      receive: {
        channel: mbps("receiveChannel"),
        bare: mbps("receiveBare"),
        native: mbps("receiveNative"),
      },
      send: { channel: mbps("sendChannel"), bare: mbps("sendBare") },
    };
    reports.push(report);
    const r = report.receive;
    const s = report.send;
    console.log(
      `sockets: ${size} bytes: receive ${r.channel.toFixed(0)} MB/s, bare ${r.bare.toFixed(0)} (${(r.channel / r.bare).toFixed(2)}), native to native ${r.native.toFixed(0)}; send ${s.channel.toFixed(0)} MB/s, bare ${s.bare.toFixed(0)} (${(s.channel / s.bare).toFixed(2)})`,
    );
  }
  const trips = quick ? 500 : 5000;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await roundTripChannel(trips));
    bare.push(await roundTripBare(trips));
  }
  console.log(
    `sockets: round trip ${median(ours).toFixed(1)} µs, bare ${median(bare).toFixed(1)} µs (${(median(bare) / median(ours)).toFixed(2)})`,
  );
  reports.push({ roundTripMicroseconds: { channel: median(ours), bare: median(bare) } });
  return reports;
}
