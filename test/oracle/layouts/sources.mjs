// The daemons' own sources, from Debian's source packages, under pinned sums.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canDownload, download, mirrors } from "../../../scripts/lib/apt.mjs";
import { temporaryFolder, UserError } from "../../../scripts/lib/run.mjs";
import { unpack } from "../../../scripts/lib/upstream.mjs";

/** Where the unpacked archives are kept. */
export const folder = fileURLToPath(new URL("../../../build/layouts/", import.meta.url));

/** Each archive by the name that the subjects use; `pool` is relative to a mirror's root. */
export const SOURCES = {
  openbgpd: {
    pool: "pool/main/o/openbgpd",
    archive: "openbgpd_8.8.orig.tar.gz",
    sha256: "b4e12f1ef1b570d7244d11903c597a0109a1aa246bd7b99d0a7069a2604f9cdf",
  },
  tmux: {
    pool: "pool/main/t/tmux",
    archive: "tmux_3.3a.orig.tar.gz",
    sha256: "e4fd347843bd0772c4f48d6dde625b0b109b7a380ff15db21e97c11a4dcdf93f",
  },
  opensmtpd68: {
    pool: "pool/main/o/opensmtpd",
    archive: "opensmtpd_6.8.0p2.orig.tar.gz",
    sha256: "51bf05312fe56764748faab9e63170bfbb7c7d84a37c4117b62b2681eb3a4d17",
  },
  // Debian has no archive of 7.4 any more; 7.6 has the same enumerators and structures
  opensmtpd74: {
    pool: "pool/main/o/opensmtpd",
    archive: "opensmtpd_7.6.0p1.orig.tar.gz",
    sha256: "b27c806982a6653a2637f810ae7a45372b9a7ff99350ee1003746503ff0e4a97",
  },
  openntpd: {
    pool: "pool/main/o/openntpd",
    archive: "openntpd_6.2p3.orig.tar.gz",
    sha256: "d01f2caf77d069e658550d03e3a3c9d51b65f6b1139a45fb67be946fcb3d690d",
  },
  frr: {
    pool: "pool/main/f/frr",
    archive: "frr_8.4.4.orig.tar.xz",
    sha256: "77f942795cd15b1b792d9bf712905edebf1803fcdaaa393d0ef0d2c1998d75d2",
  },
};

/**
 * The folder of an unpacked archive, downloaded if it is missing. Throws a UserError that says what
 * to do by hand.
 *
 * @param {keyof typeof SOURCES} name
 */
export async function source(name) {
  const { pool, archive, sha256 } = SOURCES[name];
  const dest = join(folder, name);
  const stamp = `${dest}.sha256`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sha256) return dest;
  if (!canDownload()) {
    throw new UserError(`there is no apt here to download ${archive} (SHA-256 ${sha256}) with`);
  }
  const failures = [];
  const stage = temporaryFolder(tmpdir(), "imsg-layouts-");
  for (const site of await mirrors()) {
    const file = join(stage, archive);
    const failure = await download(`${site.replace(/\/+$/, "")}/${pool}/${archive}`, file, sha256);
    if (failure !== undefined) {
      failures.push(failure);
      continue;
    }
    mkdirSync(folder, { recursive: true });
    renameSync(await unpack(file), dest);
    writeFileSync(stamp, sha256);
    return dest;
  }
  throw new UserError(`${archive} could not be downloaded:\n${failures.join("\n")}`);
}
