import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { printComparison } from "./compare.ts";
import { byCopy, byFields, byPreallocated, bySubarray, byView } from "./contenders/by-hand.ts";
import {
  frameStream,
  itLengthPrefixed,
  lengthPrefixedStream,
  msgpackr,
  protobuf,
} from "./contenders/npm.ts";
import { ours, oursAllocating } from "./contenders/ours.ts";
import { connectionsReport, echoSamples } from "./echo.ts";
import { growthReport } from "./growth.ts";
import { layoutReport } from "./layouts.ts";
import { lookingGlassReport } from "./looking-glass.ts";
import {
  interleave,
  median,
  type Ratio,
  ratio,
  type Samples,
  type Timed,
  timePasses,
  useProcessorTime,
} from "./measure.ts";
import { memoryReport } from "./memory.ts";
import { moduleSide } from "./module-side.ts";
import { Native } from "./native.ts";
import { plot } from "./plot.ts";
import { receiveSamples } from "./receive.ts";
import { relayReport } from "./relay.ts";
import { frameSamples, sendSamples } from "./send.ts";
import { socketReport } from "./sockets.ts";
import { sizeReport, startReport } from "./start.ts";
import { tapReport } from "./tap.ts";
import {
  CHUNKS,
  type Contender,
  cut,
  messagesOf,
  PAYLOADS,
  Tally,
  type Workload,
  workload,
} from "./workload.ts";

/** A row of a table: the contender, its speed, and our ratio to it. */
interface Row {
  readonly section: string;
  readonly payload: string;
  readonly chunk: number;
  readonly name: string;
  readonly ns: number;
  /** Our speed divided by the contender's. */
  readonly ratio: Ratio;
}

async function decodeContender(c: Contender, load: Workload): Promise<Timed> {
  const messages = messagesOf(load);
  const wanted = new Tally();
  for (const m of messages) wanted.add(m.type, m.peerid, m.pid, m.data);
  const chunks = cut(await c.bytes(messages), load.chunk);
  const check = new Tally();
  await c.decode!(chunks, check);
  if (check.count !== wanted.count || check.sum !== wanted.sum) {
    throw new Error(`${c.name} does not give what was encoded (${load.name}, ${load.chunk})`);
  }
  const pass = (): number | Promise<number> => {
    const done = c.decode!(chunks, new Tally());
    return done === undefined ? messages.length : done.then(() => messages.length);
  };
  return { name: c.name, round: (ms) => timePasses(pass, ms) };
}

async function encodeContender(c: Contender, load: Workload): Promise<Timed> {
  const messages = messagesOf(load);
  const wanted = (await c.bytes(messages)).length;
  const got = await c.encode!(messages);
  if (got !== wanted) throw new Error(`${c.name} encodes ${got} bytes, not ${wanted}`);
  const pass = (): number | Promise<number> => {
    const done = c.encode!(messages);
    return typeof done === "number" ? messages.length : done.then(() => messages.length);
  };
  return { name: c.name, round: (ms) => timePasses(pass, ms) };
}

function rowsOf(section: string, payload: string, chunk: number, samples: Samples[]): Row[] {
  const [first] = samples;
  return samples.map((s) => ({
    section,
    payload,
    chunk,
    name: s.name,
    ns: median(s.ns),
    ratio: ratio(first!, s),
  }));
}

function show(rows: readonly Row[]): void {
  for (const { section, payload, chunk, name, ns, ratio: r } of rows) {
    const spread = `${r.median.toFixed(2)} (${r.low.toFixed(2)} to ${r.high.toFixed(2)})`;
    console.log(
      `${section.padEnd(8)} ${payload.padStart(6)} B  chunks ${String(chunk).padStart(6)}  ${name.padEnd(30)} ${ns.toFixed(1).padStart(10)} ns  the first is ${spread} times as fast`,
    );
  }
}

