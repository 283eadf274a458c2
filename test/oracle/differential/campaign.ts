import fc from "fast-check";
import { programs as anyProgram } from "./generator.ts";
import { DriverDied, type Native } from "./native.ts";
import type { Program } from "./program.ts";
import { type Divergence, firstDifference } from "./transcript.ts";

/** Runs a program on the wrapper and returns its transcript. */
export interface Wasm {
  run(program: Program): string;
}

/** The number of programs of a batch: the driver gets a whole batch in one request. */
const BATCH = 250;

export interface Found extends Divergence {
  /** The program that diverges, as small as shrinking could make it. */
  readonly program: Program;
  /** How many operations were run before it was found. */
  readonly after: number;
}

export interface Outcome {
  readonly operations: number;
  readonly programs: number;
  readonly found: readonly Found[];
}

export interface Options {
  readonly operations: number;
  readonly seed: number;
  /** How many divergences to look for before giving up; 1 if absent. */
  readonly most?: number;
  readonly shrink?: boolean;
}

export function countOperations(programs: readonly Program[]): number {
  return programs.reduce((n, program) => n + program.length, 0);
}

/** fast-check's seed of a batch: neighbouring seeds share none. */
const batchSeed = (seed: number, number: number) => (seed * 100_003 + number) | 0;

/** The programs of one batch: the same for the same seed. */
export function batch(seed: number, number: number): Program[] {
  return fc.sample(anyProgram, { seed: batchSeed(seed, number), numRuns: BATCH });
}

/** Runs random programs on both sides until so many operations were compared. */
export async function campaign(wasm: Wasm, native: Native, options: Options): Promise<Outcome> {
  const { operations, seed, most = 1, shrink = true } = options;
  const found: Found[] = [];
  let done = 0;
  let ran = 0;
  for (let number = 0; done < operations && found.length < most; number++) {
    const programs = batch(seed, number);
    const theirs = await transcripts(native, programs);
    for (const [i, program] of programs.entries()) {
      const said = theirs?.[i] ?? (await transcript(native, program));
      const difference = firstDifference(wasm.run(program), said);
      if (difference === undefined) continue;
      const after = done + countOperations(programs.slice(0, i + 1));
      if (!shrink) found.push({ ...difference, program, after });
      else {
        const replay = { seed: batchSeed(seed, number), path: String(i) };
        found.push({ ...(await smallest(wasm, native, program, difference, replay)), after });
      }
      if (found.length >= most) break;
    }
    done += countOperations(programs);
    ran += programs.length;
  }
  return { operations: done, programs: ran, found };
}

/** The driver's transcripts of some programs; undefined if one of them killed the driver. */
async function transcripts(
  native: Native,
  programs: readonly Program[],
): Promise<string[] | undefined> {
  try {
    return await native.run(programs);
  } catch (error) {
    if (!(error instanceof DriverDied)) throw error;
    return undefined;
  }
}

async function transcript(native: Native, program: Program): Promise<string> {
  try {
    return (await native.run([program]))[0]!;
  } catch (error) {
    if (!(error instanceof DriverDied)) throw error;
    return error.message;
  }
}

/**
 * Makes a diverging program smaller: by fast-check's shrinking of the run that
 * made it, then by leaving out single operations, which stories keep together.
 */
async function smallest(
  wasm: Wasm,
  native: Native,
  program: Program,
  difference: Divergence,
  replay: { seed: number; path: string },
): Promise<Divergence & { readonly program: Program }> {
  let best = { ...difference, program };
  const diverges = async (candidate: Program): Promise<boolean> => {
    const theirs = await transcript(native, candidate);
    const still = firstDifference(wasm.run(candidate), theirs);
    if (still !== undefined) best = { ...still, program: candidate };
    return still !== undefined;
  };
  await fc.check(
    fc.asyncProperty(anyProgram, async (candidate) => !(await diverges(candidate))),
    replay,
  );
  for (let size = Math.ceil(best.program.length / 2); size >= 1; size >>= 1) {
    for (let at = 0; at < best.program.length; ) {
      const without = [...best.program.slice(0, at), ...best.program.slice(at + size)];
      if (!(await diverges(without))) at += size;
    }
  }
  return best;
}
