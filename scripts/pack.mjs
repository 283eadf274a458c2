#!/usr/bin/env node
// Packs the package. Refuses to pack a module or bundle that must not be published.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { encode } from "./lib/embedding.mjs";
import { run, runMain, UserError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/pack.mjs [--check | FOLDER]

Packs the package into FOLDER (build if absent) and prints the tarball's name. With --check,
only says whether it may be packed: npm runs that before pack and publish.

Exit code: 0, or 1 if the package must not be packed.
`;

const refuse = (why) => {
  throw new UserError(`not packed: ${why}`);
};

/** Refuses a module built from altered files: it may be tried out, but not published. */
function refuseUnverified() {
  const marks = ["c-src/upstream/UNVERIFIED", "dist/UNVERIFIED"].filter((file) => existsSync(file));
  for (const file of ["wasm/imsg.wasm", "dist/imsg.wasm"]) {
    const module = new WebAssembly.Module(readFileSync(file));
    const sections = WebAssembly.Module.customSections(module, "imsg-unverified");
    if (sections.length > 0) marks.push(`a section in ${file}`);
  }
  if (marks.length > 0) {
    refuse(
      `the module is built from altered files of the original, not from the verified ones (${marks.join(", ")}). ` +
        "Fetch those (node scripts/fetch-upstream.mjs without IMSG_UPSTREAM) and run make.",
    );
  }
}

/** Compares the module with its recorded digest, if the recorded compiler has made it. */
function refuseUnrecorded() {
  const [used, recorded] = ["build/emcc-version.txt", "wasm/compiler.txt"].map((file) =>
    existsSync(file) ? readFileSync(file, "utf8").trim() : "unknown",
  );
  if (used !== recorded) {
    console.error(`pack: made by emcc ${used}: no digest is recorded for it, only for ${recorded}`);
    return;
  }
  const records = ["imsg", "imsg-core"].map((name) =>
    readFileSync(`wasm/${name}.wasm.sha256`, "utf8"),
  );
  for (const line of records.join("").trim().split("\n")) {
    const [expected, name] = line.split(/ +/);
    const actual = createHash("sha256")
      .update(readFileSync(`wasm/${name}`))
      .digest("hex");
    if (actual === expected) continue;
    refuse(
      `wasm/${name} has the SHA-256 ${actual}, recorded is ${expected}. After a change of c-src/: ` +
        "make record. Otherwise something in build/ was changed: make clean, then make.",
    );
  }
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Refuses a bundle that is older than its sources. */
function refuseStale() {
  const stale = (what) => refuse(`${what}: run make package`);
  const wasm = readFileSync("wasm/imsg.wasm");
  if (!wasm.equals(readFileSync("dist/imsg.wasm"))) {
    stale("dist/imsg.wasm is not the module in wasm/");
  }
  const scripts = filesBelow("dist").filter((file) => file.endsWith(".js"));
  for (const name of ["imsg.wasm", "imsg-core.wasm", "imsg-debug.wasm"]) {
    const { text, alphabet } = encode(readFileSync(`wasm/${name}`));
    const embeds = (code) => code.includes(text) && code.includes(alphabet);
    if (!scripts.some((file) => embeds(readFileSync(file, "utf8")))) {
      stale(`dist/ does not embed wasm/${name} as it is now`);
    }
  }
  const made = statSync("dist/package.stamp").mtimeMs;
  const newer = [...filesBelow("ts"), "tsdown.config.ts"].filter(
    (file) => statSync(file).mtimeMs > made,
  );
  if (newer.length > 0) stale(`dist/ is older than ${newer[0]}`);
}

function refuseIncomplete() {
  const modules = ["imsg", "imsg-core", "imsg-debug"].map((name) => `wasm/${name}.wasm`);
  const needed = [...modules, "dist/imsg.wasm", "dist/package.stamp"];
  const missing = [...needed, "dist/NOTICE", "dist/sbom.cdx.json", "LICENSE", "README.md"].filter(
    (file) => !existsSync(file),
  );
  if (missing.length > 0) refuse(`${missing.join(", ")} is missing: run make package`);
}

await runMain("pack", async (args) => {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(HELP);
    return;
  }
  if (args.length > 1 || (args[0]?.startsWith("-") && args[0] !== "--check")) {
    throw new UserError(`what does ${args.join(" ")} mean?\n\n${HELP}`);
  }
  refuseIncomplete();
  refuseUnverified();
  refuseUnrecorded();
  refuseStale();
  if (args[0] === "--check") return;
  const folder = args[0] ?? "build";
  mkdirSync(folder, { recursive: true });
  const { code, stdout, stderr } = await run("npm", [
    "pack",
    "--ignore-scripts", // the checks of prepack have just run
    "--json",
    `--pack-destination=${folder}`,
  ]);
  if (code !== 0) throw new UserError(`npm pack failed (${code}):\n${stderr.trim()}`);
  const [{ filename }] = JSON.parse(stdout);
  process.stdout.write(`${join(folder, filename)}\n`);
});
