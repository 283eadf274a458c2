#!/usr/bin/env node
// Installs the real programs that the daemon tests talk to. Prints nothing if they are installed.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { install, mirrors, missingPackages, unpack } from "./lib/apt.mjs";
import { findCommand, run, runMain, temporaryFolder, UserError } from "./lib/run.mjs";

/** The version whose structures the client and the tests know. */
const OPENBGPD = "openbgpd=8.8-1~bpo12+1";
const SUITE = "bookworm-backports";
/** The release of Debian whose packages the libraries of smtpd are. */
const RELEASE = "bookworm";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Where smtpd is unpacked; the tests start it from there. */
const SMTPD = fileURLToPath(new URL("../build/opensmtpd", import.meta.url));
const SMTPD_LIBRARIES = ["libdb5.3", "libevent-2.1-7", "libpam0g", "libssl3"];

/** Another version of bgpd, whose structures and message types differ. */
const BGPD77 = fileURLToPath(new URL("../build/openbgpd77", import.meta.url));
/** A newer tmux, with the libraries of its release: it runs by their loader. */
const TMUX35 = fileURLToPath(new URL("../build/tmux35", import.meta.url));
const TMUX35_PACKAGES = [
  ...["tmux", "libc6", "libevent-core-2.1-7t64", "libtinfo6", "libsystemd0", "libjemalloc2"],
  ...["libcap2", "libgcc-s1", "libstdc++6"],
];

const HELP = `Usage: node scripts/daemons.mjs [--check] [bgpd] [bgpd77] [smtpd] [tmux] [tmux35]

Makes sure that OpenBGPD 8.8 and 7.7, OpenSMTPD 6.8, tmux and tmux 3.5a are there; no name means all.

  bgpd   Debian's ${OPENBGPD}, out of ${SUITE}. The suite is read from the mirror that this
         machine's apt uses, with package lists of its own in a temporary folder: apt's
         configuration and lists stay as they are. Any bgpd 8.8 in PATH is as good.
  smtpd  Debian 12's opensmtpd. A mail server would take the place of the one that this machine
         has, so the package is not installed: its files go to build/opensmtpd, and only libraries
         that it needs (${SMTPD_LIBRARIES.join(", ")}) are installed.
  tmux   Debian's tmux. Any tmux in PATH is as good.
  bgpd77 Debian 12's openbgpd 7.7: its files go to build/openbgpd77, nothing is installed.
  tmux35 Debian 13's tmux 3.5a with its libraries: their files go to build/tmux35.

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
  // Debian keeps bgpd in a folder that an ordinary user's PATH lacks.
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

/** apt-get with nothing but some suites of Debian from one mirror, in a folder of its own. */
function privateApt(site, suites = [RELEASE, SUITE]) {
  const folder = temporaryFolder(tmpdir(), "imsg-apt-");
  const lists = join(folder, "lists");
  const sources = join(folder, "sources.list");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
  const lines = suites.map((suite) => `deb ${signed}${site} ${suite} main\n`);
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
  return (args, cwd) => run("apt-get", ["-q", "-y", ...flags, ...args], { env, show: true, cwd });
}

/** Unpacks packages of a suite into a folder: no scripts run, and nothing starts. */
async function unpackSuite(suite, packages, folder) {
  for (const site of await candidates()) {
    const aptGet = privateApt(site, [suite]);
    const updated = await aptGet(["-o", "APT::Update::Error-Mode=any", "update"]);
    if (updated.code !== 0) continue;
    const downloads = temporaryFolder(tmpdir(), "imsg-deb-");
    // an installed version from elsewhere must not be preferred to that of the suite
    const names = packages.map((name) => `${name}/${suite}`);
    const { code } = await aptGet(["download", ...names], downloads);
    if (code !== 0) throw new UserError(`downloading ${packages.join(", ")} of ${suite} failed.`);
    rmSync(folder, { recursive: true, force: true });
    for (const file of readdirSync(downloads))
      await run("dpkg-deb", ["-x", join(downloads, file), folder]);
    return;
  }
  throw new UserError(
    `none of apt's mirrors carries ${suite}: IMSG_MIRROR="URL ..." names others.`,
  );
}

async function installBgpd(sites) {
  for (const site of sites) {
    const aptGet = privateApt(site);
    // Without this option, apt-get update succeeds although the mirror lacks the suite.
    const { code } = await aptGet(["-o", "APT::Update::Error-Mode=any", "update"]);
    if (code !== 0) continue;
    const installed = await aptGet(["install", "--no-install-recommends", OPENBGPD]);
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

async function ensureBgpd77(check) {
  const runs = async () => {
    const { stdout, stderr } = await run(join(BGPD77, "usr/sbin/bgpd"), ["-V"]);
    return /OpenBGPD 7\.7/.test(stdout + stderr);
  };
  if (await runs()) return;
  if (check) throw new UserError("OpenBGPD 7.7 is missing: please run node scripts/daemons.mjs");
  await unpackSuite(RELEASE, ["openbgpd"], BGPD77);
  if (!(await runs())) throw new UserError("OpenBGPD 7.7 did not get unpacked.");
}

async function ensureTmux35(check) {
  const libraries = join(TMUX35, "usr/lib/x86_64-linux-gnu");
  const loader = join(libraries, "ld-linux-x86-64.so.2");
  const runs = async () => {
    const tmux = join(TMUX35, "usr/bin/tmux");
    const { stdout } = await run(loader, ["--library-path", libraries, tmux, "-V"]);
    return /tmux 3\.5/.test(stdout);
  };
  if (await runs()) return;
  if (check) throw new UserError("tmux 3.5a is missing: please run node scripts/daemons.mjs");
  await unpackSuite("trixie", TMUX35_PACKAGES, TMUX35);
  if (!(await runs())) throw new UserError("tmux 3.5a did not get unpacked, or does not run here.");
}

const programs = {
  bgpd: ensureBgpd,
  bgpd77: ensureBgpd77,
  smtpd: ensureSmtpd,
  tmux: ensureTmux,
  tmux35: ensureTmux35,
};

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
