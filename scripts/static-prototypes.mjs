// Prints a header that declares every function of an imsg.h static.
//
// A function whose first declaration is static keeps internal linkage when imsg.h declares it
// again. The second inclusion of the originals (c-src/batch/batch.c) includes this header before
// imsg.h, so that its copies of the functions are local and the compiler may inline or drop them.
// A function that the unit exports is left out by defining EXPORTS_<name>. The header defines
// DECLARES_<name> for each function, because revisions of imsg.h have different ones.
import { readFileSync } from "node:fs";

const [header] = process.argv.slice(2);
if (header === undefined) {
  console.error("usage: static-prototypes.mjs IMSG.H");
  process.exit(2);
}

/** The statements of a header outside of braces, without comments and directives. */
function statements(text) {
  const code = text
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/^[ \t]*#.*(?:\\\n.*)*$/gm, "")
    .replace(/\s+/g, " ");
  const found = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < code.length; at++) {
    if (code[at] === "{") depth++;
    else if (code[at] === "}") depth--;
    else if (code[at] === ";" && depth === 0) {
      found.push(code.slice(from, at).trim());
      from = at + 1;
    }
  }
  return found;
}

const all = statements(readFileSync(header, "utf8"));
const structures = new Set();
const functions = [];
for (const statement of all) {
  if (statement.includes("{") || statement.startsWith("typedef")) continue;
  const name = /(\w+) ?\(/.exec(statement)?.[1];
  if (name === undefined) continue;
  for (const [, structure] of statement.matchAll(/struct (\w+)/g)) structures.add(structure);
  functions.push(
    `#define DECLARES_${name}\n#ifndef EXPORTS_${name}\nstatic ${statement};\n#endif\n`,
  );
}
if (functions.length === 0) {
  console.error(`static-prototypes: ${header} declares no function`);
  process.exit(1);
}
console.log("/* Made by scripts/static-prototypes.mjs of imsg.h: do not edit. */\n");
for (const name of structures) console.log(`struct ${name};`);
console.log(`\n${functions.join("")}`);
