// A copy of the repository to build in, so that the real one stays as it is.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = fileURLToPath(new URL("../../..", import.meta.url));

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Copy {
  readonly folder: string;
  /** Runs make in the copy. `env` is added to an environment without the variables of an outer make and of IMSG_UPSTREAM. */
  make(args: readonly string[], env?: Record<string, string>): Run;
  run(command: string, args: readonly string[], env?: Record<string, string>): Run;
  path(name: string): string;
  read(name: string): Uint8Array<ArrayBuffer>;
  /** Makes a file newer than everything that was built. */
  touch(name: string): void;
  remove(): void;
}

function environment(more: Record<string, string>): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(IMSG_|MAKE|MFLAGS$|VITEST|NODE_ENV$|TEST$|npm_)/.test(name)) delete env[name];
  }
  return { ...env, ...more };
}

const sleep = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** Copies the files that git tracks or would track, and the fetched files, without build products. */
export function copyRepository(): Copy {
  const folder = mkdtempSync(join(tmpdir(), "imsg-build-"));
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: top,
    encoding: "utf8",
  });
  const put = (name: string): void => {
    const [from, to] = [join(top, name), join(folder, name)];
    // deleted, but still in git's index
    if (!existsSync(from)) return;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, preserveTimestamps: true });
  };
  for (const name of listed.split("\0")) if (name !== "") put(name);
  put("c-src/upstream");
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));

  const path = (name: string): string => join(folder, name);
  const run = (command: string, args: readonly string[], env = {}): Run => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: folder,
      env: environment(env),
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  };
  return {
    folder,
    run,
    // node_modules is that of the real folder: nothing may be installed into it
    make: (args, env) => run("make", ["-o", "node_modules/.package-lock.json", ...args], env),
    path,
    read: (name) => Uint8Array.from(readFileSync(path(name))),
    touch: (name) => {
      // the times of written files lag some milliseconds behind the clock
      sleep(50);
      const now = Date.now() / 1000;
      utimesSync(path(name), now, now);
      sleep(50);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Copies the fetched files with one place altered. Throws if the place does not exist. */
export function alter(copy: Copy, folder: string, name: string, from: RegExp, to: string): string {
  cpSync(join(top, "c-src/upstream"), copy.path(folder), { recursive: true });
  const file = copy.path(join(folder, name));
  const text = readFileSync(file, "utf8");
  const places = text.match(new RegExp(from, "g"))?.length ?? 0;
  if (places !== 1) throw new Error(`${name} has ${places} places like ${from}`);
  writeFileSync(file, text.replace(from, to));
  return copy.path(folder);
}
