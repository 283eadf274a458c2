// A round trip of 64 bytes through `imsg tap`, beside the direct one and one through a proxy that
// only pipes sockets into each other. The daemon and each proxy are processes of their own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../../ts/entry/node.ts";
import { interleave, median, ratio, type Timed } from "./measure.ts";

const DAEMON = `
import { listen } from "./dist/node.js";
await listen({ path: process.argv[1] }, async (channel) => {
  for await (const { type, data } of channel) void channel.send({ type, data });
  await channel.close();
});
console.error("ready");`;

const PIPE = `
import { connect, createServer } from "node:net";
const server = createServer((client) => {
  const daemon = connect({ path: process.argv[2] });
  for (const socket of [client, daemon]) socket.on("error", () => {});
  client.pipe(daemon).pipe(client);
});
server.listen(process.argv[1], () => console.error("ready"));`;

const program = (text: string, ...args: string[]): string[] => [
  "--input-type=module",
  "--eval",
  text,
  ...args,
];

/** Starts a process, which writes to stderr when it listens. */
async function started(args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  await Promise.race([
    once(child.stderr!, "data"),
    once(child, "exit").then(() => {
      throw new Error(`${args.at(-1)}: the process has ended`);
    }),
  ]);
  child.stderr!.resume();
  return child;
}

async function roundTrips(name: string, path: string): Promise<Timed> {
  const channel = await connect({ path });
  const data = new Uint8Array(64);
  return {
    name,
    async round(ms) {
      const end = performance.now() + ms;
      const trips: number[] = []; // nanoseconds
      for (let start = performance.now(); start < end; ) {
        await channel.send({ type: 1, data });
        await channel.receive();
        const now = performance.now();
        trips.push((now - start) * 1e6);
        start = now;
      }
      return median(trips); // other processes make some trips much longer
    },
  };
}

/** Microseconds of a round trip, and how many times as long as the direct one it takes. */
export async function tapReport(quick: boolean): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), "imsg-bench-tap-"));
  const at = (name: string): string => join(folder, name);
  const real = at("real");
  const tap = (path: string, ...args: string[]): string[] => {
    const places = ["--listen", `unix:${path}`, "--to", `unix:${real}`];
    return ["dist/cli.js", "tap", ...args, ...places];
  };
  const processes = [await started(program(DAEMON, real))];
  try {
    const contenders = [await roundTrips("direct", real)];
    const proxies = {
      "sockets piped by Node": program(PIPE, at("pipe"), real),
      "tap --quiet": tap(at("quiet"), "--quiet"),
      "tap --json": tap(at("json"), "--json"),
      "tap --quiet --write": tap(at("write"), "--quiet", "--write", at("tap.pcapng")),
    };
    const paths = ["pipe", "quiet", "json", "write"].map(at);
    for (const [i, [name, args]] of Object.entries(proxies).entries()) {
      processes.push(await started(args));
      contenders.push(await roundTrips(name, paths[i]!));
    }
    const samples = await interleave(contenders, quick ? 5 : 40, quick ? 50 : 200);
    const direct = samples[0]!;
    const report: Record<string, unknown> = {};
    for (const each of samples) {
      const times = ratio(direct, each);
      const microseconds = median(each.ns) / 1000;
      report[each.name] = { microseconds, times };
      console.log(
        `tap      ${each.name.padEnd(24)} ${microseconds.toFixed(1).padStart(7)} µs  ` +
          `${times.median.toFixed(2)} (${times.low.toFixed(2)} to ${times.high.toFixed(2)}) times the direct round trip`,
      );
    }
    return report;
  } finally {
    for (const each of processes) each.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
