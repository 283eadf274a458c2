/** Runs the command from the files that are packed: dist/cli.js. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/** The folder of the packed command: cli.js, relay.js and the files they import. */
export interface Bundle {
  folder: string;
}

/** The files of dist/ that `npm pack` packs. `make package` has built them before any test runs. */
export const packed: Bundle = { folder: join(top, "dist") };

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<Result>;
}

/** Writes a file outside dist/, and removes it when the test has finished. Returns its path. */
export function temporaryFile(name: string, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "imsg-command-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Starts the command; `input` is what stdin holds, and undefined leaves it open. */
export function start(
  bundle: Bundle,
  args: readonly string[],
  input?: string | Uint8Array,
  env: Record<string, string> = {},
): Running {
  const child = spawn(process.execPath, [join(bundle.folder, "cli.js"), ...args], {
    stdio: "pipe",
    // the terminal of the tests must not matter
    env: { PATH: process.env.PATH, TERM: "xterm", ...env },
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (more: string) => {
      text[name] += more;
    });
  }
  child.stdin.on("error", () => {}); // the command may end before it has read all of stdin
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<Result>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...text }));
  });
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, ended };
}

/** Runs the command to its end. */
export function run(
  bundle: Bundle,
  args: readonly string[],
  input: string | Uint8Array = "",
  env: Record<string, string> = {},
): Promise<Result> {
  return start(bundle, args, input, env).ended;
}
