import process from "node:process";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { type Counts, lives, type Stage } from "./life.ts";
import { SESSIONS } from "./real/session.ts";
import { realStage } from "./real/stage.ts";

const usage = `usage: npm run lives -- [--steps N] [--seed S] [--quick] [--transport T]
       npm run lives -- --seed S --path P [--commands C]    lives one life again

Without --transport the transport is scripted and time is virtual. T is one or more of
${Object.keys(SESSIONS).join(",")}: real connections to a peer outside the library.
`;

/** Lives that are run between two looks at the count. */
const BATCH = 200;
const REAL_BATCH = 5;

export interface Outcome extends Counts {
  /** What a broken promise looks like; undefined if none is. */
  readonly violation: string | undefined;
}

/**
 * Runs lives until so many steps were taken, or a promise is broken. A quick run
 * does not look for the shortest life that breaks it.
 */
export async function run(
  steps: number,
  seed: number,
  { quick = false, stage }: { quick?: boolean; stage?: Stage } = {},
): Promise<Outcome> {
  const counts: Counts = { lives: 0, steps: 0 };
  for (let i = 0; counts.steps < steps; i++) {
    const details = await fc.check(lives(counts, { stage }), {
      seed: (Math.imul(seed, 1_000_003) + i) | 0,
      numRuns: stage === undefined ? BATCH : REAL_BATCH,
      endOnFailure: quick,
    });
    if (details.failed) return { ...counts, violation: explain(details) };
  }
  return { ...counts, violation: undefined };
}

/** Runs lives over a real transport. They are not shortened, since time is real. */
export const runReal = (transport: string, steps: number, seed: number): Promise<Outcome> =>
  onStage(transport, (stage) => run(steps, seed, { quick: true, stage }));

async function onStage<T>(transport: string, live: (stage: Stage) => Promise<T>): Promise<T> {
  const session = await SESSIONS[transport]!();
  try {
    return await live(await realStage(session));
  } finally {
    await session.stop();
  }
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
      transport: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const steps = Number(values.steps);
  const seed = Number(values.seed);
  const transports = values.transport?.split(",") ?? [];
  const known = transports.every((name) => Object.hasOwn(SESSIONS, name));
  if (values.help || !known || ![steps, seed].every(Number.isSafeInteger)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  if (values.path !== undefined) {
    const { path, commands } = values;
    return await again(transports[0], { seed, path, commands });
  }
  say(`seed: ${seed}`);
  if (transports.length === 0) return await told(run(steps, seed, { quick: values.quick }));
  let status = 0;
  for (const transport of transports) {
    say(`transport: ${transport}`);
    status ||= await told(runReal(transport, steps, seed));
  }
  return status;
}

/** Prints what has come of lives; returns the exit status. */
async function told(outcome: Promise<Outcome>): Promise<number> {
  const started = performance.now();
  const { lives, steps, violation } = await outcome;
  if (violation !== undefined) say(violation);
  say(`lives: ${lives}, seconds: ${((performance.now() - started) / 1000).toFixed(1)}`);
  say(`steps: ${steps}, violations: ${violation === undefined ? 0 : 1}`);
  return violation === undefined ? 0 : 1;
}

/** One life that was lived before. */
interface Replay {
  readonly seed: number;
  readonly path: string;
  readonly commands: string | undefined;
}

async function again(transport: string | undefined, replay: Replay): Promise<number> {
  const { seed, path, commands: replayPath } = replay;
  const counts: Counts = { lives: 0, steps: 0 };
  const live = (stage?: Stage) =>
    fc.check(lives(counts, { replayPath, stage }), { seed, path, endOnFailure: true });
  const details = await (transport === undefined ? live() : onStage(transport, live));
  say(details.failed ? explain(details) : "no promise is broken");
  return details.failed ? 1 : 0;
}
