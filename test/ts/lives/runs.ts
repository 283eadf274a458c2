import fc from "fast-check";
import { type Counts, lives, type Stage } from "./life.ts";
import type { Session } from "./real/session.ts";
import { realStage } from "./real/stage.ts";

/** Lives that are run between two looks at the count. */
const BATCH = 200;
const REAL_BATCH = 5;

export interface Outcome extends Counts {
  /** The description of a broken promise; undefined if all are kept. */
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

/** Describes the violation, and the command that repeats the life. */
function explain<T>(details: fc.RunDetails<T>): string {
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const text = fc.stringify(counterexample);
  const replay = /replayPath=\\?"([^"\\]*)/.exec(text)?.[1] ?? "";
  return [
    String(errorInstance),
    String((errorInstance as Error | undefined)?.stack),
    text,
    `to live it again: npm run lives -- --seed=${seed} --path=${counterexamplePath} --commands=${replay}`,
  ].join("\n");
}

/** One life that was lived before. */
export interface Replay {
  readonly seed: number;
  readonly path: string;
  readonly commands: string | undefined;
}

/** Where lives over real transports are lived: in this program, or in a browser's page. */
export interface Scene {
  readonly transports: readonly string[];
  /** Lives are not shortened, since time is real. */
  run(transport: string, steps: number, seed: number): Promise<Outcome>;
  /** Repeats one life. Returns the description of a broken promise. */
  again(transport: string, replay: Replay): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Lives one life again, over the scripted transport or on a stage. */
export async function again(
  { seed, path, commands: replayPath }: Replay,
  stage?: Stage,
): Promise<string | undefined> {
  const counts: Counts = { lives: 0, steps: 0 };
  const options = { seed, path, endOnFailure: true };
  const details = await fc.check(lives(counts, { replayPath, stage }), options);
  return details.failed ? explain(details) : undefined;
}

/** Lives over the transports of this program. */
export function sceneOf(sessions: Readonly<Record<string, () => Promise<Session>>>): Scene {
  async function on<T>(transport: string, live: (stage: Stage) => Promise<T>): Promise<T> {
    const session = await sessions[transport]!();
    try {
      return await live(await realStage(session));
    } finally {
      await session.stop();
    }
  }
  return {
    transports: Object.keys(sessions),
    run: (transport, steps, seed) =>
      on(transport, (stage) => run(steps, seed, { quick: true, stage })),
    again: (transport, replay) => on(transport, (stage) => again(replay, stage)),
    close: async () => {},
  };
}
