import { createInstance } from "../../../ts/c/index.ts";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { idleChannel } from "./idle.ts";

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 4; i++) gc();
}

/** Channels that have each read 64 KiB and whose messages were received. */
async function measure(count: number): Promise<Record<string, number>> {
  const instance = createInstance(bytes());
  const chunk = new Uint8Array(65536);
  const view = new DataView(chunk.buffer);
  for (let at = 0; at < chunk.length; at += 1024) {
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 1024, true);
  }
  const base = instance.stats().liveBytes;
  collectGarbage();
  const before = process.memoryUsage();
  const channels: ImsgChannel[] = [];
  for (let i = 0; i < count; i++) {
    const { channel, sink } = idleChannel(instance);
    sink.received(chunk);
    for (let n = 0; n < 64; n++) void channel.receive();
    channels.push(channel);
  }
  // the rest of each chunk is decoded in turns of their own
  await new Promise((resolve) => setTimeout(resolve, 1000));
  collectGarbage();
  const after = process.memoryUsage();
  const resident = after.rss - before.rss;
  const heap = after.heapUsed - before.heapUsed;
  const { liveBytes, memoryBytes } = instance.stats();
  for (const channel of channels) channel.dispose();
  return {
    channels: count,
    residentPerChannel: resident / count,
    heapPerChannel: heap / count,
    livePerChannel: (liveBytes - base) / count,
    linearMemory: memoryBytes,
    leftAfterClosing: instance.stats().liveBytes - base,
  };
}

export async function memoryReport(quick: boolean): Promise<Record<string, number>[]> {
  const reports: Record<string, number>[] = [];
  for (const count of quick ? [1000] : [10_000, 100_000]) {
    const report = await measure(count);
    reports.push(report);
    console.log(
      `memory: ${count} channels that each read 64 KiB: ${report.residentPerChannel!.toFixed(0)} bytes resident each, ${report.heapPerChannel!.toFixed(0)} of JavaScript's heap in use, ${report.livePerChannel!.toFixed(0)} of C's; linear memory ${report.linearMemory}, ${report.leftAfterClosing} left after closing`,
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  return reports;
}
