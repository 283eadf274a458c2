// Writes a module's bytes as a TypeScript module, so that the default entry
// needs neither a file nor a fetch.
import { readFileSync, writeFileSync } from "node:fs";
import { moduleSource } from "./lib/embedding.mjs";

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  console.error("usage: embed-wasm.mjs IN.wasm OUT.ts");
  process.exit(2);
}
writeFileSync(output, moduleSource(readFileSync(input), input));
