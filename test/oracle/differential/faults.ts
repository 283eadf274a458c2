import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, campaign, countOperations, type Found, type Wasm } from "./campaign.ts";
import { faultRows } from "./fault-list.ts";
import { buildDriver, buildVariant, DriverDied, Native } from "./native.ts";
import { buildOwn, lineNumber, ownFaultRows } from "./own-faults.ts";
import type { Program } from "./program.ts";
import { firstDifference } from "./transcript.ts";

/**
 * Tests the test: plants faults in a copy of the original or of our own code, each an
 * edit of a single token. The random programs must find every fault.
 */
export interface Fault {
  readonly id: number;
  /** The file: the name of one of the original, the path of one of ours. */
  readonly file: string;
  /** The line, from 1. */
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** The number of the token on the line, from 1. */
  readonly nth?: number;
  readonly what: string;
}

export const UPSTREAM = "c-src/upstream";

/** After so many operations a fault counts as not found. */
export const PATIENCE = 400_000;

type Row = readonly [line: number, from: string, to: string, what: string, nth?: number];

function fault(id: number, file: string, [line, from, to, what, nth]: Row): Fault {
  return { id, file, line, from, to, what, ...(nth === undefined ? {} : { nth }) };
}

/** The faults of the original, numbered in the order of the list. */
const originalFaults = faultRows.map(([file, ...row], i) => fault(i + 1, file, row));

/** The faults of the kernel and of the host values below the wrapper, with the next numbers. */
const ownFaults = ownFaultRows.map(([file, line, ...row], i) =>
  fault(faultRows.length + i + 1, file, [lineNumber(readFileSync(file, "utf8"), line), ...row]),
);

/** All faults. */
export const faults: readonly Fault[] = [...originalFaults, ...ownFaults];

const token = /[A-Za-z_]\w*|\d\w*|\+\+|--|->|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|<<|>>|[^\s\w]/g;

/**
 * The text with the fault's token replaced. Refuses if the token is not on its
 * line, or is there more than once and the fault does not say which it means.
 */
export function applyFault(text: string, fault: Fault): string {
  const lines = text.split("\n");
  const line = lines[fault.line - 1] ?? "";
  const places = [...line.matchAll(token)].filter(([found]) => found === fault.from);
  const where = `fault ${fault.id}: ${fault.file}:${fault.line}`;
  if (places.length === 0) throw new Error(`${where} has no token ${fault.from}`);
  if (places.length > 1 && fault.nth === undefined) {
    throw new Error(`${where} has ${places.length} tokens ${fault.from}: say which`);
  }
  const place = places[(fault.nth ?? 1) - 1];
  if (place === undefined) throw new Error(`${where} has no token ${fault.from} no. ${fault.nth}`);
  const at = place.index;
  lines[fault.line - 1] = line.slice(0, at) + fault.to + line.slice(at + fault.from.length);
  return lines.join("\n");
}

