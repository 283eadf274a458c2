// Reruns tests at each change. vitest watches TypeScript, and C sources by the patterns in
// vitest.config.ts; a changed C source starts `make wasm`, whose new ts/generated reruns the tests
// that import the module.
//
//   node scripts/watch.mjs [FILTER OR OPTION OF VITEST...]
import { spawn } from "node:child_process";
import { watch } from "node:fs";

let building = false;
let changed = false;

function rebuild() {
  changed = building;
  if (building) return;
  building = true;
  spawn("make", ["-s", "wasm"], { stdio: ["ignore", "inherit", "inherit"] }).once("close", () => {
    building = false;
    if (changed) rebuild();
  });
}

for (const folder of ["libc", "original", "batch"]) watch(`c-src/${folder}`, rebuild);
const tests = process.argv.length > 2 ? process.argv.slice(2) : ["test/ts", "test/c"];
const vitest = spawn("npx", ["--no-install", "vitest", "watch", ...tests], { stdio: "inherit" });
vitest.once("close", (code) => process.exit(code ?? 1));
