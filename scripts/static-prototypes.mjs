// Prints a header that declares every function of an imsg.h static.
//
// A function whose first declaration is static keeps internal linkage when imsg.h declares it
// again. The second inclusion of the originals (c-src/batch/batch.c) includes this header before
// imsg.h, so that its copies of the functions are local and the compiler may inline or drop them.
// A function that the unit exports is left out by defining EXPORTS_<name>. The header defines
// DECLARES_<name> for each function, because revisions of imsg.h have different ones.
//
// --verify FOLDER checks the folder that the header is in, which the compiler searches before the
// system's: another file there is an error, and a header that differs is removed, to be made again.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { verify: { type: "string" } },
  allowPositionals: true,
});
const [header] = positionals;
if (header === undefined) {
  console.error("usage: static-prototypes.mjs [--verify FOLDER] IMSG.H");
  process.exit(2);
}
/** The only file of the folder. */
const NAME = "static_prototypes.h";

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

/** The text of the header that declares the functions of an imsg.h static. */
function prototypes(text) {
  const structures = new Set();
  const functions = [];
  for (const statement of statements(text)) {
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
  return [
    "/* Made by scripts/static-prototypes.mjs of imsg.h: do not edit. */\n",
    ...[...structures].map((name) => `struct ${name};`),
    `\n${functions.join("")}\n`,
  ].join("\n");
}

/** Refuses other files in the folder, and removes a header that is not the one of imsg.h. */
function verify(folder) {
  const strangers = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== NAME || !entry.isFile())
    .map(({ name }) => name);
  if (strangers.length > 0) {
    console.error(`${folder} holds files that do not belong there: ${strangers.join(", ")}.`);
    process.exit(1);
  }
  const path = join(folder, NAME);
  if (!existsSync(path) || !existsSync(header)) return;
  if (readFileSync(path, "utf8") !== prototypes(readFileSync(header, "utf8"))) rmSync(path);
}

if (values.verify === undefined) {
  process.stdout.write(prototypes(readFileSync(header, "utf8")));
} else if (existsSync(values.verify)) verify(values.verify);
