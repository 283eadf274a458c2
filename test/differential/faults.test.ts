import { describe, expect, it } from "vitest";
import { Executor } from "./executor.ts";
import { applyFault, type Fault, faults, findFaults } from "./faults.ts";
import { loadInstance } from "./instance.ts";

const fault: Fault = { id: 0, file: "a.c", line: 2, from: "<", to: "<=", what: "an edge" };

describe("faults in a copy of the original", () => {
  it("are all found by the programs of one seed", { timeout: 300_000 }, async () => {
    const sightings = await findFaults(new Executor(loadInstance()), 5, () => {});
    const missed = faults.filter(({ id }) => sightings.get(id) === undefined);
    expect(missed).toEqual([]);
    expect(sightings.size).toBeGreaterThanOrEqual(30);
  });

  it("are edits of one token, which is not part of another", () => {
    expect(applyFault("a < b\nc <= d < e\n", fault)).toBe("a < b\nc <= d <= e\n");
  });

  it("are refused when the token is not on its line", () => {
    expect(() => applyFault("a < b\nc <= d\n", fault)).toThrow("a.c:2 has no token <");
  });

  it("are refused when the token could be one of two", () => {
    expect(() => applyFault("\na < b < c\n", fault)).toThrow("say which");
    expect(applyFault("\na < b < c\n", { ...fault, nth: 2 })).toBe("\na < b <= c\n");
  });
});
