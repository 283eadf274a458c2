// Runs the programs of this folder in Node, Deno and Bun.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const installed = (path: string): string => join(top, "build/runtimes", path);

/** A runtime that is installed. */
export interface Runtime {
  readonly name: string;
  readonly command: string;
  /** The arguments before the program's file. */
  readonly args: readonly string[];
}

/** The runtimes that `make test-runtimes` installs, and the Node that runs the tests. */
export const RUNTIMES: readonly Runtime[] = [
  { name: "node", command: process.execPath, args: [] },
  { name: "deno", command: installed("deno/node_modules/.bin/deno"), args: ["run", "-A"] },
  { name: "bun", command: installed("bun/node_modules/.bin/bun"), args: [] },
].filter(({ command }) => existsSync(command));

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = "";
  for await (const chunk of stream) all += String(chunk);
  return all;
}

/** A program of this folder, bundled for the tests of the file that calls {@link program}. */
export interface Program {
  /** A folder for sockets, which is removed after the tests. */
  readonly folder: string;
  /** The bundled file. */
  readonly file: string;
  /** Starts a case of the program in a runtime. It is killed after a minute. */
  start(runtime: Runtime, name: string, ...args: string[]): ChildProcess;
  /**
   * Runs a case, which has to end by itself, with status 0 and without errors, and
   * returns the value that it printed as JSON. The first of `args` is a folder:
   * {@link folder} if there are none.
   */
  run(runtime: Runtime, name: string, ...args: string[]): Promise<unknown>;
}

/** Bundles a program of this folder before the tests of a file, and removes it after them. */
export function program(source: string): Program {
  let folder = "";
  const name = source.replace("/", "-");
  const file = join(top, `build/${name}-${process.pid}.mjs`); // where koffi is found
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `imsg-${name}-`));
    await build({
      entryPoints: [join(top, `test/ts/transports/${source}.ts`)],
      ...{ bundle: true, format: "esm", platform: "node", target: "node20" },
      ...{ external: ["koffi"], outfile: file, logLevel: "silent" },
    });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await rm(file);
  });
  const start: Program["start"] = ({ command, args: before }, what, ...args) =>
    spawn(command, [...before, file, what, ...(args.length === 0 ? [folder] : args)], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
  return {
    file,
    get folder() {
      return folder;
    },
    start,
    async run(runtime, what, ...args) {
      const child = start(runtime, what, ...args);
      const closed = once(child, "close");
      const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
      expect([errors, ...(await closed)]).toEqual(["", 0, null]);
      return JSON.parse(output);
    },
  };
}
