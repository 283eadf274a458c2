/** The code blocks of the documents, and how each is run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { top } from "../package/installed.ts";
import { type Outcome, runFile, runIn } from "./runners.ts";

/**
 * A fenced block. Behind the language, a fence may name a file (```js child.mjs), which the other
 * blocks of its section find beside them, or a runtime with its flags (```js deno --allow-net).
 */
export interface Block {
  document: string;
  line: number;
  language: string;
  /** The name of the file that the block is saved as; a block without one is run. */
  file: string | undefined;
  runtime: string;
  flags: string[];
  code: string;
  /** The output that the text behind the block states. */
  prints: string | undefined;
  /** The blocks of the same section that are files. */
  files: Block[];
}

const FENCE = /^```(\w*)([^\n]*)\n([\s\S]*?)^```$\n*(It prints `([^`]*)`)?/gm;

/** Returns the blocks of a Markdown text. */
export function blocksOf(document: string, text: string): Block[] {
  const blocks: Block[] = [];
  let line = 1;
  for (const section of text.split(/^(?=## )/m)) {
    const files: Block[] = [];
    for (const match of section.matchAll(FENCE)) {
      const [word, ...flags] = match[2]!.trim().split(/\s+/);
      const file = word?.includes(".") ? word : undefined;
      const block: Block = {
        document,
        line: line + section.slice(0, match.index).split("\n").length - 1,
        language: match[1]!,
        file,
        runtime: file === undefined && word ? word : "node",
        flags,
        code: match[3]!,
        prints: match[5],
        files,
      };
      blocks.push(block);
      if (file !== undefined) files.push(block);
    }
    line += section.split("\n").length - 1;
  }
  return blocks;
}

/** Returns the blocks of a document of the repository. */
export const blocksIn = (document: string): Block[] =>
  blocksOf(document, readFileSync(join(top, document), "utf8"));

/** The folder that a block is run in, with its section's files: below a project that has the package. */
export const folderOf = ({ document, line, files }: Block, project: string): string =>
  join(project, `${document.replaceAll(/\W/g, "-")}-${files[0]?.line ?? line}`);

/** Runs a block. A shell script finds the clone in IMSG_WASM, and an empty project in PROJECT. */
export function runBlock(block: Block, project: string): Promise<Outcome> | Outcome {
  const folder = folderOf(block, project);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  for (const { file, code } of block.files) writeFileSync(join(folder, file!), code);
  if (block.language === "sh") {
    const cwd = block.files.length === 0 ? top : folder;
    return runIn(cwd, { IMSG_WASM: top, PROJECT: folder }, "sh", "-euc", block.code);
  }
  const file = join(folder, `line-${block.line}.mjs`);
  writeFileSync(file, block.code);
  return runFile(block.runtime, file, block.flags);
}
