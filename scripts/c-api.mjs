// Keeps docs/c-api.md in step with the code: the columns TypeScript and Errors
// are taken from the declarations in ts/c and their comments. The column
// Ownership is written by hand, and stays as it is.
//
//   node scripts/c-api.mjs           rewrites the table's rows
//   node scripts/c-api.mjs --check   names the rows that differ, and fails if any does

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const top = new URL("../", import.meta.url);
const DOCUMENT = "docs/c-api.md";
const SOURCES = ["ibuf", "msgbuf", "imsgbuf", "imsg"];

const read = (name) => readFileSync(new URL(name, top), "utf8");

/** The names of the functions that a C header declares, in its order. */
export function declaredFunctions(header) {
  const code = header
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^#(?:.*\\\n)*.*$/gm, "")
    .replace(/^struct\s+\w+\s*\{[\s\S]*?^\};/gm, "");
  return code
    .split(";")
    .map((declaration) => /(\w+)\s*\(/.exec(declaration)?.[1])
    .filter((name) => name !== undefined);
}

/**
 * The public members of the wrapper's classes whose comment names a C function
 * in backticks: by that function, in the order of the files.
 */
export function wrapperMembers(sources = SOURCES.map((name) => `ts/c/${name}.ts`)) {
  const members = [];
  for (const file of sources) {
    const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2022, true);
    for (const statement of source.statements.filter(ts.isClassDeclaration)) {
      for (const member of statement.members) {
        const found = describe(statement.name.text, member);
        if (found !== undefined) members.push(found);
      }
    }
  }
  return members;
}

function describe(type, member) {
  const getter = ts.isGetAccessor(member);
  if (!(ts.isMethodDeclaration(member) || getter) || !ts.isIdentifier(member.name)) return;
  const comment = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
  if (comment === undefined || comment.tags?.some((tag) => tag.tagName.text === "internal")) return;
  const text = comment
    .getText()
    .replace(/^\/\*\*|\*\/$/g, "")
    .replace(/^\s*\* ?/gm, "")
    .replace(/\{@link ([\w.]+)\}/g, "$1")
    .replace(/\s+/g, " ");
  const names = [...text.matchAll(/`((?:ibuf|msgbuf|imsgbuf|imsg)_\w+)`/g)].map(([, name]) => name);
  if (names.length === 0) return;
  const isStatic = ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static;
  const name = member.name.text;
  const parameters = member.parameters.map((p) => p.name.getText()).join(", ");
  const call = `${isStatic ? type : type.toLowerCase()}.${name}${getter ? "" : `(${parameters})`}`;
  const errors = /\bThrows (.*)$/.exec(text)?.[1].trim().replace(/\.$/, "") ?? "";
  return {
    names,
    type,
    name,
    kind: getter ? "getter" : isStatic ? "static" : "method",
    call,
    errors,
  };
}

/** The rows of the document's table, by C function. */
export function tableRows(text = read(DOCUMENT)) {
  const rows = new Map();
  for (const line of text.split("\n")) {
    const match = /^\| `(\w+)` \|(.*)\|$/.exec(line);
    if (match === null) continue;
    const cells = match[2].split(" | ").map((cell) => cell.trim());
    if (rows.has(match[1])) throw new Error(`${DOCUMENT}: ${match[1]} stands there twice`);
    rows.set(match[1], { line, typescript: cells[0], ownership: cells[1], errors: cells[2] });
  }
  return rows;
}

/** The row as the code requires it, with the ownership text of the document. */
export function wantedRow(name, ownership, members) {
  const mine = members.filter(({ names }) => names.includes(name));
  const calls = mine.map(({ call }) => `\`${call}\``).join(", ");
  const errors = [...new Set(mine.map((m) => m.errors).filter((e) => e !== ""))].join("; ");
  return `| \`${name}\` | ${calls} | ${ownership} | ${errors === "" ? "none" : errors} |`;
}

function main(check) {
  const text = read(DOCUMENT);
  const members = wrapperMembers();
  let wrong = 0;
  const lines = text.split("\n").map((line) => {
    const name = /^\| `(\w+)` \|/.exec(line)?.[1];
    if (name === undefined) return line;
    const wanted = wantedRow(name, tableRows(line).get(name).ownership, members);
    if (wanted !== line) {
      wrong++;
      if (check) console.error(`${DOCUMENT}: the code says\n  ${wanted}\nnot\n  ${line}`);
    }
    return wanted;
  });
  if (!check) writeFileSync(new URL(DOCUMENT, top), lines.join("\n"));
  else if (wrong > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes("--check"));
