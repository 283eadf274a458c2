import { expect, it } from "vitest";
import { Executor } from "./executor.ts";
import { faults, findFaults } from "./faults.ts";
import { loadInstance } from "./instance.ts";

it("all faults in a copy of the original, of our kernel or of the host values are found by the programs of one seed", async () => {
  const sightings = await findFaults(new Executor(loadInstance()), 5, () => {});
  expect(faults.filter(({ id }) => sightings.get(id) === undefined)).toEqual([]);
  expect(sightings.size).toBeGreaterThanOrEqual(142);
});
