// Runs the differential test from the command line: bundles it for Node, which
// cannot read TypeScript in all versions that we support, and starts it.
//
//   node scripts/differential.mjs --ops N --seed S
//   node scripts/differential.mjs --fault N | --faults

import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const file = "build/differential/main.mjs";
await build({
  input: "test/oracle/differential/main.ts",
  platform: "node",
  external: ["fast-check", "rolldown"],
  output: { file, format: "esm", codeSplitting: false },
  logLevel: "warn",
});
const { main } = await import(pathToFileURL(file).href);
process.exitCode = await main(process.argv.slice(2));
