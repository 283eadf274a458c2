import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { install, top } from "../package/installed.ts";
import { RUNTIMES, runFile, runIn } from "./runners.ts";

const readme = readFileSync(join(top, "README.md"), "utf8");

interface Block {
  language: string;
  /** What a block of JavaScript is for. */
  runtime: string;
  code: string;
  line: number;
  /** What the text right behind the block says that it prints. */
  prints: string | undefined;
}

/** The fenced blocks: ```js, ```js deno, ```sh, each perhaps followed by "It prints `…`." */
const blocks: Block[] = [
  ...readme.matchAll(/^```(\w*)([^\n]*)\n([\s\S]*?)^```$\n*(It prints `([^`]*)`)?/gm),
].map((match) => ({
  language: match[1]!,
  runtime: match[2]!.trim() || "node",
  code: match[3]!,
  line: readme.slice(0, match.index).split("\n").length,
  prints: match[5],
}));

/** An empty project with the tarball. */
let project: string;
beforeAll(() => {
  ({ project } = install("readme"));
}, 120_000);

async function run({ language, runtime, code, line }: Block) {
  if (language === "sh") return runIn(top, "sh", "-euc", code);
  const file = join(project, `line-${line}.mjs`);
  writeFileSync(file, code);
  return runFile(runtime, file);
}

describe("README", () => {
  it("has its two commands first", () => {
    const [first, second] = readme.split("\n").filter((line) => line.startsWith("    make "));
    expect(first).toMatch(/^ {4}make demo /);
    expect(second).toMatch(/^ {4}make test /);
  });

  it("has blocks of languages that this test can run", () => {
    expect(blocks.length).toBeGreaterThan(0);
    for (const { language, runtime, line } of blocks) {
      expect(["js", "sh", "text"], `line ${line}`).toContain(language);
      expect(RUNTIMES, `line ${line}`).toContain(runtime);
    }
  });

  it("names only files that are there", () => {
    for (const [, target] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(() => readFileSync(join(top, target!)), target).not.toThrow();
    }
  });

  it.each(blocks.filter(({ language }) => language !== "text"))(
    "runs the $language block at line $line in $runtime",
    async (block) => {
      const { status, stdout, stderr } = await run(block);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      if (block.prints !== undefined) expect(stdout.trim()).toBe(block.prints);
    },
    300_000,
  );
});

describe("the example of WebTransport", () => {
  it("carries a megabyte there and back in Deno", async () => {
    const told = await runFile("deno", join(top, "examples/webtransport/echo.mjs"));
    const stdout = "1000000 bytes came back over WebTransport\n";
    expect(told).toMatchObject({ status: 0, stderr: "", stdout });
  }, 300_000);
});
