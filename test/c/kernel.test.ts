/**
 * Builds the directed tests of our C (the programs in this folder) with gcc, AddressSanitizer and
 * UndefinedBehaviorSanitizer, and runs each. Replays the fuzzer's corpus under these sanitizers and
 * without them.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { inputsOf } from "./fuzz/corpus.mjs";

const top = fileURLToPath(new URL("../..", import.meta.url));
const built = join(top, "build/fuzz/sanitize");

function run(command: string, args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: top, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** The subject of each program, by its name; the prefix is the allocator of its build. */
const SUBJECTS: Record<string, string> = {
  file: "keep the table of descriptors",
  read: "read delivered bytes, errors and descriptors",
  write: "write as many bytes as the room or the queued outcome allows",
  introspect: "flush without end, and read by a header that the host explains",
  batch: "take chunks and give messages, take records and give bytes",
  inplace: "read and compose messages where they lie in the window",
  original: "refuse in the original's functions the arguments that they must refuse",
  system: "count and fail allocations on the system's allocator",
  alloc: "round, zero, grow and fail allocations of our own allocator",
  misuse: "abort when the allocator is misused",
  arena: "grow, merge and limit the arena",
  start: "begin the arena, or stop",
  module: "allocate under the names that only the module has",
};
const ALLOCATORS: Record<string, string> = {
  system: "over the system's allocator",
  debug: "over the checking allocator",
  plain: "over the plain allocator",
};

const BOTH = ["file", "read", "write", "introspect", "batch", "inplace", "original"];
const PROGRAMS = [
  ...[...BOTH, "system"].map((name) => `system-${name}`),
  ...[...BOTH, "alloc", "misuse", "arena", "start"].map((name) => `debug-${name}`),
  "plain-alloc",
  "plain-arena",
  "module",
];

let listed: string[];

beforeAll(() => {
  const make = run("make", ["-s", "-j2", "-f", "test/c/fuzz/fuzz.mk", "fuzz-tests"]);
  expect(make.status, make.output).toBe(0);
  listed = make.output.trim().split("\n").at(-1)!.split(" ");
}, 300_000);

describe("under the sanitizers, the native C side", () => {
  it("has a test for every program that make builds, and for every source", () => {
    expect([...listed].sort()).toEqual([...PROGRAMS].sort());
    const sources = readdirSync(join(top, "test/c")).filter((name) => name.endsWith(".c"));
    expect(sources.map((name) => name.slice(0, -2)).sort()).toEqual(Object.keys(SUBJECTS).sort());
  });

  it.each(
    PROGRAMS.map((program): [string, string] => {
      const [allocator, subject] = program.split("-");
      const what = SUBJECTS[subject ?? allocator!];
      return [subject === undefined ? what! : `${what!}, ${ALLOCATORS[allocator!]}`, program];
    }),
  )("can %s", (_what, program) => {
    const file = join(built, program);
    expect(existsSync(file)).toBe(true);
    const { status, output } = run(file, []);
    expect(status, output).toBe(0);
    expect(output).toMatch(/^ok test\/c\/[a-z]+\.c$/m);
  });
});

describe.each(["sanitize", "plain"])("the fuzzer's corpus, built as %s", (build) => {
  it.each(["stream", "ops", "alloc"])(
    "is replayed by the target %s without a finding",
    (target) => {
      const inputs = inputsOf(target).length;
      expect(inputs).toBeGreaterThan(50);
      const program = join(top, `build/fuzz/${build}/replay-${target}`);
      const { status, output } = run(program, [join(top, "build/fuzz/corpus", target)]);
      expect(status, output.slice(-3000)).toBe(0);
      expect(output).toContain(`: ${inputs} inputs`);
    },
  );
});
