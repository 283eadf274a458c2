import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batch, campaign } from "./campaign.ts";
import { containments } from "./containments.ts";
import { Executor } from "./executor.ts";
import { loadInstance } from "./instance.ts";
import { explain } from "./main.ts";
import { moves } from "./moves.ts";
import { buildDriver, Native } from "./native.ts";
import { coveredFunctions, operations } from "./operations.ts";
import { parseProgram } from "./program.ts";

const OPERATIONS = 200_000;

let native: Native;
beforeAll(async () => {
  native = new Native(await buildDriver());
});
afterAll(() => native.stop());

/** The transcript of a program, if both sides print the same. */
async function bothSay(text: string): Promise<string[]> {
  const program = parseProgram(text);
  const [theirs] = await native.run([program]);
  const ours = new Executor(loadInstance()).run(program);
  expect(ours).toBe(theirs);
  return ours.split("\n");
}

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
      expect(await bothSay(text)).toContain(line);
    },
  );

  it.each(moves)("both say that a value $name", async ({ program, lines }) => {
    expect(await bothSay(program)).toEqual(expect.arrayContaining([...lines]));
  });
});

describe("the programs", () => {
  const sample = Array.from({ length: 13 }, (_, i) => batch(1, i)).flat();
  let transcripts: string[];
  beforeAll(async () => {
    transcripts = await native.run(sample);
  });

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

  it.each([
    ["move with a piece", / moved \d+#\d+ to /],
    ["arrive with a message", / iget = .* with \d+#\d+/],
    ["are taken by their number", / fdtake = #/],
    ["are taken from the written bytes", / take = \S+ .*\d:\d+#/],
    ["are opened again", / fdagain = \d+#/],
    ["are passed on, several at once", / pass \d+#\d+ \d+#\d+ ok/],
    ["are closed as they are read", / iread = 1 closed \d+#/],
    ["are closed with a message", / (mfree|iget) .*closed \d+#/],
    ["are closed with a queue", / (clear|qclear) ok.* closed \d+#/],
    ["are closed by their successor", / fdset ok .*closed \d+#/],
    ["are gone with a socket", / closesock ok closed \d+.* gone #/],
    ["are gone after their number", / moved (\d+#\d+) to .* closed \1(?! gone)/],
    ["outlast the program", /^end.* kept #/m],
  ])("have values that %s", (_, pattern) => {
    let count = 0;
    for (const transcript of transcripts) if (pattern.test(transcript)) count++;
    expect(count).toBeGreaterThanOrEqual(10);
  });

  it("call every function of the original many times", async () => {
    const driver = new Native(await buildDriver());
    try {
      await driver.run(sample);
      const calls = await driver.calls();
      expect([...calls.keys()].sort()).toEqual(coveredFunctions);
      expect([...calls].filter(([, count]) => count < 50)).toEqual([]);
    } finally {
      driver.stop();
    }
  });
});
