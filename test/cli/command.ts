/** Bundles the command as `make package` does, into a folder of its own, and runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type InlineConfig } from "tsdown";
import { commandConfig } from "../../ts/cli/bundle.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));

export interface Bundle {
  folder: string;
  remove(): void;
}

/** The bundle: cli.js, relay.js and what they import. */
export async function bundleCommand(): Promise<Bundle> {
  mkdirSync(join(top, "build"), { recursive: true });
  const folder = mkdtempSync(join(top, "build/cli-"));
  const common: InlineConfig = { cwd: top, outDir: folder, config: false, logLevel: "warn" };
  const library: InlineConfig = {
    entry: { index: "ts/entry/index.ts", node: "ts/entry/node.ts" },
    format: "esm",
    platform: "neutral",
    fixedExtension: false,
    dts: false,
    clean: false,
    hash: false,
    deps: { neverBundle: [/^node:/] },
  };
  await build({ ...library, ...common });
  await build({ ...commandConfig, ...common });
  copyFileSync(join(top, "wasm/imsg.wasm"), join(folder, "imsg.wasm"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

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

/** Starts the command; `input` is what stdin holds, and undefined leaves it open. */
export function start(
  bundle: Bundle,
  args: readonly string[],
  input?: string | Uint8Array,
  env: Record<string, string> = {},
): Running {
  const child = spawn(process.execPath, [join(bundle.folder, "cli.js"), ...args], {
    stdio: "pipe",
    // what the tests' own terminal is must not matter
    env: { PATH: process.env.PATH, TERM: "xterm", ...env },
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (more: string) => {
      text[name] += more;
    });
  }
  child.stdin.on("error", () => {}); // it may end before it has read all
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
