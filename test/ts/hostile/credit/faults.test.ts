import { describe, expect, it } from "vitest";
import { findFault, plant } from "../../../helpers/planting.ts";
import { laws } from "./checker.ts";
import { faults } from "./fault-list.ts";

describe("the laws of credit", () => {
  it("have faults to find whose texts are in the source", () => {
    for (const fault of faults) expect(plant(fault)).not.toBe("");
    expect(faults.length).toBeGreaterThanOrEqual(38);
  });

  // all of them take minutes: faults.long.ts
  it("find that a port's sender counts nothing", async () => {
    const [fault] = faults.filter(({ what }) => what === "a port's sender counts nothing");
    expect(await findFault(laws, fault!)).toBeDefined();
  }, 120_000);
});
