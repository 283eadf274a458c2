import { expect, it } from "vitest";
import { findFault, findFaults } from "../../../helpers/planting.ts";
import { laws } from "./checker.ts";
import { faults } from "./fault-list.ts";

it("the laws of credit hold without a fault", async () => {
  expect(await findFault(laws, undefined)).toBeUndefined();
});

it("the laws of credit find every fault that is planted", async () => {
  const missed: string[] = [];
  await findFaults(
    () => laws,
    faults,
    ({ path, what }, how) => {
      if (how === undefined) missed.push(`${path}: ${what}`);
    },
  );
  expect(missed).toEqual([]);
});
