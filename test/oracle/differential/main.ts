import { parseArgs } from "node:util";
import { campaign, type Found } from "./campaign.ts";
import { Executor } from "./executor.ts";
import { type Fault, findFaults, runFault } from "./faults.ts";
import { loadInstance } from "./instance.ts";
import { buildDriver, Native } from "./native.ts";
import { describe, serialize } from "./program.ts";

const usage = `usage: npm run differential -- [--ops N] [--seed S] [--most D]
       npm run differential -- --fault N [--seed S] | --faults [--seed S]
`;

/** Runs the test, and returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ops: { type: "string", default: "200000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      most: { type: "string", default: "1" },
      fault: { type: "string" },
      faults: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const operations = Number(values.ops);
  const seed = Number(values.seed);
  const most = Number(values.most);
  if (values.help || ![operations, seed, most].every(Number.isSafeInteger)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  if (values.faults) return await allFaults(seed);
  if (values.fault !== undefined) return await oneFault(Number(values.fault), seed);
  return await compare({ operations, seed, most });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function compare(options: { operations: number; seed: number; most: number }) {
  say(`seed: ${options.seed}`);
  const native = new Native(await buildDriver());
  const started = performance.now();
  try {
    const outcome = await campaign(new Executor(loadInstance()), native, options);
    for (const found of outcome.found) say(explain(found));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`programs: ${outcome.programs}, seconds: ${seconds}`);
    say(`operations: ${outcome.operations}, divergences: ${outcome.found.length}`);
    return outcome.found.length === 0 ? 0 : 1;
  } finally {
    native.stop();
  }
}

const name = (fault: Fault) =>
  `fault ${fault.id} (${fault.file}:${fault.line} ${fault.from} -> ${fault.to}: ${fault.what})`;

async function oneFault(id: number, seed: number): Promise<number> {
  say(`seed: ${seed}`);
  const { fault, found } = await runFault(id, new Executor(loadInstance()), seed);
  if (found !== undefined) say(explain(found));
  say(`${name(fault)}: ${found === undefined ? "NOT FOUND" : `after ${found.after} operations`}`);
  return found === undefined ? 1 : 0;
}

async function allFaults(seed: number): Promise<number> {
  say(`seed: ${seed}`);
  const sightings = await findFaults(new Executor(loadInstance()), seed, (fault, sighting) => {
    const result =
      sighting === undefined ? "NOT FOUND" : `after ${sighting.after} operations: ${sighting.how}`;
    say(`${name(fault)}: ${result}`);
  });
  const found = [...sightings.values()].filter((sighting) => sighting !== undefined).length;
  say(`faults: ${sightings.size}, found: ${found}`);
  return found === sightings.size ? 0 : 1;
}

/** Describes a divergence: the program in words, and the first lines that differ. */
export function explain(found: Found): string {
  return [
    `divergence after ${found.after} operations; the smallest program that shows it:`,
    describe(found.program),
    `  before: ${found.before}`,
    `  wasm:   ${found.wasm}`,
    `  native: ${found.native}`,
    "the same for the driver:",
    serialize(found.program),
  ].join("\n");
}
