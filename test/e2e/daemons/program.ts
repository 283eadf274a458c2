import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The process groups that run: none may outlive the tests, however they end. */
const groups = new Set<number>();
process.once("exit", () => {
  for (const group of groups) killGroup(group, "SIGKILL");
});

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended.
  }
}

/** Whether a process of the group is left; a zombie does not count. */
export interface Program {
  readonly child: ChildProcess;
  /** All output of the program. */
  log(): string;
  /** Resolves when the program has ended. */
  readonly ended: Promise<void>;
  /** Kills the program with all of its children. */
  kill(signal: NodeJS.Signals): void;
  /** Ends the program if it runs, and waits for it. */
  stop(): Promise<void>;
}

/** Starts a program in a process group of its own. */
export function start(command: string, args: readonly string[], cwd: string): Program {
  const child = spawn(command, args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
  }
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      text += error.message;
      resolve();
    });
    child.once("exit", () => {
      if (pid !== undefined) {
        // children without a parent end by themselves, or are killed here
        killGroup(pid, "SIGKILL");
        groups.delete(pid);
      }
      resolve();
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (pid !== undefined && groups.has(pid)) killGroup(pid, signal);
  };
  return {
    child,
    log: () => text,
    ended,
    kill,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** The exit status and output of a program that ends by itself. */
export interface Output {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export function output(
  command: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe" });
    const result: Output = { code: null, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (piece: string) => {
        result[name] += piece;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...result, code }));
    child.stdin.on("error", () => {}); // the program need not read its input
    child.stdin.end(input);
  });
}

/** A folder that is removed when `work` is over. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "imsg-daemon-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Tries until the function succeeds, or until the program that should make it succeed has ended. */
export async function until(what: string, program: Program, works: () => Promise<boolean>) {
  const deadline = Date.now() + 20_000;
  let over = false;
  program.ended.then(() => {
    over = true;
  });
  while (!(await works())) {
    if (over || Date.now() > deadline) throw new Error(`${what}: not so.\n${program.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
