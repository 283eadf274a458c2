// Adds up what gcov counted in several programs, file by file: which lines and
// branches of the original and of our C ran. Fails if a line of ours did not, if
// one of the original did not and has no reason in missed-lines.txt, if such a
// reason is out of date, or if less than 95 % of the original's lines ran.
//
//   node test/c/fuzz/coverage.mjs FOLDER      (of the .gcda files)

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ORIGINAL_AT_LEAST = 0.95;
const top = fileURLToPath(new URL("../../..", import.meta.url));
const folder = resolve(process.argv[2] ?? ".");
const gcov = process.env.GCOV ?? "gcov";

/** name -> { lines: line -> count, branches: "line/n" -> count } */
const files = new Map();

for (const name of readdirSync(folder).filter((file) => file.endsWith(".gcda"))) {
  const run = spawnSync(gcov, ["--json-format", "--branch-probabilities", "--stdout", name], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`${gcov} ${name}: ${run.error ?? run.stderr}`);
  for (const text of run.stdout.split("\n").filter((line) => line.startsWith("{"))) {
    const report = JSON.parse(text);
    for (const file of report.files) {
      add(relative(top, resolve(report.current_working_directory, file.file)), file.lines);
    }
  }
}

function add(name, lines) {
  if (!/^c-src\/((libc|original|batch)\/[\w.]+\.[ch]|upstream\/imsg(-buffer)?\.c)$/.test(name))
    return;
  if (!files.has(name)) files.set(name, { lines: new Map(), branches: new Map() });
  const file = files.get(name);
  const count = (map, key, n) => map.set(key, (map.get(key) ?? 0) + n);
  const seen = new Map();
  for (const line of lines) {
    count(file.lines, line.line_number, line.count);
    for (const branch of line.branches) {
      const n = seen.get(line.line_number) ?? 0;
      seen.set(line.line_number, n + 1);
      count(file.branches, `${line.line_number}/${n}`, branch.count);
    }
  }
}

/** file:line -> reason */
const reasons = new Map();
for (const line of readFileSync(join(top, "test/c/fuzz/missed-lines.txt"), "utf8").split("\n")) {
  const match = /^(\S+):(\d+)(?:-(\d+))?\s+(\S.*)$/.exec(line);
  if (line.trim() === "" || line.startsWith("#")) continue;
  if (match === null) throw new Error(`missed-lines.txt: not understood: ${line}`);
  const [, name, from, to = from, reason] = match;
  for (let n = Number(from); n <= Number(to); n++) reasons.set(`${name}:${n}`, reason);
}

const percent = (map) => {
  const all = map.size;
  const hit = [...map.values()].filter((n) => n > 0).length;
  return { all, hit, share: all === 0 ? 1 : hit / all };
};
const show = ({ all, hit, share }) =>
  `${`${(share * 100).toFixed(1)} %`.padStart(8)} ${`${hit}/${all}`.padStart(9)}`;

const failures = [];
const missed = [];
const sums = new Map();
console.log(`${"".padEnd(32)} ${"lines".padStart(18)} ${"branches".padStart(18)}`);
for (const [name, { lines, branches }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const upstream = name.startsWith("c-src/upstream/");
  console.log(`${name.padEnd(32)} ${show(percent(lines))} ${show(percent(branches))}`);
  const kind = upstream ? "the original" : "ours";
  if (!sums.has(kind)) sums.set(kind, { lines: new Map(), branches: new Map() });
  for (const what of ["lines", "branches"]) {
    for (const [key, n] of what === "lines" ? lines : branches) {
      sums.get(kind)[what].set(`${name}:${key}`, n);
    }
  }
  if (upstream && percent(lines).share < ORIGINAL_AT_LEAST) {
    failures.push(`${name}: less than ${ORIGINAL_AT_LEAST * 100} % of the lines`);
  }
  for (const [line, n] of [...lines].sort(([a], [b]) => a - b)) {
    const at = `${name}:${line}`;
    if (n > 0) {
      if (reasons.has(at)) failures.push(`${at}: ran, and has a reason in missed-lines.txt`);
    } else if (reasons.has(at)) missed.push(`${at}: ${reasons.get(at)}`);
    else failures.push(`${at}: did not run`);
    reasons.delete(at);
  }
}
for (const [kind, { lines, branches }] of sums) {
  console.log(`${kind.padEnd(32)} ${show(percent(lines))} ${show(percent(branches))}`);
}
for (const at of reasons.keys()) failures.push(`${at}: has a reason, but is no line that runs`);
if (missed.length > 0) console.log(`\nmissed, with the reason:\n${missed.join("\n")}`);
for (const kind of ["the original", "ours"]) {
  if (!sums.has(kind)) failures.push(`nothing was counted of ${kind}`);
}
if (failures.length > 0) {
  console.error(`\ncoverage: failed\n${failures.join("\n")}`);
  process.exitCode = 1;
}
