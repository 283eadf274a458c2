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

  // all of them take minutes: faults.long.ts
  it("find the faults that are planted in the channel: every twelfth, from another one each time", async () => {
    const start = Math.floor(Math.random() * 12);
    const missed: string[] = [];
    const some = faults.filter((_, i) => i % 12 === start);
    await findFaults(some, 1, ({ file, what }, how) => {
      if (how === undefined) missed.push(`${file}: ${what}`);
    });
    expect(missed).toEqual([]);
  }, 300_000);
});
