// Many bad clients beside good ones, at a server in Node, Deno or Bun: `npm run crowd`.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { KINDS } from "./bad.ts";
import { type CrowdOptions, crowd } from "./crowd.ts";

const { values } = parseArgs({
  options: {
    bad: { type: "string", default: "100000" },
    good: { type: "string", default: "1000" },
    "at-once": { type: "string", default: "100" },
    over: { type: "string", default: "tcp,unix" },
    runtime: { type: "string", default: "node,deno,bun" },
    seed: { type: "string", default: String(Date.now() >>> 0) },
    help: { type: "boolean", default: false },
  },
});

const HELP = `npm run crowd -- [--bad N] [--good N] [--at-once N] [--over tcp,unix,descriptors]
  [--runtime node,deno,bun] [--seed N]

Connects N bad clients, which ${KINDS.join("; ")}, beside N good ones that ask and
must be answered. Fails if a good client notices, if the server has an unhandled
rejection, or if its descriptors or memory grow.`;

const COMMANDS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  node: [process.execPath, "--expose-gc"],
  deno: ["build/runtimes/deno/node_modules/.bin/deno", "run", "-A", "--v8-flags=--expose-gc"],
  bun: ["build/runtimes/bun/node_modules/.bin/bun", "--expose-gc"],
};
/** How much larger the server's memory may be at the end than it was in the first half, in bytes. */
const GROWTH = 16 * 1024 * 1024;

const mebibytes = (bytes: number): string => `${(bytes / 1048576).toFixed(1)} MiB`;
const log = (line: string): void => console.log(line);

/** Runs one crowd. Returns its violations. */
async function one(runtime: string, over: CrowdOptions["over"], file: string): Promise<string[]> {
  const [command, ...args] = COMMANDS[runtime]!;
  const seed = Number(values.seed);
  log(`${runtime} over ${over}, seed ${seed}:`);
  const { figures, answers, failures, refused, slowest, seconds } = await crowd({
    command: [command, ...args, file],
    ...{ over, seed, log },
    ...{ bad: Number(values.bad), good: Number(values.good), atOnce: Number(values["at-once"]) },
  });
  const [before, after] = [figures[0]!, figures.at(-1)!];
  // a collection may come just before one of the figures: the largest of the first half counts
  const half = Math.max(
    ...figures.slice(0, Math.ceil(figures.length / 2)).map(({ resident }) => resident),
  );
  log(
    `${answers} answers to ${values.good} good clients, the slowest after ${slowest.toFixed(0)} ms, ` +
      `beside ${values.bad} bad ones in ${seconds.toFixed(1)} s; failures: ${failures.length}`,
  );
  log(
    `descriptors: ${before.descriptors} before, ${after.descriptors} after; memory: ` +
      `${mebibytes(before.resident)}, at most ${mebibytes(half)} in the first half, ${mebibytes(after.resident)} at the end`,
  );
  log(`errors of the server's handlers: ${JSON.stringify(after.errors)}`);
  return [
    ...failures.slice(0, 5),
    ...refused.slice(0, 5),
    ...after.unhandled.slice(0, 5),
    ...(after.descriptors > before.descriptors + 4 ? ["the server has kept descriptors"] : []),
    ...(after.channels !== Number(values.good)
      ? [`the server has ${after.channels} channels`]
      : []),
    ...(after.resident > half + GROWTH ? ["the server's memory has grown"] : []),
  ];
}

if (values.help) log(HELP);
else {
  await mkdir("build/crowd", { recursive: true });
  const file = "build/crowd/server.mjs";
  await build({
    entryPoints: ["test/ts/transports/crowd/server.ts"],
    ...{ bundle: true, format: "esm", platform: "node", target: "node20" },
    ...{ external: ["koffi"], outfile: file, logLevel: "silent" },
  });
  for (const runtime of values.runtime.split(",")) {
    if (!existsSync(COMMANDS[runtime]![0])) throw new Error(`${runtime} is not installed`);
    for (const over of values.over.split(",")) {
      const wrong = await one(runtime, over as CrowdOptions["over"], file);
      for (const line of wrong) console.error(`wrong: ${line}`);
      if (wrong.length > 0) process.exitCode = 1;
    }
  }
}
