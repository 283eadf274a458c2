// Shared by the tests of fetch-upstream: pins and carriers of their own, made anew for each test,
// and checks of the folders afterwards.

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const script = join(top, "scripts/fetch-upstream.mjs");
/** The address of a port that no process listens on: connections are refused at once. */
export const UNREACHABLE = "http://127.0.0.1:1";

export const sum = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

// The script runs for real, on pins and carriers of our own. Random bytes do not compress, so
// an archive is as long as its files, and half of it is really half.
const carried = (name: string) => {
  const bytes = randomBytes(60_000);
  return { name, path: `carried/${name}`, bytes, sum: sum(bytes) };
};
export const ONE_H = carried("one.h");
export const ONE_C = carried("one.c");
export const FILES = [ONE_H, ONE_C, carried("sys/two.h")];

export let work: string;
export let dest: string;
export let lock: string;
export let temp: string;
export let archives: Map<string, Buffer>;

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export function start(env: Record<string, string>, args: string[]) {
  const inherited = { ...process.env };
  for (const name of Object.keys(inherited)) {
    if (name.startsWith("IMSG_")) delete inherited[name];
  }
  const child = spawn(process.execPath, [script, ...args], {
    cwd: work,
    env: { ...inherited, TMPDIR: temp, no_proxy: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const result = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    result.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    result.stderr += text;
  });
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ ...result, code, signal }));
  });
  return { child, ended };
}

/** Runs the script on our pins. No carrier can be reached unless `env` says otherwise. */
export const fetchUpstream = (env: Record<string, string> = {}): Promise<Result> =>
  start({ IMSG_MIRROR: UNREACHABLE, ...env }, ["--dest", dest, "--lock", lock]).ended;

export function put(folder: string, name: string, bytes: Buffer | string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), bytes);
}

/** Every file below a folder, hidden ones too. */
export function everythingIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}

/** Checks that neither the target, nor a part of it, nor a temporary folder exists. */
export function expectNothingLeft(): void {
  expect(everythingIn(join(work, "target"))).toEqual([]);
  expect(everythingIn(temp)).toEqual([]);
}

export function expectPlaced(altered = new Map<string, Buffer>()): void {
  const names = everythingIn(dest).filter((file) => statSync(file).isFile());
  const marker = altered.size > 0 ? [join(dest, "UNVERIFIED")] : [];
  expect(names).toEqual([...FILES.map((file) => join(dest, file.name)), ...marker].sort());
  for (const { name, bytes } of FILES) {
    expect(readFileSync(join(dest, name)).equals(altered.get(name) ?? bytes), name).toBe(true);
  }
  expect(readdirSync(join(work, "target"))).toEqual(["upstream"]);
  expect(everythingIn(temp)).toEqual([]);
}

export function flatFolder(name: string, altered = new Map<string, Buffer>()): string {
  const folder = join(work, name);
  for (const file of FILES) put(folder, file.name, altered.get(file.name) ?? file.bytes);
  return folder;
}

export async function tar(archive: string, ...members: [string, ...string[]]): Promise<void> {
  const child = spawn("tar", ["-czf", archive, "-C", dirname(members[0]), ...members.slice(1)]);
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
}

export function writeLock(sums: Map<string, string>): void {
  const carriers = [...sums].map(([name, sha256]) => {
    return { name, version: "1.0", pool: `pool/${name}`, archive: `${name}.tar.gz`, sha256 };
  });
  const files = FILES.map(({ name, sum: sha256, path }) => {
    return { name, revision: "1.1", sha256, path };
  });
  writeFileSync(lock, JSON.stringify({ carriers, files }));
}

beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), "imsg-fetch-test-"));
  dest = join(work, "target/upstream");
  temp = join(work, "temp");
  lock = join(work, "upstream.lock");
  mkdirSync(join(work, "target"));
  mkdirSync(temp);
  archives = new Map();
  const sums = new Map<string, string>();
  for (const carrier of ["first", "second"]) {
    const folder = join(work, "carriers", `${carrier}-1.0`);
    for (const file of FILES) put(folder, file.path, file.bytes);
    put(folder, "README", `Carrier ${carrier}`);
    const archive = join(work, `${carrier}.tar.gz`);
    await tar(archive, folder, `${carrier}-1.0`);
    archives.set(`/pool/${carrier}/${carrier}.tar.gz`, readFileSync(archive));
    sums.set(carrier, sum(readFileSync(archive)));
  }
  writeLock(sums);
});

afterEach(() => rmSync(work, { recursive: true, force: true }));
