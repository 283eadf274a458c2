#!/usr/bin/env node
// Runs the conformance suite of test/e2e/runtimes against the packed package in
// every runtime.

import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPeer, startRelay, startTcp } from "../test/e2e/runtimes/servers.mjs";
import { bundleForWorkerd } from "./lib/bundle-suite.mjs";
import { run, runMain, UserError } from "./lib/run.mjs";
import {
  CI_SUBSET,
  installRuntime,
  RUNTIMES,
  tally,
  testArguments,
  versionOf,
  versionOfDebian,
} from "./lib/runtimes.mjs";

const HELP = `Usage: node scripts/runtimes.mjs [--only NAME,...] [--subset ci]

Runs test/e2e/runtimes against the packed package (build it first: make package, and
make build/native/peer). Runtimes are installed into build/runtimes; browsers
are Debian packages, which are installed if they are missing.

Names: ${Object.keys(RUNTIMES).join(" ")}
The subset ci: ${CI_SUBSET.join(" ")}

Writes build/runtimes/matrix.json. Exit code: 0 if every case has passed.
`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TOP = join(ROOT, "build/runtimes");
const PROJECT = join(TOP, "project");
const PEER = join(ROOT, "build/native/peer");
/** How long one runtime may take, in milliseconds. */
const LIMIT = 180_000;
/** How long a runtime may take to end after a signal, in milliseconds. */
const GRACE = 10_000;

function chosen(args) {
  let names = Object.keys(RUNTIMES);
  for (let i = 0; i < args.length; i += 2) {
    const value = args[i + 1];
    if (args[i] === "--only" && value) names = value.split(",");
    else if (args[i] === "--subset" && value === "ci") names = CI_SUBSET;
    else throw new UserError(`bad arguments\n\n${HELP}`);
  }
  const unknown = names.find((name) => !(name in RUNTIMES));
  if (unknown !== undefined) throw new UserError(`no runtime "${unknown}"\n\n${HELP}`);
  return names;
}

/** The parts of the repository that the suite consists of, which keep their paths in the project. */
const SUITE = ["test/e2e/runtimes", "test/helpers/port.ts"];

/** Makes an empty project, installs the tarball in it, and copies the suite into it. */
async function makeProject() {
  if (!existsSync(PEER)) throw new UserError("make build/native/peer first");
  if (!existsSync(join(ROOT, "dist/index.js"))) throw new UserError("make package first");
  rmSync(PROJECT, { recursive: true, force: true });
  mkdirSync(PROJECT, { recursive: true });
  const must = async (what, command, args) => {
    const { code, stderr } = await run(command, args);
    if (code !== 0) throw new UserError(`${what} fails:\n${stderr.trim()}`);
  };
  await must("npm pack", "npm", ["pack", ROOT, "--ignore-scripts", "--pack-destination", PROJECT]);
  writeFileSync(join(PROJECT, "package.json"), '{ "private": true, "type": "module" }\n');
  const tarball = readdirSync(PROJECT).find((name) => name.endsWith(".tgz"));
  const flags = ["--omit-lockfile-registry-resolved", "--no-audit", "--no-fund", "--offline"];
  await must("npm install", "npm", [
    "install",
    "--prefix",
    PROJECT,
    ...flags,
    join(PROJECT, tarball),
  ]);
  for (const part of SUITE) cpSync(join(ROOT, part), join(PROJECT, part), { recursive: true });
}

/** Runs a program in the project; its output, shown only if something failed. */
function runIn(folder, program, args, env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      // a test runner ends its browser first
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), GRACE).unref();
    }, LIMIT);
    const end = (code) => {
      clearTimeout(timer);
      resolve({ code: late ? `none within ${LIMIT / 1000} s` : code, stdout, output });
    };
    child.on("error", (error) => {
      output += error.message;
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? signal));
  });
}

const parse = (text) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** Adds a failure for a bad exit code to the results of the cases. */
function conclude(name, version, lines, { code, output }) {
  const result = { name, version, ...tally(lines) };
  if (code !== 0 && result.failed === 0) {
    result.failed = 1;
    result.failures.push({ name: "exit code", error: `${code}\n${output.slice(-3000)}` });
  }
  if (result.planned === 0) {
    result.failed = Math.max(1, result.failed);
    result.failures.push({ name: "start", error: output.slice(-3000) });
  }
  return result;
}

