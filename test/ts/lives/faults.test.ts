import { describe, expect, it } from "vitest";
import { faults, findFaults, plant, realFaults } from "./faults.ts";

describe("the lives", () => {
  it("have faults to find whose texts are in the channel", () => {
    expect(faults.length).toBeGreaterThanOrEqual(40);
    expect(realFaults.length).toBeGreaterThanOrEqual(15);
    const all = [...faults, ...realFaults];
    for (const fault of all) expect(plant(fault)).not.toBe("");
    expect(new Set(all.map(({ file, what }) => file + what)).size).toBe(all.length);
  });

  it("find every fault that is planted in the channel", async () => {
    const missed: string[] = [];
    await findFaults(faults, 1, ({ file, what }, how) => {
      if (how === undefined) missed.push(`${file}: ${what}`);
    });
    expect(missed).toEqual([]);
  }, 600_000);
});
