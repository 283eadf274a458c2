// Debian's apt, for the scripts that download a source archive or install a tool.

import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCommand, run, temporaryFolder, UserError } from "./run.mjs";

const HELPER = "/usr/lib/apt/apt-helper";

export function canDownload() {
  return existsSync(HELPER);
}

/** The mirrors that this machine's apt already uses; empty where there is no apt. */
export async function mirrors() {
  if (!findCommand("apt-get")) return [];
  const { code, stdout, stderr } = await run("apt-get", ["indextargets", "--format", "$(SITE)"]);
  if (code !== 0) throw new UserError(`apt-get does not name its mirrors:\n${stderr.trim()}`);
  return [...new Set(stdout.split("\n").map((line) => line.trim()))].filter(
    (site) => site !== "" && !site.startsWith("cdrom:"),
  );
}

/** Downloads `url` to `file` and checks its sum. Returns undefined, or the reason of a failure. */
export async function download(url, file, sha256) {
  const { code, stdout, stderr } = await run(HELPER, [
    // Only this user can enter the file's folder, so the user _apt cannot.
    // Without this option, apt run by root prints a warning about that.
    "-o",
    "APT::Sandbox::User=root",
    "-o",
    "Acquire::Retries=1",
    "-o",
    "Acquire::http::Timeout=20",
    "-o",
    "Acquire::https::Timeout=20",
    "download-file",
    url,
    file,
    `SHA256:${sha256}`,
  ]);
  if (code !== 0) return (stderr.trim() || stdout.trim() || `exit code ${code}`).trim();
  if (stderr.trim() !== "") console.error(stderr.trim());
  return undefined;
}

async function installedVersion(name) {
  if (!findCommand("dpkg-query")) return undefined;
  const format = `\${db:Status-Status} \${Version}`;
  const { code, stdout } = await run("dpkg-query", ["-W", "-f", format, name]);
  const [status, version] = stdout.trim().split(" ");
  return code === 0 && status === "installed" ? version : undefined;
}

/** Those of `specs` (PACKAGE or PACKAGE=VERSION) that are not installed. */
export async function missingPackages(specs) {
  const missing = [];
  for (const spec of specs) {
    const [name, version] = spec.split("=");
    const installed = await installedVersion(name);
    // A tool that was not installed from a package will do, unless a version is asked for.
    const there = version ? installed === version : installed || findCommand(name);
    if (!there) missing.push(spec);
  }
  return missing;
}

async function hasCandidate(spec) {
  const { stdout } = await run("apt-cache", ["show", "--no-all-versions", spec]);
  return stdout.trim() !== "";
}

// tests that run at the same time may all need the same missing package
const LOCK = "DPkg::Lock::Timeout=600";

const aptGet = (args, cwd) =>
  run("apt-get", ["-q", "-y", "-o", "Dpkg::Use-Pty=0", "-o", LOCK, ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    show: true,
    cwd,
  });

async function update() {
  console.error("apt-get update: fetching the package lists");
  const { code } = await aptGet(["update"]);
  if (code !== 0) throw new UserError(`apt-get update failed (${code}), see above.`);
}

/**
 * Installs packages, or throws one sentence that names the package that the user has to install.
 * `what` names them for the user, and `note` stands in the line that announces the installation.
 */
export async function install(specs, { what = specs.join(", "), note = "" } = {}) {
  const command = `apt-get install --no-install-recommends ${specs.join(" ")}`;
  if (!findCommand("apt-get")) {
    throw new UserError(`${what} is missing and there is no apt-get here: please install it.`);
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(`${what} is missing: please run, as root, ${command}`);
  }
  console.error(`${what} is missing: ${command}${note && ` (${note})`}`);
  const code = await withLists(specs, ["install", "--no-install-recommends", ...specs]);
  if (code !== 0) throw new UserError(`${command} failed (${code}), see above.`);
}

/** Runs apt-get, and updates its package lists before if they are too old. Returns its exit code. */
async function withLists(specs, args, cwd) {
  let updated = false;
  for (const spec of specs) {
    if (updated || (await hasCandidate(spec))) continue;
    await update();
    updated = true;
  }
  const { code } = await aptGet(args, cwd);
  if (code === 0 || updated) return code;
  // Old lists name versions that the mirror no longer has.
  await update();
  return (await aptGet(args, cwd)).code;
}

/** Unpacks a package's files into a folder, without installing it: none of its scripts runs. */
export async function unpack(name, folder) {
  const downloads = temporaryFolder(tmpdir(), "imsg-deb-");
  // only this user can enter the folder, so the user _apt cannot
  const args = ["-o", "APT::Sandbox::User=root", "download", name];
  const code = await withLists([name], args, downloads);
  const [file] = readdirSync(downloads);
  if (code !== 0 || file === undefined) {
    throw new UserError(`apt-get download ${name} failed (${code}), see above.`);
  }
  const { code: failed, stderr } = await run("dpkg-deb", ["-x", join(downloads, file), folder]);
  if (failed !== 0) throw new UserError(`dpkg-deb -x ${file} failed:\n${stderr.trim()}`);
}