/** Runs the benchmark, and returns the command's exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      plots: { type: "string" },
      only: { type: "string" },
      compare: { type: "string" },
      cpu: { type: "boolean", default: false },
    },
  });
  // the processes at the other ends are not measured then
  if (values.cpu) useProcessorTime();
  const rounds = values.quick ? 3 : 15;
  const ms = values.quick ? 10 : 40;
  const wants = (section: string): boolean => values.only === undefined || values.only === section;
  const rows: Row[] = [];
  const report: Record<string, unknown> = {};
  const add = (section: string, payload: string, chunk: number, samples: Samples[]): void => {
    const more = rowsOf(section, payload, chunk, samples);
    rows.push(...more);
    show(more);
  };

  if (wants("c")) {
    const plain = new Native("build/bench/plain");
    const core = new Native("build/bench/core");
    for (const what of ["decode", "encode"] as const) {
      for (const payload of PAYLOADS) {
        const samples = await interleave(
          [
            moduleSide(what, payload, 65520),
            plain.timed("cc -O2, system's malloc", what, payload, 65520),
            core.timed("cc -O2, our allocator", what, payload, 65520),
          ],
          rounds,
          ms,
        );
        add(`c-${what}`, String(payload), 65520, samples);
      }
    }
    plain.close();
    core.close();
  }
  if (wants("decode")) {
    for (const chunk of CHUNKS) {
      for (const payload of [...PAYLOADS, "mix" as const]) {
        const load = workload(payload, chunk);
        const contenders = [
          ours(),
          bySubarray(),
          byView(),
          byCopy(),
          // its carry is not made for messages that are cut often
          ...(chunk === CHUNKS[0] ? [byFields()] : []),
          itLengthPrefixed(),
          lengthPrefixedStream(),
          frameStream(),
          protobuf(),
          msgpackr(),
        ];
        const timed: Timed[] = [];
        for (const c of contenders) timed.push(await decodeContender(c, load));
        add("decode", load.name, chunk, await interleave(timed, rounds, ms));
      }
    }
  }
  if (wants("encode")) {
    for (const payload of [...PAYLOADS, "mix" as const]) {
      const load = workload(payload, 65536);
      const contenders = [
        ours(),
        oursAllocating(),
        byPreallocated(),
        itLengthPrefixed(),
        lengthPrefixedStream(),
        frameStream(),
        protobuf(),
        msgpackr(),
      ];
      const timed: Timed[] = [];
      for (const c of contenders) timed.push(await encodeContender(c, load));
      add("encode", load.name, 65536, await interleave(timed, rounds, ms));
    }
  }
  if (wants("receive")) {
    for (const [size, samples] of await receiveSamples(values.quick, values.cpu)) {
      add("receive", String(size), 65536, samples);
    }
  }
  if (wants("send")) {
    for (const [size, samples] of await sendSamples(values.quick)) {
      add("send", String(size), 65536, samples);
    }
    for (const samples of await frameSamples(values.quick)) add("frames", "64", 65536, samples);
  }
  if (wants("echo")) {
    add("echo", "64", 65536, await echoSamples(values.quick, values.cpu));
    report.connections = await connectionsReport(values.quick);
  }
  if (wants("sockets")) report.sockets = await socketReport(values.quick);
  if (wants("relay")) report.relay = await relayReport(values.quick);
  if (wants("memory")) report.memory = await memoryReport(values.quick);
  if (wants("growth")) report.growth = await growthReport(values.quick);
  if (wants("layouts")) report.layouts = await layoutReport(values.quick);
  if (wants("tap")) report.tap = await tapReport(values.quick);
  // only by its name: it needs root, bgpd and Chromium
  if (values.only === "looking-glass") report.lookingGlass = await lookingGlassReport(values.quick);
  if (wants("start")) {
    report.start = startReport(values.quick ? 5 : 21);
    report.sizes = sizeReport();
  }
  if (values.plots !== undefined) plot(rows, values.plots);
  const result = { node: process.version, rows, ...report };
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (values.compare !== undefined) printComparison(values.compare, result);
  return 0;
}
