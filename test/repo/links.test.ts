import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));

/** The documents that git tracks, and those that `git add` would add. */
function documents(): string[] {
  const args = ["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "*.md"];
  const names = execFileSync("git", args, { cwd: top, encoding: "utf8" }).trim().split("\n");
  return names.filter((name) => existsSync(join(top, name)));
}

it("every relative link of a document leads to a file of the repository", () => {
  const names = documents();
  expect(names).toContain("README.md");
  const dead = names.flatMap((name) =>
    [...readFileSync(join(top, name), "utf8").matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)]
      .filter(([, link]) => !existsSync(join(top, dirname(name), link!)))
      .map(([, link]) => `${name}: ${link}`),
  );
  expect(dead).toEqual([]);
});
