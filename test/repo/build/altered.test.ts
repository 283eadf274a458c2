// The quick form of tamper.long.ts: make refuses an altered original before it compiles anything.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Copy, copyRepository } from "./copy.ts";

let copy: Copy;
beforeEach(() => {
  copy = copyRepository();
});
afterEach(() => copy.remove());

const FILE = "c-src/upstream/imsg.c";

/** One comparison is another, in a file of the same length. */
function alter(): void {
  const text = readFileSync(copy.path(FILE), "utf8");
  const edited = text.replace("len < IMSG_HEADER_SIZE ||", "len > IMSG_HEADER_SIZE ||");
  expect(edited).not.toBe(text);
  writeFileSync(copy.path(FILE), edited);
}

const ways: [what: string, tamper: () => void, name: string][] = [
  ["an altered file that is newer than the lock", alter, "imsg.c"],
  [
    "an altered file that is as old as the original was",
    () => {
      const { atime, mtime } = statSync(copy.path(FILE));
      alter();
      utimesSync(copy.path(FILE), atime, mtime);
    },
    "imsg.c",
  ],
  [
    "a header beside the originals that would come before the system's",
    () => writeFileSync(copy.path("c-src/upstream/endian.h"), "#define htobe16(x) (x)\n"),
    "endian.h",
  ],
  [
    "a header beside the generated one that would come before the system's",
    () => {
      mkdirSync(copy.path("build/c"), { recursive: true });
      writeFileSync(copy.path("build/c/endian.h"), "#define htobe16(x) (x)\n");
    },
    "build/c holds files that do not belong there: endian.h",
  ],
];

test.each(ways)("make refuses %s, and compiles nothing", (_what, tamper, name) => {
  rmSync(copy.path("build"), { recursive: true, force: true });
  tamper();
  for (const targets of [["wasm"], ["native"], []]) {
    const { status, stderr } = copy.make(targets);
    expect(status).not.toBe(0);
    expect(stderr).toContain(name);
  }
  const built = readdirSync(copy.path("wasm")).filter((file) => file.endsWith(".wasm"));
  expect(built).toEqual([]);
});
