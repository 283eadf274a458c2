/** Parts that the hostile suites share: the number of attempts, the seeds, and the figures at the end. */
import { randomInt } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, expect } from "vitest";
import { gc } from "../../helpers/memory.ts";

/** How many attempts a suite makes with each seed: IMSG_HOSTILE_ATTEMPTS in all. */
const ATTEMPTS = Number(process.env.IMSG_HOSTILE_ATTEMPTS || 10_000);
const FIXED = 20261128;
/** A fixed and a random seed, or the one to repeat. */
export const seeds: readonly number[] = process.env.IMSG_HOSTILE_SEED
  ? [Number(process.env.IMSG_HOSTILE_SEED)]
  : [FIXED, randomInt(2 ** 31)];
export const attempts: number = Math.ceil(ATTEMPTS / seeds.length);

const lines: string[] = [];
afterAll(() => console.log(lines.join("\n")));
/** Prints a line at the end. */
export const note = (line: string): void => void lines.push(line);

/** Resident bytes of this process, without garbage. */
export function ownResident(): number {
  gc();
  gc();
  return process.memoryUsage.rss();
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)}`;

/** Counts the attempts of a run, and measures memory at its start and after each quarter. */
export class Run {
  readonly #name: string;
  readonly #resident: () => number;
  readonly #delay = monitorEventLoopDelay({ resolution: 5 });
  readonly #memory: number[];
  #done = 0;
  /** The number of attempts by their outcome. */
  readonly counts: Record<string, number> = {};

  constructor(name: string, seed: number, resident: () => number = ownResident) {
    this.#name = `${name}, seed ${seed}`;
    this.#resident = resident;
    this.#memory = [resident()];
    this.#delay.enable();
  }

  /** Whether there are attempts left. */
  get goesOn(): boolean {
    return this.#done < attempts;
  }

  /** Counts attempts. Returns true if a quarter is full: memory is measured then. */
  add(count: number): boolean {
    const before = Math.floor((this.#done / attempts) * 4);
    this.#done += count;
    const now = Math.min(4, Math.floor((this.#done / attempts) * 4));
    if (now === before) return false;
    // the collector's own pause is none of the library's
    this.#delay.disable();
    while (this.#memory.length <= now) this.#memory.push(this.#resident());
    this.#delay.enable();
    return true;
  }

  /** Counts the outcome of an attempt. */
  note(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** Prints the figures, and asserts that memory was flat after the first half. */
  finish(more: Record<string, string | number> = {}): void {
    this.#delay.disable();
    const [first, last] = [this.#memory.slice(0, 3), this.#memory.slice(3)];
    const figures = Object.entries({ ...this.counts, ...more }).map(([key, n]) => `${n} ${key}`);
    lines.push(
      [
        `${this.#name}: ${this.#done} attempts`,
        `memory ${this.#memory.map(mb).join(", ")} MB at 0, 25, 50, 75, 100 %`,
        `longest pause of this process ${(this.#delay.max / 1e6).toFixed(0)} ms`,
        ...figures,
      ].join("; "),
    );
    expect(this.#memory.length).toBe(5);
    // a short run is not warm after its first half
    const margin = attempts < 100_000 ? 64e6 : 16e6;
    expect(Math.max(...last) - Math.max(...first)).toBeLessThan(margin);
  }
}

/** Collects errors that nothing has caught. */
export function watchUncaught(): { errors: unknown[]; stop(): void } {
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  process.on("uncaughtException", note).on("unhandledRejection", note);
  return {
    errors,
    stop: () => void process.off("uncaughtException", note).off("unhandledRejection", note),
  };
}
