import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { top } from "./installed.ts";

const copy = join(top, "build/package/refusals/copy");

/** The files that packing needs, which the tests damage. */
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(join(copy, "c-src/upstream"), { recursive: true });
  const parts = ["dist", "wasm", "ts", "scripts", "package.json", "tsdown.config.ts", "LICENSE"];
  for (const part of [...parts, "README.md"]) {
    cpSync(join(top, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  }
});

function attempt(command: string, ...args: string[]) {
  const { status, stderr } = spawnSync(command, args, { cwd: copy, encoding: "utf8" });
  return {
    done: status === 0,
    tarballs: readdirSync(copy).filter((name) => name.endsWith(".tgz")).length,
    // the copy has no recorded compiler, which packing mentions first
    says: /^pack: (not packed: .*)$/m.exec(stderr)?.[1] ?? "",
  };
}

const publish = () => attempt("npm", "publish", "--dry-run");
const pack = () => attempt("npm", "pack");

/** A custom section of that name, as the build adds it for altered files. */
function mark(file: string): void {
  const name = Buffer.from("imsg-unverified");
  appendFileSync(
    join(copy, file),
    Buffer.concat([Buffer.from([0, name.length + 1, name.length]), name]),
  );
}

const replaceIn = (file: string, from: string | RegExp, to: string): void => {
  const before = readFileSync(join(copy, file), "utf8");
  expect(before).toMatch(from);
  writeFileSync(join(copy, file), before.replace(from, to));
};

describe("packing", () => {
  it("is done by npm pack when everything is in order", () => {
    expect(pack()).toEqual({ done: true, tarballs: 1, says: "" });
  });

  it.each<[string, () => void]>([
    [
      "c-src/upstream/UNVERIFIED",
      () => writeFileSync(join(copy, "c-src/upstream/UNVERIFIED"), "imsg.c\n"),
    ],
    ["dist/UNVERIFIED", () => writeFileSync(join(copy, "dist/UNVERIFIED"), "imsg.c\n")],
    ["a section in wasm/imsg.wasm", () => mark("wasm/imsg.wasm")],
    ["a section in dist/imsg.wasm", () => mark("dist/imsg.wasm")],
  ])("refuses a module built from altered files: %s", (where, spoil) => {
    spoil();
    const { done, tarballs, says } = pack();
    expect({ done, tarballs }).toEqual({ done: false, tarballs: 0 });
    expect(says).toMatch(
      /^not packed: the module is built from altered files of the original, not from the verified ones/,
    );
    expect(says).toContain(where);
  });

  it("is refused by npm publish too", () => {
    writeFileSync(join(copy, "c-src/upstream/UNVERIFIED"), "imsg.c\n");
    expect(publish()).toMatchObject({ done: false, says: expect.stringMatching(/altered files/) });
  });

  it("refuses when dist/imsg.wasm is not the module that was built", () => {
    const file = join(copy, "dist/imsg.wasm");
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0, 2, 1, 65])]));
    expect(pack()).toMatchObject({
      done: false,
      says: "not packed: dist/imsg.wasm is not the module in wasm/: run make package",
    });
  });

  it.each(["imsg", "imsg-debug"])("refuses when dist/ embeds an older wasm/%s.wasm", (name) => {
    // a custom section more: another module that does the same
    for (const file of name === "imsg"
      ? ["wasm/imsg.wasm", "dist/imsg.wasm"]
      : [`wasm/${name}.wasm`]) {
      appendFileSync(join(copy, file), Buffer.from([0, 2, 1, 65]));
    }
    expect(pack()).toMatchObject({
      done: false,
      says: `not packed: dist/ does not embed wasm/${name}.wasm as it is now: run make package`,
    });
  });

  it("refuses when a source is newer than dist/", () => {
    const now = Date.now() / 1000 + 60;
    utimesSync(join(copy, "ts/entry/index.ts"), now, now);
    expect(pack()).toMatchObject({
      done: false,
      says: "not packed: dist/ is older than ts/entry/index.ts: run make package",
    });
  });

  it.each(["dist/NOTICE", "LICENSE", "README.md", "dist/imsg.wasm"])(
    "refuses without %s",
    (file) => {
      rmSync(join(copy, file));
      expect(pack()).toMatchObject({
        done: false,
        says: `not packed: ${file} is missing: run make package`,
      });
    },
  );

  it("is refused by the script that npm runs before, and by nothing else", () => {
    // proves that the refusal comes from prepack: without it, npm packs the altered module
    replaceIn("package.json", /"prepack": "[^"]*"/, '"other": "true"');
    writeFileSync(join(copy, "dist/UNVERIFIED"), "imsg.c\n");
    expect(pack().done).toBe(true);
  });
});
