import { expect, it } from "vitest";
import { faults, findFaults, realFaults } from "./faults.ts";

it("the lives find every fault that is planted in channels and transports", async () => {
  const missed: string[] = [];
  await findFaults([...faults, ...realFaults], 1, ({ file, what }, how) => {
    if (how === undefined) missed.push(`${file}: ${what}`);
  });
  expect(missed).toEqual([]);
});