/** Builds a driver with the fault, and removes the copy of the original. */
async function buildFaulty(fault: Fault): Promise<Native> {
  const copy = mkdtempSync(join(tmpdir(), "imsg-fault-"));
  try {
    cpSync(UPSTREAM, copy, { recursive: true });
    const path = join(copy, fault.file);
    writeFileSync(path, applyFault(readFileSync(path, "utf8"), fault));
    return new Native(await buildVariant(copy, fault.file, `fault-${fault.id}`));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const isOwn = (fault: Fault) => fault.file.includes("/");
const buildFaultyWasm = (fault: Fault) => buildOwn(fault.file, (text) => applyFault(text, fault));

/** The side that has the fault: the driver, or the wrapper. */
interface Side {
  run(programs: readonly Program[]): Promise<string[]>;
  stop(): void;
}

async function faultySide(fault: Fault): Promise<Side> {
  if (!isOwn(fault)) return await buildFaulty(fault);
  const wasm = await buildFaultyWasm(fault);
  return { run: async (programs) => programs.map((p) => transcript(wasm, p)), stop: () => {} };
}

/** Runs also for a wrapper that has trapped. */
function transcript(wasm: Wasm, program: Program): string {
  try {
    return wasm.run(program);
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

const UNPROVEN = "the two sides diverge without a fault: run the test without one first";

interface Batch {
  readonly programs: readonly Program[];
  readonly transcripts: readonly string[];
}

/**
 * The wrapper's transcripts of a seed's programs, made once for all faults. The
 * driver without a fault must print the same, or the test would prove nothing.
 */
export class Expected {
  readonly #wasm: Wasm;
  readonly #healthy: Native;
  readonly #seed: number;
  readonly #batches: Promise<Batch>[] = [];

  constructor(wasm: Wasm, healthy: Native, seed: number) {
    this.#wasm = wasm;
    this.#healthy = healthy;
    this.#seed = seed;
  }

  batch(number: number): Promise<Batch> {
    this.#batches[number] ??= this.#make(number);
    return this.#batches[number];
  }

  async #make(number: number): Promise<Batch> {
    // the driver answers one request after the other
    if (number > 0) await this.batch(number - 1);
    const programs = batch(this.#seed, number);
    const transcripts = programs.map((program) => this.#wasm.run(program));
    const theirs = await this.#healthy.run(programs);
    if (transcripts.some((transcript, i) => transcript !== theirs[i])) {
      throw new Error(UNPROVEN);
    }
    return { programs, transcripts };
  }
}

export interface Sighting {
  /** The number of operations until the fault was found. */
  readonly after: number;
  readonly how: string;
}

/** The divergence by which a fault is found; undefined if it is not found. */
export async function findFault(expected: Expected, fault: Fault): Promise<Sighting | undefined> {
  const side = await faultySide(fault);
  let done = 0;
  try {
    for (let number = 0; done < PATIENCE; number++) {
      const { programs, transcripts } = await expected.batch(number);
      let said: string[];
      try {
        said = await side.run(programs);
      } catch (error) {
        if (!(error instanceof DriverDied)) throw error;
        return { after: done + countOperations(programs), how: error.message };
      }
      for (const [i, transcript] of transcripts.entries()) {
        done += programs[i]!.length;
        const difference = firstDifference(said[i]!, transcript);
        if (difference === undefined) continue;
        return { after: done, how: `${difference.wasm}, not${afterName(difference.native)}` };
      }
    }
    return undefined;
  } finally {
    side.stop();
  }
}

/** Looks for the faults, two at a time, and reports each result. */
export async function findFaults(
  wasm: Wasm,
  seed: number,
  tell: (fault: Fault, sighting: Sighting | undefined) => void,
  planted: readonly Fault[] = faults,
): Promise<Map<number, Sighting | undefined>> {
  const healthy = new Native(await buildDriver());
  const expected = new Expected(wasm, healthy, seed);
  const sightings = new Map<number, Sighting | undefined>();
  const waiting = planted.values();
  const work = async () => {
    for (const fault of waiting) {
      const sighting = await findFault(expected, fault);
      sightings.set(fault.id, sighting);
      tell(fault, sighting);
    }
  };
  try {
    await Promise.all([work(), work()]);
    return sightings;
  } finally {
    healthy.stop();
  }
}

const afterName = (line: string) => line.replace(/^\S+ ?\S*/, "");

/** Runs the campaign against one fault and shows the smallest program. */
export async function runFault(
  id: number,
  wasm: Wasm,
  seed: number,
): Promise<{ fault: Fault; found: Found | undefined }> {
  const fault = faults.find((candidate) => candidate.id === id);
  if (fault === undefined) throw new Error(`there is no fault ${id}`);
  const healthy = new Native(await buildDriver());
  const native = isOwn(fault) ? healthy : await buildFaulty(fault);
  const altered = isOwn(fault) ? await buildFaultyWasm(fault) : wasm;
  const guarded = { run: (program: Program) => transcript(altered, program) };
  try {
    const { found } = await campaign(guarded, native, { operations: PATIENCE, seed });
    if (found[0] === undefined) return { fault, found: undefined };
    const [said] = await healthy.run([found[0].program]);
    if (said !== wasm.run(found[0].program)) throw new Error(UNPROVEN);
    return { fault, found: found[0] };
  } finally {
    native.stop();
    healthy.stop();
  }
}
