import { mkdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Copy, copyRepository } from "./copy.ts";

const TARGETS = ["wasm/imsg.wasm", "wasm/imsg-debug.wasm", "ts/generated/imsg.ts"];
TARGETS.push("ts/generated/imsg-debug.ts", "build/native/peer", "build/native/lives-peer");

let one: Copy;
let two: Copy;

beforeAll(() => {
  one = copyRepository();
  two = copyRepository();
});

afterAll(() => {
  one.remove();
  two.remove();
});

/** The commands that make would run for the targets now. */
function plan(copy: Copy): string[] {
  const { status, stdout, stderr } = copy.make(["-n", ...TARGETS]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.split("\n").filter((line) => line !== "" && !line.includes("is up to date"));
}

/** The peer's objects that make would compile again; the module's have other names. */
const compiles = (lines: string[]): string[] =>
  lines.flatMap((line) => / -c -o (build\/native\/\S+) /.exec(line)?.[1] ?? []).sort();
const linksModule = (lines: string[]): boolean => lines.some((line) => line.includes("emcc "));
const linksPeer = (lines: string[]): boolean =>
  lines.some((line) => line.includes(" -o build/native/peer "));

describe("a build", () => {
  test("from nothing makes the modules and the peer", () => {
    const { status, stdout, stderr } = one.make(TARGETS);
    expect({ status, output: status === 0 ? "" : stdout + stderr }).toEqual({
      status: 0,
      output: "",
    });
    expect(WebAssembly.validate(one.read("wasm/imsg.wasm"))).toBe(true);
  });

  test("in another folder makes the same module, byte for byte", () => {
    const { status, stderr } = two.make(["wasm/imsg.wasm"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(Buffer.compare(two.read("wasm/imsg.wasm"), one.read("wasm/imsg.wasm"))).toBe(0);
  });

  test("that is repeated does nothing", () => {
    expect(plan(one)).toEqual([]);
    expect(one.make(["-q", ...TARGETS]).status).toBe(0);
    // plain make also bundles the package, which is slow: here only the dry run is checked
    mkdirSync(one.path("dist"));
    expect(one.make(["-t", "dist/package.stamp"]).status).toBe(0);
    for (const line of one.make(["-n", "all", "native"]).stdout.trim().split("\n")) {
      expect(line).toMatch(/Nothing to be done|is up to date/);
    }
  });
});

describe("touching", () => {
  const native = (...names: string[]): string[] => names.map((name) => `build/native/${name}.o`);

  /** Marks everything as built, so that the next test starts from a finished build. */
  const settle = (): void => {
    expect(one.make(["-t", ...TARGETS]).status).toBe(0);
    expect(plan(one)).toEqual([]);
  };

  test.each([
    "c-src/libc/syscalls.c",
    "c-src/batch/batch.h",
    "c-src/original/end.h",
    "c-src/exports.txt",
  ])("%s rebuilds the module and not the peer", (name) => {
    one.touch(name);
    const lines = plan(one);
    expect(linksModule(lines)).toBe(true);
    expect(lines.some((line) => line.includes("embed-wasm.mjs"))).toBe(true);
    expect(compiles(lines)).toEqual([]);
    expect(linksPeer(lines)).toBe(false);
    settle();
  });

  test.each([
    { name: "test/oracle/native/conn.c", objects: ["peer-conn"] },
    { name: "test/oracle/native/records.c", objects: ["peer-records"] },
    {
      name: "test/oracle/native/peer.h",
      objects: ["peer-commands", "peer-conn", "peer-peer", "peer-records"],
    },
  ])("$name rebuilds what includes it, and not the module", ({ name, objects }) => {
    one.touch(name);
    const lines = plan(one);
    expect(compiles(lines)).toEqual(native(...objects));
    expect(linksPeer(lines)).toBe(true);
    expect(linksModule(lines)).toBe(false);
    settle();
  });

  test("one of the original files rebuilds both", () => {
    one.touch("c-src/upstream/imsg-buffer.c");
    const lines = plan(one);
    expect(linksModule(lines)).toBe(true);
    expect(compiles(lines)).toEqual(native("imsg-buffer"));
    expect(linksPeer(lines)).toBe(true);
    settle();
  });

  test("a source of the peer, when it is really built, leaves the other objects alone", () => {
    const all = native("imsg", "imsg-buffer", "peer-commands", "peer-conn", "peer-peer");
    const times = (): number[] => all.map((name) => statSync(one.path(name)).mtimeMs);
    const before = times();
    one.touch("test/oracle/native/commands.c");
    expect(one.make(TARGETS).status).toBe(0);
    const changed = times().map((time, i) => time !== before[i]);
    expect(all.filter((_, i) => changed[i])).toEqual(native("peer-commands"));
  });
});
