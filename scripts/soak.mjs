// Runs the soak from the command line: bundles it for Node, which cannot read
// TypeScript in all versions that we support, and starts it.
//
//   node scripts/soak.mjs --bytes 1G --seed S

import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const file = "build/soak/main.mjs";
await build({
  input: "test/perf/soak/main.ts",
  platform: "node",
  output: { file, format: "esm", codeSplitting: false },
  logLevel: "warn",
});
const { main } = await import(pathToFileURL(file).href);
process.exitCode = await main(process.argv.slice(2));
