#!/usr/bin/env node
// Installs the real programs that the daemon tests talk to. Prints nothing if they are installed.

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { install, mirrors, missingPackages, unpack } from "./lib/apt.mjs";
import { findCommand, run, runMain, temporaryFolder, UserError } from "./lib/run.mjs";

/** The version whose structures the client and the tests know. */
const OPENBGPD = "openbgpd=8.8-1~bpo12+1";
const SUITE = "bookworm-backports";
/** The folder of its libraries. */
const RELEASE = "bookworm";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Where smtpd is unpacked; the tests start it from there. */
const SMTPD = fileURLToPath(new URL("../build/opensmtpd", import.meta.url));
const SMTPD_LIBRARIES = ["libdb5.3", "libevent-2.1-7", "libpam0g", "libssl3"];

const HELP = `Usage: node scripts/daemons.mjs [--check] [bgpd] [smtpd] [tmux]

Makes sure that OpenBGPD 8.8, OpenSMTPD 6.8 and tmux are there; no name means all.

  bgpd   Debian's ${OPENBGPD}, out of ${SUITE}. The suite is read from the mirror that this
         machine's apt uses, with package lists of its own in a temporary folder: apt's
         configuration and lists stay as they are. Any bgpd 8.8 in PATH is as good.
  smtpd  Debian 12's opensmtpd. A mail server would take the place of the one that this machine
         has, so the package is not installed: its files go to build/opensmtpd, and only libraries
         that it needs (${SMTPD_LIBRARIES.join(", ")}) are installed.
  tmux   Debian's tmux. Any tmux in PATH is as good.

  --check   install nothing, only say what is missing

Installing needs root and apt-get. Where systemd runs, Debian enables and starts openbgpd.service;
the tests neither need nor touch it.

Environment:
  IMSG_MIRROR="URL ..."   Debian mirrors to use for bgpd instead of those of this machine's apt

Exit code: 0 if they are there at the end, 1 if not.
`;

const MISSING = "OpenBGPD 8.8 is missing: please run, as root, node scripts/daemons.mjs";

/** The version that `bgpd -V` prints, or undefined if bgpd is not installed. */
async function bgpdVersion() {
  // Debian keeps it where an ordinary user's PATH does not look.
  const bgpd = findCommand("bgpd") ?? findCommand("/usr/sbin/bgpd");
  if (!bgpd) return undefined;
  const { stdout, stderr } = await run(bgpd, ["-V"]);
  return /OpenBGPD (\S+)/.exec(stdout + stderr)?.[1] ?? "an unknown version";
}

/** The mirrors that may carry the suite, the likeliest first. The others carry security updates or vendors' packages. */
async function candidates() {
  const named = (process.env.IMSG_MIRROR ?? "").split(/\s+/).filter(Boolean);
  if (named.length > 0) return named;
  const sites = (await mirrors()).filter((site) => /^(https?|file):/.test(site));
  const likely = (site) => /\/debian\/?$/.test(site);
  return [...sites.filter(likely), ...sites.filter((site) => !likely(site))];
}

/** apt-get with nothing but Debian and its backports from one mirror, in a folder of its own. */
function privateApt(site) {
  const folder = temporaryFolder(tmpdir(), "imsg-apt-");
  const lists = join(folder, "lists");
  const sources = join(folder, "sources.list");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
  const lines = [RELEASE, SUITE].map((suite) => `deb ${signed}${site} ${suite} main\n`);
  writeFileSync(sources, lines.join(""));
  const options = {
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": lists,
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    // Only this user can enter the folder, so the user _apt cannot.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Dpkg::Use-Pty": "0",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  return (...args) => run("apt-get", ["-q", "-y", ...flags, ...args], { env, show: true });
}

async function installBgpd(sites) {
  for (const site of sites) {
    const aptGet = privateApt(site);
    // Without this option, apt-get update succeeds although the mirror lacks the suite.
    const { code } = await aptGet("-o", "APT::Update::Error-Mode=any", "update");
    if (code !== 0) continue;
    const installed = await aptGet("install", "--no-install-recommends", OPENBGPD);
    if (installed.code === 0) return;
    throw new UserError(`installing ${OPENBGPD} failed (${installed.code}), see above.`);
  }
  throw new UserError(
    `none of apt's mirrors carries ${SUITE}: IMSG_MIRROR="URL ..." names others.`,
  );
}

async function ensureBgpd(check) {
  const found = await bgpdVersion();
  if (found?.startsWith("8.8")) return;
  const command = `apt-get install --no-install-recommends ${OPENBGPD}`;
  const where = `with ${SUITE} among apt's sources`;
  if (found !== undefined) {
    throw new UserError(
      `OpenBGPD is ${found} here, and 8.8 is needed. To replace it, as root and ${where}: ${command}`,
    );
  }
  if (check) throw new UserError(MISSING);
  if (!findCommand("apt-get")) {
    throw new UserError("OpenBGPD 8.8 is missing and there is no apt-get here: please install it.");
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(`${MISSING} (or, ${where}, ${command})`);
  }
  console.error(`OpenBGPD 8.8 is missing: ${command} (from ${SUITE})`);
  await installBgpd(await candidates());
  const installed = await bgpdVersion();
  if (!installed?.startsWith("8.8")) {
    throw new UserError(`OpenBGPD 8.8 did not get installed: bgpd is ${installed ?? "missing"}.`);
  }
}

async function ensureTmux(check) {
  if (findCommand("tmux")) return;
  if (check) throw new UserError("tmux is missing: please install Debian's package tmux.");
  if ((await missingPackages(["tmux"])).length > 0) await install(["tmux"]);
  if (!findCommand("tmux")) throw new UserError("tmux did not get installed.");
}

/** Whether the unpacked smtpd has the right version and starts, with all its libraries. */
async function hasSmtpd() {
  const { stdout, stderr } = await run(join(SMTPD, "usr/sbin/smtpd"), ["-h"]);
  return /OpenSMTPD 6\.8/.test(stdout + stderr);
}

async function ensureSmtpd(check) {
  if (await hasSmtpd()) return;
  if (check) {
    throw new UserError("OpenSMTPD 6.8 is missing: please run, as root, node scripts/daemons.mjs");
  }
  const missing = await missingPackages(SMTPD_LIBRARIES);
  if (missing.length > 0) await install(missing, { note: "for opensmtpd" });
  rmSync(SMTPD, { recursive: true, force: true });
  if (!findCommand("apt-get")) {
    throw new UserError("OpenSMTPD 6.8 is missing and there is no apt-get here to get it with.");
  }
  await unpack("opensmtpd", SMTPD);
  if (!(await hasSmtpd())) {
    throw new UserError("OpenSMTPD 6.8 did not get unpacked: is this Debian 12?");
  }
}

const programs = { bgpd: ensureBgpd, smtpd: ensureSmtpd, tmux: ensureTmux };

await runMain("daemons", async (args) => {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(HELP);
    return;
  }
  const check = args.includes("--check");
  const names = args.filter((arg) => arg !== "--check");
  const unknown = names.find((name) => !Object.hasOwn(programs, name));
  if (unknown !== undefined) throw new UserError(`there is no program "${unknown}"\n\n${HELP}`);
  for (const [name, ensure] of Object.entries(programs)) {
    if (names.length === 0 || names.includes(name)) await ensure(check);
  }
});
