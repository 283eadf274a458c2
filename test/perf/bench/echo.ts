import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { HandDecoder, subarray } from "./contenders/by-hand.ts";
import { median, quantile, type Samples } from "./measure.ts";

/** Serves one connection of an echo server. */
type Serve = (socket: Socket) => void;

/** As README writes it: a loop that answers each message. */
const byChannel: Serve = async (socket) => {
  try {
    const channel = new ImsgChannel(duplexTransport(socket));
    for await (const { type, peerid, data } of channel) await channel.send({ type, peerid, data });
    await channel.close();
  } catch {
    // the client breaks off at the end of its time
  }
};

/** By hand: decodes in the callback, and writes the answers to a chunk at once. */
const byHand: Serve = (socket) => {
  const decoder = new HandDecoder(subarray);
  socket.on("data", (chunk: Buffer) => {
    const messages = decoder.push(chunk);
    let bytes = 0;
    for (const { data } of messages) bytes += data.length + 16;
    const out = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const { type, peerid, data } of messages) {
      out.writeUInt32LE(type, at);
      out.writeUInt32LE(data.length + 16, at + 4);
      out.writeUInt32LE(peerid, at + 8);
      out.writeUInt32LE(process.pid, at + 12);
      out.set(data, at + 16);
      at += data.length + 16;
    }
    socket.write(out);
  });
  socket.on("error", () => socket.destroy());
};

/**
 * The client, in a process of its own, without the library. Each of its connections keeps `depth`
 * messages of 64 bytes under way, for so many milliseconds. It prints how many answers each
 * connection has got, and the latencies of a sample of them in microseconds.
 */
const CLIENT = `
const { connect } = require("node:net");
const [path, connections, depth, ms] = process.argv.slice(1);
const LENGTH = 80;
const one = Buffer.alloc(LENGTH);
one.writeUInt32LE(1, 0);
one.writeUInt32LE(LENGTH, 4);
const burst = Buffer.concat(Array(+depth).fill(one));
const counts = Array(+connections).fill(0);
const latencies = [];
let open = 0;
let running = false;
const sockets = counts.map((_, i) => {
  const socket = connect(path);
  let pending = 0;
  let sent = 0n;
  const write = () => {
    sent = process.hrtime.bigint();
    socket.write(burst);
  };
  socket.on("connect", () => {
    if (++open === counts.length) begin();
  });
  socket.on("data", (chunk) => {
    pending += chunk.length;
    if (pending < burst.length) return;
    pending -= burst.length;
    if (!running) return;
    counts[i] += +depth;
    if (latencies.length < 1e6) latencies.push(Number(process.hrtime.bigint() - sent) / 1e3);
    write();
  });
  socket.on("error", () => {});
  return { socket, write };
});
function begin() {
  running = true;
  const start = process.hrtime.bigint();
  for (const { write } of sockets) write();
  setTimeout(() => {
    running = false;
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    process.stdout.write(JSON.stringify({ counts, latencies, seconds }), () => process.exit());
  }, +ms);
}`;

interface Run {
  /** Answers of all connections together. */
  readonly answers: number;
  /** Answers a second, over all connections. */
  readonly rate: number;
  /** Answers of the slowest connection, divided by those of the fastest. */
  readonly fairness: number;
  /** Microseconds of a round trip. */
  readonly p50: number;
  readonly p99: number;
}

function client(path: string, connections: number, depth: number, ms: number): Promise<Run> {
  const args = [path, connections, depth, ms].map(String);
  const child = spawn(process.execPath, ["-e", CLIENT, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pieces: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      const text = Buffer.concat(pieces).toString();
      if (text === "") return reject(new Error("the client of the echo server has failed"));
      const { counts, latencies, seconds } = JSON.parse(text) as Record<string, number[]> & {
        seconds: number;
      };
      const answers = counts!.reduce((sum, n) => sum + n, 0);
      resolve({
        answers,
        rate: answers / seconds,
        fairness: Math.min(...counts!) / Math.max(...counts!),
        p50: median(latencies!),
        p99: quantile(latencies!, 0.99),
      });
    });
  });
}

interface Listening {
  readonly path: string;
  stop(): void;
}

async function listen(serve: Serve): Promise<Listening> {
  const folder = mkdtempSync(join(tmpdir(), "imsg-echo-"));
  const path = join(folder, "s");
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, 2048, resolve));
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, stop };
}

const SERVERS: [string, Serve][] = [
  ["echo over a channel", byChannel],
  ["echo by hand", byHand],
];

/** A run, and the processor time of the server for one answer, in nanoseconds. */
type Measured = Run & { readonly cpu: number };

/** Runs all servers in turn, round by round, with one client at a time. */
async function rounds(
  times: number,
  connections: number,
  depth: number,
  ms: number,
): Promise<Map<string, Measured[]>> {
  const runs = new Map<string, Measured[]>(SERVERS.map(([name]) => [name, []]));
  const servers: [string, Listening][] = [];
  for (const [name, serve] of SERVERS) servers.push([name, await listen(serve)]);
  for (let round = 0; round <= times; round++) {
    for (const [name, { path }] of servers) {
      const before = process.cpuUsage();
      const run = await client(path, connections, depth, ms);
      const { user, system } = process.cpuUsage(before);
      const cpu = ((user + system) * 1000) / run.answers;
      if (round > 0) runs.get(name)!.push({ ...run, cpu }); // the first round warms up
    }
  }
  for (const [, { stop }] of servers) stop();
  return runs;
}

/**
 * One connection with 64 messages under way: nanoseconds a message, server and client together, or
 * of the server's processor time.
 */
export async function echoSamples(quick: boolean, cpuOnly: boolean): Promise<Samples[]> {
  const runs = await rounds(quick ? 2 : 9, 1, 64, quick ? 200 : 700);
  const cost = cpuOnly ? ({ cpu }: Measured) => cpu : ({ rate }: Measured) => 1e9 / rate;
  return [...runs].map(([name, all]) => ({ name, ns: all.map(cost) }));
}

/** The figures of {@link connectionsReport} for one number of connections. */
export interface ConnectionsReport extends Record<string, number | string> {
  name: string;
  connections: number;
}

/** 1 to 1,000 connections at once, each with one message under way. */
export async function connectionsReport(quick: boolean): Promise<ConnectionsReport[]> {
  const reports: ConnectionsReport[] = [];
  for (const connections of quick ? [1, 100] : [1, 10, 100, 1000]) {
    const runs = await rounds(quick ? 1 : 5, connections, 1, quick ? 300 : 2000);
    for (const [name, all] of runs) {
      const of = (pick: (run: Measured) => number): number => median(all.map(pick));
      const report = {
        name,
        connections,
        rate: of(({ rate }) => rate),
        fairness: of(({ fairness }) => fairness),
        p50: of(({ p50 }) => p50),
        p99: of(({ p99 }) => p99),
        cpu: of(({ cpu }) => cpu),
      };
      reports.push(report);
      console.log(
        `connections: ${String(connections).padStart(4)}  ${name.padEnd(20)} ${report.rate.toFixed(0).padStart(7)} a second, slowest/fastest ${report.fairness.toFixed(2)}, p50 ${report.p50.toFixed(0)} us, p99 ${report.p99.toFixed(0)} us (${(report.p99 / report.p50).toFixed(1)} times), server ${(report.cpu / 1e3).toFixed(1)} us of processor time an answer`,
      );
    }
  }
  return reports;
}
