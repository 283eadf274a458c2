#!/usr/bin/env node
// Builds the module of the newer revision that c-src/upstream.next.lock pins, in a copy of the
// repository: build/next. What ships stays the revision of c-src/upstream.lock.

import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runMain, UserError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/next.mjs [--alter FILE:FROM:TO] [--test]

Copies the repository to build/next, fetches the files of c-src/upstream.next.lock into it, and
builds the module and the native peer there.

  --test                 run the tests of NEXT_TESTS (in this script) there as well
  --alter FILE:FROM:TO   first replace FROM, which occurs once, in a fetched file: to see a test fail

Exit code: 0, or 1 if something failed.
`;

/** The tests that must pass on either revision... */
const NEXT_TESTS = [
  "test/c/kernel.test.ts",
  "test/c/exhaustion.test.ts",
  "test/ts/channel/peer.test.ts",
];
/** ...except for intended changes: part of a test's name, the revision, and the change. */
const EXPECTED = [
  ["can read what was delivered", "imsg-buffer.c 1.39", "after EMSGSIZE it drops the descriptor"],
  ["can flush without end", "imsg-buffer.c 1.41", "an empty ibuf leaves the queue"],
  ["can refuse in the original's", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
  ["with a maximum of 16", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
  ["with the largest maximum", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
];

const top = fileURLToPath(new URL("..", import.meta.url));
const folder = join(top, "build/next");

function copyRepository() {
  // Files that were fetched and built there stay: only changed sources are compiled again.
  mkdirSync(folder, { recursive: true });
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: top,
    encoding: "utf8",
  });
  for (const name of listed.split("\0")) {
    if (name === "" || name.startsWith("c-src/upstream") || !existsSync(join(top, name))) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(top, name), join(folder, name), { preserveTimestamps: true });
  }
  copyFileSync(join(top, "c-src/upstream.next.lock"), join(folder, "c-src/upstream.lock"));
  if (!existsSync(join(folder, "node_modules"))) {
    symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  }
}

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, {
    cwd: folder,
    env: { ...process.env, MAKEFLAGS: "", ...env },
    stdio: "inherit",
  });
  if (status !== 0) throw new UserError(`${command} ${args.join(" ")} failed (${status})`);
}

await runMain("next", async (args) => {
  const { values } = parseArgs({
    args,
    options: { test: { type: "boolean" }, alter: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  copyRepository();
  // the folder may have been altered by an earlier run with --alter
  rmSync(join(folder, "c-src/upstream"), { recursive: true, force: true });
  run(process.execPath, ["scripts/fetch-upstream.mjs"]);
  const env = {};
  if (values.alter !== undefined) {
    const [file, from, to] = values.alter.split(":");
    const copy = resolve(folder, "altered");
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(folder, "c-src/upstream"), copy, { recursive: true });
    const text = readFileSync(join(copy, file), "utf8");
    if (text.split(from).length !== 2) throw new UserError(`${file} does not have ${from} once`);
    writeFileSync(join(copy, file), text.replace(from, to));
    Object.assign(env, { IMSG_UPSTREAM: copy, IMSG_UPSTREAM_UNVERIFIED: "1" });
  }
  const targets = ["ts/generated/imsg.ts", "ts/generated/imsg-debug.ts", "build/native/peer"];
  run("make", ["-o", "node_modules/.package-lock.json", ...targets], env);
  if (!values.test) return;
  for (const [name, since, change] of EXPECTED) {
    console.log(`expected to differ since ${since}: "${name}": ${change}`);
  }
  const names = EXPECTED.map(([name]) => name).join("|");
  run("npx", ["--no-install", "vitest", "run", ...NEXT_TESTS, "-t", `^(?!.*(?:${names}))`]);
});
