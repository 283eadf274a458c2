import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/** Prints how much all files together have compared with bgpctl. */
function reportAll(lines: string): void {
  const counts = lines
    .split("\n")
    .filter(Boolean)
    .map((line): { fields: number; listings: number } => JSON.parse(line));
  if (counts.length === 0) return;
  const sum = (name: "fields" | "listings"): number =>
    counts.reduce((all, each) => all + each[name], 0);
  console.log(
    `all: ${sum("fields")} fields of ${sum("listings")} listings compared with bgpctl -j`,
  );
}

/**
 * Throws an error that names the missing program if not all tests can run. No test is skipped.
 */
export function setup(): () => void {
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
  const folder = mkdtempSync(join(tmpdir(), "imsg-compared-"));
  const file = join(folder, "counts");
  writeFileSync(file, "");
  process.env.IMSG_COMPARED = file;
  return () => {
    reportAll(readFileSync(file, "utf8"));
    rmSync(folder, { recursive: true });
  };
}
