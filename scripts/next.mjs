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
builds the module, the package and the native peer there.

  --test                 then run there the tests of NEXT_TESTS (in this script) and the differential
                         test, and exchange messages between the newer and the pinned revision
  --ops N                operations of the differential test, 1,000,000 by default
  --alter FILE:FROM:TO   first replace FROM, which occurs once, in a fetched file: to see a test fail

Exit code: 0, or 1 if something failed.
`;

/** Tests that must pass on either revision, except those of EXPECTED. */
const NEXT_TESTS = ["test/c/", "test/ts/batch/", "test/ts/c/", "test/ts/channel/"];
/** Differences that upstream made on purpose: part of a test's name, since when, and the change. */
const EXPECTED = [
  ["can read delivered bytes", "imsg-buffer.c 1.39", "after EMSGSIZE it drops the descriptor"],
  ["can flush without end", "imsg-buffer.c 1.41", "an empty ibuf leaves the queue"],
  ["ends a flush with nothing but", "imsg-buffer.c 1.41", "an empty ibuf leaves the queue"],
  ["failure without an errno", "imsg-buffer.c 1.41", "adding no bytes succeeds"],
  ["replayed by the target stream", "imsg-buffer.c 1.41", "adding no bytes succeeds"],
  ["replayed by the target ops", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
  ["can refuse in the original's", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
  ["with a maximum of 16", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
  ["with the largest maximum", "imsg.c 1.39", "imsgbuf_set_maxsize adds the header"],
];

/** The test that lists the functions of imsg.h: the newer one declares 17 more. */
const PINNED_ONLY = "test/ts/c/header.test.ts";
/** The test that exchanges messages with the peer that IMSG_NATIVE_PEER names. */
const EXCHANGE = "test/ts/channel/peer.test.ts";

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

function run(command, args, env = {}, cwd = folder) {
  const { status } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, MAKEFLAGS: "", ...env },
    stdio: "inherit",
  });
  if (status !== 0) throw new UserError(`${command} ${args.join(" ")} failed (${status})`);
}

function test(operations) {
  for (const [name, since, change] of EXPECTED) {
    console.log(`expected to differ since ${since}: "${name}": ${change}`);
  }
  const names = EXPECTED.map(([name]) => name).join("|");
  const vitest = ["--no-install", "vitest", "run", "-t", `^(?!.*(?:${names}))`];
  run("npx", [...vitest, ...NEXT_TESTS, "--exclude", PINNED_ONLY]);
  run("npm", ["run", "-s", "differential", "--", "--ops", operations]);
  console.log("the newer revision here, the pinned one at the other end");
  run("npx", [...vitest, EXCHANGE], { IMSG_NATIVE_PEER: join(top, "build/native/peer") });
  console.log("the pinned revision here, the newer one at the other end");
  run("npx", [...vitest, EXCHANGE], { IMSG_NATIVE_PEER: join(folder, "build/native/peer") }, top);
}

await runMain("next", async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      test: { type: "boolean" },
      ops: { type: "string", default: "1000000" },
      alter: { type: "string" },
      help: { type: "boolean" },
    },
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
  run("make", ["-o", "node_modules/.package-lock.json", "package", "native"], env);
  if (values.test) test(values.ops);
});
