import process from "node:process";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { type Counts, lives } from "./life.ts";

const usage = `usage: npm run lives -- [--steps N] [--seed S] [--quick]
       npm run lives -- --seed S --path P [--commands C]    lives one life again
`;

/** Lives that are run between two looks at the count. */
const BATCH = 200;

export interface Outcome extends Counts {
  /** What a broken promise looks like; undefined if none is. */
  readonly violation: string | undefined;
}

/**
 * Runs lives until so many steps were taken, or a promise is broken. A quick run
 * does not look for the shortest life that breaks it.
 */
export async function run(steps: number, seed: number, quick = false): Promise<Outcome> {
  const counts: Counts = { lives: 0, steps: 0 };
  for (let i = 0; counts.steps < steps; i++) {
    const details = await fc.check(lives(counts), {
      seed: (Math.imul(seed, 1_000_003) + i) | 0,
      numRuns: BATCH,
      endOnFailure: quick,
    });
    if (details.failed) return { ...counts, violation: explain(details) };
  }
  return { ...counts, violation: undefined };
}

function explain<T>(details: fc.RunDetails<T>): string {
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const text = fc.stringify(counterexample);
  const replay = /replayPath=\\?"([^"\\]*)/.exec(text)?.[1] ?? "";
  return [
    String((errorInstance as Error | undefined)?.stack ?? errorInstance),
    text,
    `to live it again: npm run lives -- --seed ${seed} --path ${counterexamplePath} --commands ${replay}`,
  ].join("\n");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs the test; returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: "string", default: "20000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      path: { type: "string" },
      commands: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const steps = Number(values.steps);
  const seed = Number(values.seed);
  if (values.help || ![steps, seed].every(Number.isSafeInteger)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  if (values.path !== undefined) return await again(seed, values.path, values.commands);
  say(`seed: ${seed}`);
  const started = performance.now();
  const { lives, steps: taken, violation } = await run(steps, seed, values.quick);
  if (violation !== undefined) say(violation);
  say(`lives: ${lives}, seconds: ${((performance.now() - started) / 1000).toFixed(1)}`);
  say(`steps: ${taken}, violations: ${violation === undefined ? 0 : 1}`);
  return violation === undefined ? 0 : 1;
}

async function again(seed: number, path: string, commands: string | undefined): Promise<number> {
  const counts: Counts = { lives: 0, steps: 0 };
  const details = await fc.check(lives(counts, undefined, commands), {
    seed,
    path,
    endOnFailure: true,
  });
  say(details.failed ? explain(details) : "no promise is broken");
  return details.failed ? 1 : 0;
}
