#!/usr/bin/env node
// Installs emcc with apt-get if it is missing. Prints nothing if it is there.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { parseArgs } from "node:util";
import { install } from "./lib/apt.mjs";
import { findCommand, run, runMain, UserError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/ensure-emscripten.mjs [--version-file FILE]

Finds emcc: $EMCC, or else emcc in PATH. If there is none, installs Debian's package emscripten,
which needs root and apt-get.

  --version-file FILE   write emcc's version (such as 3.1.6) to FILE, if it changed

Exit code: 0 if emcc is there at the end, 1 if not.
`;

/** Where Debian keeps the Node packages that its emcc needs. */
const DEBIAN_MODULES = "/usr/share/nodejs";

async function find() {
  if (process.env.EMCC) {
    const emcc = findCommand(process.env.EMCC);
    if (!emcc) throw new UserError(`EMCC=${process.env.EMCC}: there is no such command.`);
    return emcc;
  }
  if (!findCommand("emcc")) {
    await install(["emscripten"], { what: "Emscripten (emcc)", note: "about 900 MB, once" });
  }
  const emcc = findCommand("emcc");
  if (!emcc) throw new UserError("emscripten is installed, but emcc is not in PATH.");
  return emcc;
}

async function version(emcc) {
  const modules = (process.env.NODE_PATH ?? "").split(delimiter).filter(Boolean);
  if (existsSync(DEBIAN_MODULES)) modules.push(DEBIAN_MODULES);
  const { code, stdout, stderr } = await run(emcc, ["--version"], {
    env: { NODE_PATH: modules.join(delimiter) },
  });
  const found = /\d+\.\d+\.\d+\S*/.exec(stdout.split("\n")[0]);
  if (code !== 0 || !found) {
    throw new UserError(`${emcc} --version does not work:\n${(stderr || stdout).trim()}`);
  }
  return found[0];
}

await runMain("ensure-emscripten", async (args) => {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: { "version-file": { type: "string" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    throw new UserError(`${error.message}\n\n${HELP}`);
  }
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const emcc = await find();
  const file = values["version-file"];
  if (file === undefined) return;
  const text = `${await version(emcc)}\n`;
  // An unchanged file keeps its time, so that make rebuilds only for another compiler.
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
});