async function runTests(name, program, servers) {
  const report = join(TOP, `${name}.jsonl`);
  writeFileSync(report, "");
  const args = testArguments(RUNTIMES[name].kind, "./test/e2e/runtimes/main.test.mjs");
  const ended = await runIn(PROJECT, program, args, {
    IMSG_PEER: servers.path,
    IMSG_PEER_BINARY: PEER,
    IMSG_RELAY: servers.relay,
    IMSG_REPORT: report,
  });
  const lines = parse(readFileSync(report, "utf8"));
  return [conclude(name, await versionOf(program), lines, ended)];
}

async function runWorkerd(name, program, servers) {
  const folder = join(TOP, "workerd-suite");
  await bundleForWorkerd(PROJECT, folder);
  const ended = await runIn(folder, program, ["test", "config.capnp"], {
    IMSG_TCP: servers.tcp,
    IMSG_RELAY: servers.relay,
  });
  return [conclude(name, await versionOf(program), parse(ended.output), ended)];
}

/** vitest's browser mode; its report's tests are the cases. */
async function runBrowser(name, _program, servers) {
  const report = join(TOP, `${name}.json`);
  rmSync(report, { force: true });
  const args = [
    join(ROOT, "node_modules/vitest/vitest.mjs"),
    "run",
    "--config=test/e2e/runtimes/browser/vitest.config.ts",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const ended = await runIn(PROJECT, process.execPath, args, {
    NO_COLOR: "1",
    IMSG_BROWSER: name,
    IMSG_RELAY: servers.relay,
  });
  const files = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : [];
  const runs = ["page", "worker"].map((where) => {
    const file = files.find((each) => each.name.endsWith(`/${where}.browser.mjs`));
    return { where, lines: vitestLines(file?.assertionResults ?? []) };
  });
  // vitest fails because of a failed case; without one, its failure is another
  const told = runs.some(({ lines }) => lines.length === 0 || lines.some(({ ok }) => ok === false));
  const outcome = told ? { ...ended, code: 0 } : ended;
  const version = await versionOfDebian(RUNTIMES[name].debian);
  return runs.map(({ where, lines }) => conclude(`${name} ${where}`, version, lines, outcome));
}

/** vitest's results of one file as the other runtimes' mains write them. */
const vitestLines = (tests) =>
  tests.length === 0
    ? []
    : [
        { planned: tests.length, absent: tests[0].meta.absent },
        ...tests.map(({ title, status, failureMessages }) => ({
          name: title,
          ok: status === "passed",
          error: failureMessages.join("\n"),
        })),
      ];

const RUN = {
  node: runTests,
  deno: runTests,
  bun: runTests,
  workerd: runWorkerd,
  browser: runBrowser,
};

function print(results) {
  const rows = [["runtime", "version", "passed", "failed", "not there"]];
  for (const { name, version, passed, failed, absent } of results) {
    rows.push([name, version, String(passed), String(failed), absent.join(", ")]);
  }
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    );
  }
}

await runMain("runtimes", async (args) => {
  if (args.includes("--help")) {
    process.stdout.write(HELP);
    return;
  }
  const names = chosen(args);
  await makeProject();
  const peer = await startPeer(PEER);
  const relay = await startRelay(peer.path, join(PROJECT, "node_modules/imsg-wasm/dist/imsg.wasm"));
  const tcp = await startTcp(peer.path);
  const servers = {
    path: peer.path,
    relay: relay.url,
    tcp: tcp.address,
  };
  const results = [];
  try {
    for (const name of names) {
      let outcome;
      try {
        const program = await installRuntime(name, TOP);
        outcome = await RUN[RUNTIMES[name].kind](name, program, servers);
      } catch (error) {
        const failures = [{ name: "start", error: error.stack ?? String(error) }];
        outcome = [{ name, version: "?", planned: 0, passed: 0, failed: 1, absent: [], failures }];
      }
      for (const result of outcome) {
        results.push(result);
        console.error(`${result.name} ${result.version}: ${result.passed} of ${result.planned}`);
        for (const { name: title, error } of result.failures) {
          console.error(`  FAILED ${title}\n    ${error.trim().replaceAll("\n", "\n    ")}`);
        }
      }
    }
  } finally {
    relay.close();
    tcp.close();
    peer.close();
  }
  const matrix = results.map(({ failures, ...rest }) => ({
    ...rest,
    failures: failures.map(({ name }) => name),
  }));
  writeFileSync(join(TOP, "matrix.json"), `${JSON.stringify(matrix, null, 2)}\n`);
  print(results);
  if (results.some(({ failed }) => failed > 0)) process.exitCode = 1;
});
