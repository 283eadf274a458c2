/** The time of a contender for one message in each round, in nanoseconds. */
export interface Samples {
  readonly name: string;
  readonly ns: number[];
}

/** Something to be timed: runs for about so many milliseconds, returns ns a message. */
export interface Timed {
  readonly name: string;
  round(ms: number): number | Promise<number>;
}

let processorTime = false;

/** Measures the processor time of this process from now on, for a machine that is busy with other work. */
export function useProcessorTime(): void {
  processorTime = true;
}

/** The time in nanoseconds: of the clock, or of the processors for this process. */
export function clock(): bigint {
  if (!processorTime) return process.hrtime.bigint();
  const { user, system } = process.cpuUsage();
  return BigInt(user + system) * 1000n;
}

/** Repeats a pass until the time is over. */
export async function timePasses(
  pass: () => number | Promise<number>,
  ms: number,
): Promise<number> {
  let messages = 0;
  const start = clock();
  const end = start + BigInt(Math.round(ms * 1e6));
  let now = start;
  do {
    const count = pass();
    messages += typeof count === "number" ? count : await count;
    now = clock();
  } while (now < end);
  return Number(now - start) / messages;
}

/** Runs the contenders in turn in each round, so that other load on the machine affects all alike. */
export async function interleave(
  contenders: readonly Timed[],
  rounds: number,
  ms: number,
): Promise<Samples[]> {
  const samples = contenders.map(({ name }) => ({ name, ns: [] as number[] }));
  for (const contender of contenders) await contender.round(ms); // warm up
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      // each round begins with another contender
      const at = (i + round) % contenders.length;
      samples[at]!.ns.push(await contenders[at]!.round(ms));
    }
  }
  return samples;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** How many times as fast the first is as the second: median and quartiles over rounds. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function ratio(ours: Samples, theirs: Samples): Ratio {
  const each = ours.ns.map((ns, i) => theirs.ns[i]! / ns);
  return {
    median: median(theirs.ns) / median(ours.ns),
    low: quantile(each, 0.25),
    high: quantile(each, 0.75),
  };
}
