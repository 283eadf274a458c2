import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batch, campaign } from "./campaign.ts";
import { containments } from "./containments.ts";
import { Executor } from "./executor.ts";
import { loadInstance } from "./instance.ts";
import { explain } from "./main.ts";
import { buildDriver, Native } from "./native.ts";
import { coveredFunctions, operations } from "./operations.ts";
import { parseProgram } from "./program.ts";

const OPERATIONS = 200_000;

let native: Native;
beforeAll(async () => {
  native = new Native(await buildDriver());
});
afterAll(() => native.stop());

describe("the wrapper and the original run natively", () => {
  it.each([
    ["a fixed seed", 20241129],
    ["a fresh seed", Date.now() % 1_000_000_000],
  ])("say the same of random programs with %s (%i)", async (_, seed) => {
    const wasm = new Executor(loadInstance());
    const outcome = await campaign(wasm, native, { operations: OPERATIONS, seed });
    console.log(`seed ${seed}: ${outcome.operations} operations`);
    expect(outcome.found.map(explain)).toEqual([]);
    expect(outcome.operations).toBeGreaterThanOrEqual(OPERATIONS);
  });

  it.each(containments.filter((containment) => containment.example !== undefined))(
    "both contain $name",
    async ({ example }) => {
      const [text, line] = example!;
      const program = parseProgram(text);
      const [theirs] = await native.run([program]);
      const ours = new Executor(loadInstance()).run(program);
      expect(ours.split("\n")).toContain(line);
      expect(ours).toBe(theirs);
    },
  );
});

describe("the programs", () => {
  it("have every function of imsg.h as the purpose of an operation", () => {
    const header = readFileSync("c-src/upstream/imsg.h", "utf8");
    const functions = [...header.matchAll(/\b((?:ibuf|msgbuf|imsgbuf|imsg)_\w+)\s*\(/g)];
    const names = functions.map(([, name]) => name!).sort();
    expect(coveredFunctions).toEqual(names);
    expect(names).toHaveLength(79);
  });

  it("are known to the driver, operation for operation", async () => {
    expect(await native.operations()).toEqual(Object.keys(operations).sort());
  });

  it("call every function of the original many times", async () => {
    const driver = new Native(await buildDriver());
    try {
      for (let i = 0; i < 13; i++) await driver.run(batch(1, i));
      const calls = await driver.calls();
      expect([...calls.keys()].sort()).toEqual(coveredFunctions);
      expect([...calls].filter(([, count]) => count < 50)).toEqual([]);
    } finally {
      driver.stop();
    }
  });
});
