import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Throws an error that names what is missing if not all tests can run. No test is skipped.
 */
export function setup(): void {
  if (!existsSync(`${top}/dist/node.js`)) {
    throw new Error("the package is not built: run `make` first");
  }
  const { status, stderr } = spawnSync(process.execPath, ["scripts/daemons.mjs", "--check"], {
    cwd: top,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr.trim());
  if (process.getuid?.() !== 0) {
    throw new Error("bgpd gives its children users of their own: run `make test-daemons` as root");
  }
}
