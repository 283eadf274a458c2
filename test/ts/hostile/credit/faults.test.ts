import { describe, expect, it } from "vitest";
import { findFaults, plant } from "../../../helpers/planting.ts";
import { laws } from "./checker.ts";
import { faults } from "./fault-list.ts";

describe("the laws of credit", () => {
  it("have faults to find whose texts are in the source", () => {
    for (const fault of faults) expect(plant(fault)).not.toBe("");
    expect(faults.length).toBeGreaterThanOrEqual(38);
  });

  // all of them take minutes: faults.long.ts
  it("find a fault of a port, of a socket and of the relay", async () => {
    const words = ["a port's sender counts nothing", "a frame is not checked", "may send without"];
    const some = faults.filter(({ what }) => words.some((part) => what.includes(part)));
    const missed: string[] = [];
    await findFaults(
      () => laws,
      some,
      ({ what }, how) => {
        if (how === undefined) missed.push(what);
      },
    );
    expect(some.length).toBe(3);
    expect(missed).toEqual([]);
  }, 120_000);
});
