import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { top } from "./copy.ts";

it("make help lists every phony target with a line", () => {
  const { stdout, status } = spawnSync("make", ["-s", "help"], { cwd: top, encoding: "utf8" });
  expect(status).toBe(0);
  const listed = [...stdout.matchAll(/^make (\S+) +[A-Z]/gm)].map(([, name]) => name);
  const parts = readdirSync(join(top, "test"), { recursive: true, encoding: "utf8" });
  const included = parts.filter((name) => name.endsWith(".mk")).map((name) => `test/${name}`);
  const phony = ["Makefile", ...included].flatMap((name) => {
    const lines = readFileSync(join(top, name), "utf8").matchAll(/^\.PHONY:\s*([^#\n]*)/gm);
    return [...lines].flatMap(([, names]) => names!.trim().split(/\s+/));
  });
  expect(phony).toContain("test-daemons");
  expect([...listed].sort()).toEqual(phony.filter((name) => name !== "FORCE").sort());
});
