import { describe, expect, it } from "vitest";
import { batch } from "./campaign.ts";
import { Executor } from "./executor.ts";
import { applyFault, type Fault, faults, findFaults } from "./faults.ts";
import { loadInstance } from "./instance.ts";
import { buildOwn, lineNumber } from "./own-faults.ts";

const fault: Fault = { id: 0, file: "a.c", line: 2, from: "<", to: "<=", what: "an edge" };

describe("faults in a copy of the original, of our kernel or of the host values", () => {
  // all of them take more than a minute: faults.long.ts
  it("are found by the programs of one seed: every eighth of them, from another one each time", async () => {
    const start = Math.floor(Math.random() * 8);
    const some = faults.filter(({ id }) => id % 8 === start);
    const sightings = await findFaults(new Executor(loadInstance()), 5, () => {}, some);
    expect(some.filter(({ id }) => sightings.get(id) === undefined)).toEqual([]);
    expect(sightings.size).toBeGreaterThanOrEqual(15);
  });

  it.each(["c-src/libc/file.c", "ts/module/host-values.ts"])(
    "are what shows: a copy in which %s is not altered says the same",
    async (file) => {
      const copy = await buildOwn(file, (text) => `${text}\n`);
      const healthy = new Executor(loadInstance());
      for (const program of batch(5, 0)) expect(copy.run(program)).toBe(healthy.run(program));
    },
  );

  it("are edits of one token, which is not part of another", () => {
    expect(applyFault("a < b\nc <= d < e\n", fault)).toBe("a < b\nc <= d <= e\n");
  });

  it("are refused when the token is not on its line", () => {
    expect(() => applyFault("a < b\nc <= d\n", fault)).toThrow("a.c:2 has no token <");
  });

  it("are refused when a line of ours is not there any more, or twice", () => {
    expect(lineNumber("a\nb\na", "b")).toBe(2);
    expect(() => lineNumber("a\nb\na", "c")).toThrow('there is no line "c"');
    expect(() => lineNumber("a\nb\na", "a")).toThrow('there are two lines "a"');
  });

  it("are refused when the token could be one of two", () => {
    expect(() => applyFault("\na < b < c\n", fault)).toThrow("say which");
    expect(applyFault("\na < b < c\n", { ...fault, nth: 2 })).toBe("\na < b <= c\n");
  });
});
