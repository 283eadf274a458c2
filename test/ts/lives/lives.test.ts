import { describe, expect, it } from "vitest";
import { run } from "./runs.ts";

const STEPS = 10_000;

describe("a channel keeps every promise of docs/lifecycle.md", () => {
  it.each([
    ["the same lives", 20],
    ["other lives each time", Date.now() % 1_000_000],
  ])(`in %s, of ${STEPS} steps, with seed %i`, async (_, seed) => {
    const { steps, violation } = await run(STEPS, seed);
    expect(violation).toBe(undefined);
    expect(steps).toBeGreaterThanOrEqual(STEPS);
  });
});
