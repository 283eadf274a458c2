// Shared by the scripts: errors meant for the user, child processes, temporary folders.

import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join } from "node:path";

/** An error whose message is written for the user: it is printed without a stack. */
export class UserError extends Error {}

const temporary = new Set();
const children = new Set();

/** Makes a folder that `cleanUp` removes at every end of the script but SIGKILL. */
export function temporaryFolder(parent, prefix) {
  const folder = mkdtempSync(join(parent, prefix));
  temporary.add(folder);
  return folder;
}

export function cleanUp() {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  temporary.clear();
}

/** An error of the command line: the exit code is 2. */
export class UsageError extends UserError {}

/** Prints an error of a script, with a stack unless it is written for the user, and sets the exit code. */
export function reportFailure(name, error) {
  console.error(`${name}: ${error instanceof UserError ? error.message : error.stack}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP. A second signal does not interrupt the stopping. */
export const interrupted = () =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.on(signal, () => resolve(undefined));
  });

/** Runs a script's main function; its exit code is 0, or 1 with the error on stderr. */
export async function runMain(name, main) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => {
      for (const child of children) child.kill("SIGKILL");
      cleanUp();
      process.exit(128 + osConstants.signals[signal]);
    });
  }
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    reportFailure(name, error);
  } finally {
    cleanUp();
  }
}

/**
 * Runs a program to its end. Its output is captured, or goes to our stderr if `show` is set.
 * Never throws for a program that fails or is missing: `code` is then not 0.
 */
export function run(command, args, { env = {}, show = false, cwd } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? process.stderr : "pipe", show ? process.stderr : "pipe"],
    });
    children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const end = (code) => {
      children.delete(child);
      resolve({ code, stdout, stderr });
    };
    child.on("error", (error) => {
      stderr += error.message;
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? `killed by ${signal}`));
  });
}

/** The file that runs when `command` is called, or undefined. */
export function findCommand(command) {
  const folders = command.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  for (const folder of folders) {
    const file = folder === "" ? command : join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // not in this folder: try the next one
    }
  }
  return undefined;
}
