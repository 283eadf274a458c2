import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

export const run = (cwd: string, command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** The tarball, packed anew, in a folder of the test's own. */
export function pack(name: string): { folder: string; tarball: string } {
  const folder = join(top, "build/package", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(top, process.execPath, "scripts/pack.mjs", folder);
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  return { folder, tarball: join(folder, tarball!) };
}

/** An empty project with nothing but the tarball installed. */
export function install(name: string): { project: string; tarball: string } {
  const { folder, tarball } = pack(name);
  const project = join(folder, "project");
  mkdirSync(project);
  const manifest = { name: "project", version: "1.0.0", private: true, type: "module" };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  run(project, "npm", "install", "--offline", "--no-audit", "--no-fund", tarball);
  return { project, tarball };
}
