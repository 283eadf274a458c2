import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(`${top}/README.md`, "utf8");

interface Block {
  language: string;
  name: string;
  code: string;
  line: number;
  /** What the text right behind the block says that it prints. */
  prints: string | undefined;
}

/** The fenced blocks: ```js, ```js example.mjs, ```sh, each perhaps followed by "It prints `…`." */
const blocks: Block[] = [
  ...readme.matchAll(/^```(\w*)([^\n]*)\n([\s\S]*?)^```$\n*(It prints `([^`]*)`)?/gm),
].map((match) => ({
  language: match[1]!,
  name: match[2]!.trim(),
  code: match[3]!,
  line: readme.slice(0, match.index).split("\n").length,
  prints: match[5],
}));

function run(block: Block) {
  const folder = `${top}/build/readme`;
  mkdirSync(folder, { recursive: true });
  if (block.language === "sh") {
    return spawnSync("sh", ["-euc", block.code], { cwd: top, encoding: "utf8", timeout: 60_000 });
  }
  // below the package's own folder, its name means what was built
  const file = `${folder}/line-${block.line}.mjs`;
  writeFileSync(file, block.code);
  return spawnSync(process.execPath, [file], { cwd: folder, encoding: "utf8", timeout: 60_000 });
}

describe("README", () => {
  it("has its two commands first", () => {
    const [first, second] = readme.split("\n").filter((line) => line.startsWith("    make "));
    expect(first).toMatch(/^ {4}make demo /);
    expect(second).toMatch(/^ {4}make test /);
  });

  it("has blocks of languages that this test can run", () => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const { language, line } of blocks)
      expect(["js", "sh", "text"], `line ${line}`).toContain(language);
  });

  it("names only files that are there", () => {
    for (const [, target] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(() => readFileSync(`${top}/${target}`), target).not.toThrow();
    }
  });

  it.each(blocks.filter(({ language }) => language !== "text"))(
    "runs the $language block at line $line",
    (block) => {
      const { status, stdout, stderr } = run(block);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      if (block.prints !== undefined) expect(stdout.trim()).toBe(block.prints);
    },
  );
});
