import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LAUNCH } from "../runtimes/browser/launch.ts";
import { BROWSERS } from "./browser.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/** Refuses to begin where the tests could not all run, and builds the site. */
export function setup(): void {
  if (!existsSync(`${top}/dist/index.js`)) {
    throw new Error("the package is not built: run `make` first");
  }
  for (const name of BROWSERS) {
    if (existsSync(LAUNCH[name].executablePath)) continue;
    throw new Error(`${name} is missing: run \`make test-site SITE_BROWSERS=${name}\` as root`);
  }
  const args = ["scripts/site.mjs"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: top, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr.trim());
}
