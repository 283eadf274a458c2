import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "imsg-installed-"));
  for (const name of ["package.json", "scripts/installed.mjs"]) {
    cpSync(join(top, name), join(folder, name));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const npm = (...args: string[]) => spawnSync("npm", args, { cwd: folder, encoding: "utf8" });

describe("without the dependencies", () => {
  it.each(["test", "check", "format"])("npm run %s names the target that installs them", (name) => {
    const { status, stderr, stdout } = npm("run", "--silent", name);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      `npm run ${name}: the dependencies are not installed. Run "make ${name}", which installs them first.\n`,
    );
  });
});

it("with the dependencies npm test runs vitest", () => {
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  writeFileSync(join(folder, "node_modules/.package-lock.json"), "{}");
  writeFileSync(join(folder, "node_modules/.bin/vitest"), "#!/bin/sh\necho vitest $1\n", {
    mode: 0o755,
  });
  expect(npm("test", "--silent")).toMatchObject({ status: 0, stdout: "vitest run\n", stderr: "" });
});
