/** How many calls the properties of this folder make. */

/** The number of calls of each property: its own number, or IMSG_HOSTILE_CALLS (100,000 in the full form). */
export function callsOf(quick: number): number {
  const calls = Number(process.env.IMSG_HOSTILE_CALLS ?? quick);
  // debug mode records a stack for each object, and vitest maps every frame of it: half of the time
  if (calls > quick) Error.stackTraceLimit = 0;
  return calls;
}

/** Milliseconds within which so many calls end, also on a machine that is busy. */
export const patience = (calls: number): number => 120_000 + 30 * calls;
