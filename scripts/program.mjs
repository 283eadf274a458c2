// Runs one of the TypeScript programs: bundles it for Node 20, which cannot read TypeScript, and
// starts it with the other arguments. `--help` after the name lists the program's options.
//
//   node scripts/program.mjs bench|crowd|differential|lives|lives-faults|soak [OPTION...]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** For each program: its file, the targets that make builds first, and the flags of Node. */
const PROGRAMS = {
  bench: {
    input: "test/perf/bench/run.ts",
    needs: ["package", "bench-native", "build/native/peer"],
    flags: ["--expose-gc", "--max-old-space-size=8192"],
  },
  crowd: { input: "test/ts/transports/crowd/run.ts", needs: ["wasm", "ts/generated/imsg.ts"] },
  differential: {
    input: "test/oracle/differential/run.ts",
    needs: ["wasm", "ts/generated/imsg.ts"],
  },
  lives: {
    input: "test/ts/lives/run.ts",
    needs: ["wasm", "ts/generated/imsg.ts", "build/native/lives-peer"],
  },
  "lives-faults": {
    input: "test/ts/lives/faults-main.ts",
    needs: ["ts/generated/imsg.ts", "build/native/lives-peer"],
  },
  soak: { input: "test/perf/soak/run.ts", needs: ["package", "build/native/peer"] },
};

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const [name, ...args] = process.argv.slice(2);
const program = PROGRAMS[name];
if (program === undefined) {
  console.error(`program: no program "${name}"; there are ${Object.keys(PROGRAMS).join(", ")}`);
  process.exit(1);
}
run("make", ["-s", "node_modules/.package-lock.json", ...program.needs]);
const { build } = await import("rolldown"); // make may just have installed it
const file = `build/${name}/main.mjs`;
await build({
  input: program.input,
  platform: "node",
  external: [/^[a-z@]/],
  output: { file, format: "esm", codeSplitting: false },
  logLevel: "warn",
});
run(process.execPath, [...(program.flags ?? []), file, ...args]);
