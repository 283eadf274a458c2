/** The collections that the relay requests from V8 under load, so that its memory stays near that of an idle relay. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";

const source = new URL("../../../ts/cli/relay/garbage.ts", import.meta.url);
const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
});

/** Runs code behind the relay's module in a process of its own, and returns the number that it prints. */
function run(code: string): number {
  const args = ["--input-type=module", "-e", outputText + code];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

const YOUNG = `
  const kept = [];
  for (let i = 0; i < 1e6; i++) kept[i % 20000] = { i, rest: [i, i, i, i, i, i] };
  const { getHeapSpaceStatistics } = await import("node:v8");
  console.log(getHeapSpaceStatistics().find((s) => s.space_name === "new_space").space_size);`;

test("the space for young objects stays small under load", () => {
  const grown = run(YOUNG);
  expect(run(`keepYoungSpace();${YOUNG}`)).toBeLessThan(grown / 4);
}, 30_000);

test("garbage in the old space is collected while chunks are dropped, before V8 collects it", () => {
  const left = run(`
    const chunk = () => drop(STEP);
    chunk();
    const used = getHeapStatistics().used_heap_size;
    let garbage = Array.from({ length: 2e5 }, (_, i) => ({ i }));
    for (let i = 0; i < 3; i++) collect({ type: "minor" });
    garbage = undefined;
    for (let i = 0; i < 20; i++) {
      chunk();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(getHeapStatistics().used_heap_size - used);`);
  expect(left).toBeLessThan(2 ** 20);
}, 30_000);
