import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createInstance } from "../../../ts/c/index.ts";
import type { Wasm } from "./campaign.ts";
import { Executor } from "./executor.ts";

/**
 * Faults for a copy of our own code: file, the whole line (our lines move), token,
 * replacement, effect; and the number of the token if the line has several.
 */
export type OwnFaultRow = readonly [
  file: `c-src/${string}.c` | `ts/${string}.ts`,
  line: string,
  from: string,
  to: string,
  what: string,
  nth?: number,
];

const FILE = "c-src/libc/file.c";
const SOCKET = "c-src/libc/socket.c";
const VALUES = "ts/module/host-values.ts";
const TABLE = "ts/c/descriptors.ts";

export const ownFaultRows: readonly OwnFaultRow[] = [
  [FILE, "\tf->refs = 1;", "1", "2", "no value is ever released"],
  [FILE, "\t\thost_close(fd, 0);", "0", "f->value", "a value is released while a piece has it"],
  [FILE, "\t\thost_close(fd, 0);", "host_close", "if (0) host_close", "a close is not reported"],
  [FILE, "\thost_close(fd, f->value);", "value", "refs", "a value is closed and not released"],
  [FILE, "\thost_close(fd, f->value);", "fd", "-1", "a value is released, its number not closed"],
  [FILE, "\tif (--f->refs == 0)", "==", "!=", "what was taken off the wire leaves its file"],
  [FILE, "\tif (fd < files_lowest)", "<", ">", "a number that was closed is not given again"],
  [
    FILE,
    "\tif ((f = file_at(fd)) == NULL || f->ops != &value_ops)",
    "!=",
    "==",
    "no value can be taken",
    1,
  ],
  [
    FILE,
    "\tfile_remove(fd);",
    "file_remove",
    "(void)",
    "a value that was taken can be taken again",
  ],
  [
    SOCKET,
    "\t\t\t(void)kernel_close(s->in.head->fds[i]);",
    "kernel_close",
    "(void)",
    "what was not read from a closed socket is lost",
  ],
  [
    SOCKET,
    "\t\t\tfile_release(s->head->file, -1);",
    "file_release",
    "if (0) file_release",
    "what was not taken from a closed socket is lost",
  ],
  [
    SOCKET,
    "\t\t(void)file_detach(s->head->file);",
    "file_detach",
    "(void)",
    "what was taken from a socket keeps its file",
  ],
  [
    SOCKET,
    "\t\te->fds[i] = fds[i];",
    "i",
    "0",
    "of several descriptors, the first is delivered every time",
    2,
  ],
  [SOCKET, "\t\t\tg->fd = passed;", "passed", "-1", "a piece forgets the number that it came from"],
  [SOCKET, "\t\t\tg->value = along->value;", "value", "refs", "a piece has another value", 2],
  [
    SOCKET,
    "\t\t\talong->refs++;",
    "++",
    "+= 0",
    "a piece holds nothing: its value goes with its number",
  ],
  [SOCKET, "\t\te->nfds = 0;", "0", "1", "a descriptor is handed out by every read of a delivery"],
  [VALUES, "    this.#values.delete(id);", "delete", "has", "a value is handed out and kept"],
  [
    VALUES,
    "    if (entry !== undefined) this.#gone.push(entry);",
    "push",
    "includes",
    "a value is forgotten, not disposed",
  ],
  [VALUES, "    if (fd >= 0) this.#closedFds.push(fd);", ">=", "<", "no closing is reported"],
  [
    VALUES,
    "    for (const entry of gone) reportErrors(() => disposeValue(entry));",
    "gone",
    "gone.reverse()",
    "values are disposed in another order",
  ],
  [
    VALUES,
    "    for (const entry of gone) reportErrors(() => disposeValue(entry));",
    "gone",
    "[...gone, ...gone]",
    "values are disposed twice",
  ],
  [
    VALUES,
    "    this.pending = true;",
    "true",
    "id === 0",
    "values are disposed later than they are closed",
  ],
  [
    VALUES,
    '  else if (typeof close === "function") close.call(value);',
    "else",
    "",
    "a value is closed in two ways",
  ],
  [
    "ts/module/engine.ts",
    "    const id = this.values.add(value, dispose);",
    "dispose",
    "undefined",
    "a disposer that is given does not count",
  ],
  [
    TABLE,
    "    const entry = this.#engine.values.take(id);",
    "take",
    "peek",
    "taking leaves a value registered",
  ],
  [
    TABLE,
    "    const entry = this.#engine.values.peek(id);",
    "peek",
    "take",
    "looking at a value takes it",
  ],
  [
    "ts/c/socket.ts",
    "      const value = values.take(memory.word(at + segment.value));",
    "take",
    "peek",
    "taking what was written leaves its value registered",
  ],
];

/** The number, from 1, of the only line with this text. */
export function lineNumber(text: string, line: string): number {
  const lines = text.split("\n");
  const at = lines.indexOf(line);
  if (at === -1) throw new Error(`there is no line "${line}"`);
  if (lines.includes(line, at + 1)) throw new Error(`there are two lines "${line}"`);
  return at + 1;
}

/** The wrapper with one file of ours altered: as a module anew, or as a bundle. */
export async function buildOwn(file: string, alter: (text: string) => string): Promise<Wasm> {
  const copy = mkdtempSync(join(tmpdir(), "imsg-own-fault-"));
  const prepare = (): void =>
    writeFileSync(join(copy, file), alter(readFileSync(join(copy, file), "utf8")));
  try {
    return file.startsWith("c-src/")
      ? new Executor(createInstance(await makeModule(copy, prepare)))
      : await bundleExecutor(copy, prepare);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The module that the Makefile builds from the C in another folder. */
async function makeModule(copy: string, prepare: () => void): Promise<Uint8Array<ArrayBuffer>> {
  // with their times: the original must not look as if it had to be fetched
  const kept = { recursive: true, preserveTimestamps: true };
  for (const name of ["Makefile", "c-src", "build/emcc.stamp", "build/c"]) {
    cpSync(name, join(copy, name), kept);
  }
  symlinkSync(resolve("scripts"), join(copy, "scripts"));
  mkdirSync(join(copy, "wasm"));
  prepare();
  await promisify(execFile)("make", ["-s", "wasm/imsg.wasm"], { cwd: copy });
  return new Uint8Array(readFileSync(join(copy, "wasm/imsg.wasm")));
}

/** The executor over the TypeScript in another folder, and the module as it is. */
async function bundleExecutor(copy: string, prepare: () => void): Promise<Wasm> {
  for (const name of ["ts", "test/oracle/differential"]) {
    cpSync(name, join(copy, name), { recursive: true });
  }
  prepare();
  const input = join(copy, "test/oracle/differential/entry.ts");
  writeFileSync(
    input,
    'import { Executor } from "./executor.ts";\nimport { loadInstance } from "./instance.ts";\n' +
      "export const wasm = new Executor(loadInstance());\n",
  );
  const { build } = await import("rolldown");
  const bundle = join(copy, "entry.mjs");
  await build({
    input,
    platform: "node",
    output: { file: bundle, format: "esm", codeSplitting: false },
    logLevel: "warn",
  });
  const { wasm } = (await import(pathToFileURL(bundle).href)) as { wasm: Wasm };
  return wasm;
}
