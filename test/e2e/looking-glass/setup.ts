import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LAUNCH } from "../runtimes/browser/launch.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/** Throws if not all tests can run, and builds the page that they test. */
export function setup(): void {
  if (!existsSync(`${top}/dist/web.js`)) {
    throw new Error("the package is not built: run `make` first");
  }
  if (!existsSync(LAUNCH.chromium.executablePath)) {
    throw new Error("Chromium is missing: run `node scripts/ensure-apt.mjs chromium` as root");
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      "bgpd gives its children users of their own: run `make test-looking-glass` as root",
    );
  }
  for (const args of [
    ["scripts/daemons.mjs", "--check", "bgpd", "bgpd77", "tmux"],
    ["scripts/looking-glass.mjs", "--build-only"],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: top, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr.trim());
  }
}
