import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { install, top } from "../package/installed.ts";
import { blocksIn, blocksOf, folderOf, runBlock } from "./blocks.ts";
import { RUNTIMES, runFile, runIn } from "./runners.ts";

const DOCUMENTS = ["README.md", "docs/recipes.md", "docs/transports.md"];
const blocks = DOCUMENTS.flatMap(blocksIn);

/** An empty project with the tarball. */
let project: string;
beforeAll(() => {
  ({ project } = install("readme"));
}, 120_000);

describe("README", () => {
  it("has its two commands first", () => {
    const readme = readFileSync(join(top, "README.md"), "utf8");
    const [first, second] = readme.split("\n").filter((line) => line.startsWith("    make "));
    expect(first).toMatch(/^ {4}make demo /);
    expect(second).toMatch(/^ {4}make test /);
  });
});

describe("README's way to install", () => {
  it("puts the package into a project", async () => {
    const block = blocks.find(({ code }) => code.includes("npm install"))!;
    const { status, stderr } = await runBlock(block, project);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const home = join(folderOf(block, project), "node_modules/imsg-wasm");
    expect(existsSync(join(home, "dist/index.js"))).toBe(true);
  }, 120_000);
});

describe("README's JavaScript", () => {
  it("has no type error", () => {
    const folder = join(project, "types");
    mkdirSync(folder, { recursive: true });
    const own = blocks.filter(
      ({ document, language }) => document === "README.md" && language === "js",
    );
    expect(own.length).toBeGreaterThan(2);
    for (const { line, code } of own) writeFileSync(join(folder, `line-${line}.mjs`), code);
    const compilerOptions = {
      ...{
        allowJs: true,
        checkJs: true,
        noEmit: true,
        noImplicitAny: false,
        strictNullChecks: false,
      },
      ...{ module: "nodenext", target: "es2024", lib: ["es2024", "esnext.disposable"] },
      ...{ types: ["node"], typeRoots: [join(top, "node_modules/@types")] },
    };
    const config = { compilerOptions, include: ["*.mjs"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(top, "node_modules/typescript/bin/tsc");
    const { status, stdout } = runIn(folder, {}, process.execPath, tsc, "-p", ".");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  }, 120_000);
});

describe("the documents with programs", () => {
  it.each(DOCUMENTS)(
    "%s has blocks, all of a language and a runtime that this test knows",
    (name) => {
      const own = blocks.filter(({ document }) => document === name);
      expect(own.length).toBeGreaterThan(0);
      for (const { language, runtime, file, line } of own) {
        expect(["js", "sh", "c"], `line ${line}`).toContain(language);
        expect(RUNTIMES, `line ${line}`).toContain(runtime);
        expect(language === "c" && file === undefined, `line ${line}`).toBe(false);
      }
    },
  );

  it.each(blocks.filter(({ file, code }) => file === undefined && !code.includes("npm install")))(
    "$document runs the $language block at line $line in $runtime",
    async (block) => {
      const { status, stdout, stderr } = await runBlock(block, project);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      if (block.language === "js") expect(block.prints, "what it prints").toBeDefined();
      if (block.prints !== undefined)
        expect(stdout.trim().split(/\s+/).join(" ")).toBe(block.prints);
    },
    300_000,
  );

  it("are split into blocks with the files of their sections", () => {
    const text = [
      "## One",
      "```js a.mjs",
      "export {};",
      "```",
      "```js deno --allow-net --quiet",
      'console.log("a b\\nc");',
      "```",
      "It prints `a b c`.",
      "## Two",
      "```sh",
      "true",
      "```",
      "",
    ].join("\n");
    const [file, program, script] = blocksOf("x.md", text);
    expect(file).toMatchObject({ language: "js", file: "a.mjs", line: 2, code: "export {};\n" });
    expect(program).toMatchObject({ runtime: "deno", flags: ["--allow-net", "--quiet"], line: 5 });
    expect(program).toMatchObject({ file: undefined, prints: "a b c", files: [file] });
    expect(script).toMatchObject({ language: "sh", line: 10, files: [], prints: undefined });
  });
});

describe("the example of WebTransport", () => {
  it("carries a megabyte there and back in Deno", async () => {
    const flags = ["--allow-all", "--unstable-net"];
    const outcome = await runFile("deno", join(top, "examples/webtransport/echo.mjs"), flags);
    const stdout = "1000000 bytes came back over WebTransport\n";
    expect(outcome).toMatchObject({ status: 0, stderr: "", stdout });
  }, 300_000);
});
