// Runs the benchmark: builds what it needs, bundles it for Node, starts it.
//
//   node scripts/bench.mjs [--quick] [--json FILE] [--plots FOLDER] [--only SECTION]
//
// Sections: c, decode, encode, sockets, memory, growth, layouts, start.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const make = spawnSync("make", ["-s", "package", "bench-native", "build/native/peer"], {
  stdio: "inherit",
});
if (make.status !== 0) process.exit(1);
const file = "build/bench/main.mjs";
await build({
  input: "test/perf/bench/run.ts",
  platform: "node",
  external: [/^[a-z@]/],
  output: { file, format: "esm", codeSplitting: false },
  logLevel: "warn",
});
const { status } = spawnSync(
  process.execPath,
  ["--expose-gc", "--max-old-space-size=8192", file, ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
