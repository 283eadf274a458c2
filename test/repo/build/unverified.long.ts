import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alter, type Copy, copyRepository, top } from "./copy.ts";

let copy: Copy;
let untouched: Copy;
/** Folders with one place altered: a comparison of imsg.c, a constant of imsg.h (which compares nothing). */
let comparison: string;
let constant: string;

beforeAll(() => {
  copy = copyRepository();
  untouched = copyRepository();
  comparison = alter(
    copy,
    "build/comparison",
    "imsg.c",
    /\|\| len > imsgbuf->maxsize/,
    "|| len >= imsgbuf->maxsize",
  );
  constant = alter(copy, "build/constant", "imsg.h", /(#define\s+MAX_IMSGSIZE\s+)16384/, "$116000");
});

afterAll(() => {
  copy.remove();
  untouched.remove();
});

const unverified = (folder: string) => ({ IMSG_UPSTREAM: folder, IMSG_UPSTREAM_UNVERIFIED: "1" });
const marks = (): number => {
  const module = new WebAssembly.Module(copy.read("wasm/imsg.wasm"));
  return WebAssembly.Module.customSections(module, "imsg-unverified").length;
};

const REFUSED = "not packed: the module is built from altered files";
/** Stands for the bundle, which takes long to make: the files that packing checks first. */
const pretendBundle = (): void => {
  mkdirSync(copy.path("dist"), { recursive: true });
  for (const name of ["dist/imsg.wasm", "wasm/imsg-debug.wasm"]) {
    copyFileSync(copy.path("wasm/imsg.wasm"), copy.path(name));
  }
  for (const name of ["dist/NOTICE", "dist/package.stamp", "dist/sbom.cdx.json"]) {
    writeFileSync(copy.path(name), "");
  }
};

describe("altered original files", () => {
  test("are refused unless they are asked for as such", () => {
    const { status, stderr } = copy.make(["wasm/imsg.wasm"], { IMSG_UPSTREAM: comparison });
    expect(status).not.toBe(0);
    expect(stderr).toContain("is not the pinned original");
    expect(readdirSync(copy.path("c-src/upstream"))).not.toContain("UNVERIFIED");
    expect(readdirSync(copy.path("wasm"))).not.toContain("imsg.wasm");
  });

  test.each([
    { what: "one comparison of imsg.c", folder: () => comparison },
    { what: "one constant of imsg.h", folder: () => constant },
  ])("with $what changed are built, are marked, say so, and fail the tests", ({ folder }) => {
    const targets = ["ts/generated/imsg.ts", "ts/generated/imsg-debug.ts", "build/native/peer"];
    const { status, stderr } = copy.make(targets, unverified(folder()));
    expect(status).toBe(0);
    expect(stderr).toContain("WARNING: these files are not OpenBSD's originals");
    expect(marks()).toBe(1);
    pretendBundle(); // the tests refuse to start without a package
    const tests = copy.run(process.execPath, [
      "node_modules/vitest/vitest.mjs",
      "run",
      "test/ts/channel/peer.test.ts",
      "--testNamePattern=take 16,384 bytes",
    ]);
    expect(tests.stdout).toMatch(/Tests .*\d+ failed/);
    expect(tests.status).toBe(1);
    expect(tests.stdout + tests.stderr).toContain("this module was built from altered C");
  });

  test("have a module whose digest cannot be recorded", () => {
    const before = copy.read("wasm/imsg.wasm.sha256");
    const { status, stderr } = copy.make(["record"], unverified(comparison));
    expect(stderr).toContain("record: the module is built from altered files");
    expect(status).not.toBe(0);
    expect(copy.read("wasm/imsg.wasm.sha256")).toEqual(before);
  });

  test("have a module that cannot be packed", () => {
    pretendBundle();
    const checks = [
      copy.run(process.execPath, ["scripts/pack.mjs", "--check"]),
      copy.run("npm", ["pack", "--dry-run"]),
    ];
    for (const { status, stdout, stderr } of checks) {
      expect(stdout + stderr).toContain(REFUSED);
      expect(status).not.toBe(0);
    }
  });

  test("leave no trace once the pinned ones are back", () => {
    const { status } = copy.make(["wasm/imsg.wasm"], { IMSG_UPSTREAM: `${top}c-src/upstream` });
    expect(status).toBe(0);
    expect(marks()).toBe(0);
    // packing now only misses the rest of the bundle
    pretendBundle();
    const { stderr } = copy.run(process.execPath, ["scripts/pack.mjs", "--check"]);
    expect(stderr).not.toContain(REFUSED);
    expect(untouched.make(["wasm/imsg.wasm"]).status).toBe(0);
    const modules = [copy, untouched].map((each) => each.read("wasm/imsg.wasm"));
    expect(Buffer.compare(modules[0]!, modules[1]!)).toBe(0);
  });
});
