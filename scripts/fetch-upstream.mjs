#!/usr/bin/env node
// Puts OpenBSD's imsg into c-src/upstream, after comparing it with the sums of c-src/upstream.lock.

import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { canDownload, download, mirrors } from "./lib/apt.mjs";
import { readLock } from "./lib/lock.mjs";
import { runMain, temporaryFolder, UserError } from "./lib/run.mjs";
import {
  compare,
  describeWrong,
  holds,
  look,
  MARKER,
  place,
  readSource,
  removeMarker,
  shown,
  unpack,
} from "./lib/upstream.mjs";

const HELP = `Usage: node scripts/fetch-upstream.mjs [--verify] [--dest DIR] [--lock FILE]

Puts the original C files into c-src/upstream. Does nothing if they are there.

  --verify      fetch nothing: only check that the folder holds no altered, linked or other file
  --dest DIR    put them there instead
  --lock FILE   read the pins from there instead of c-src/upstream.lock

Environment:
  IMSG_UPSTREAM=PATH          take the files from an archive (.tar.gz) or a folder: an unpacked
                              carrier, or a folder that holds just the files
  IMSG_UPSTREAM_UNVERIFIED=1  with IMSG_UPSTREAM: accept files whose sums are wrong, and name
                              them in ${MARKER} beside them
  IMSG_MIRROR="URL ..."       Debian mirrors to use instead of those of this machine's apt
                              (whatever apt understands: http:, https:, file:)

Exit code: 0 if the files are in place, 1 if not.
`;

const top = fileURLToPath(new URL("..", import.meta.url));

/** Hides the password of a mirror's address. */
const printable = (url) => url.replace(/\/\/[^/@]*@/, "//");

function byHand(carriers) {
  const packages = carriers.map((each) => `${each.name} ${each.version}`).join(" or ");
  const archives = carriers.map((each) => `  ${each.archive}  SHA-256 ${each.sha256}`);
  const releases = carriers.map((each) => `${each.name}-${each.version}.tar.gz`).join(" or ");
  return [
    `By hand: get the source package ${packages} from any Debian mirror,`,
    ...archives,
    `or the portable release of the same version that OpenBSD publishes (${releases}),`,
    "and name the archive, or the folder it unpacks to:",
    "  IMSG_UPSTREAM=path make",
  ].join("\n");
}

async function fromCarriers({ carriers, files }) {
  const given = process.env.IMSG_MIRROR?.split(/\s+/).filter(Boolean);
  if (!canDownload()) {
    throw new UserError(`there is no apt on this machine to download with.\n${byHand(carriers)}`);
  }
  const sites = given?.length ? given : await mirrors();
  const failures = sites.length === 0 ? ["apt names no mirror on this machine"] : [];
  const folder = temporaryFolder(tmpdir(), "imsg-fetch-");
  for (const carrier of carriers) {
    for (const site of sites) {
      const url = `${site.replace(/\/+$/, "")}/${carrier.pool}/${carrier.archive}`;
      const archive = join(folder, carrier.archive);
      const failure = await download(url, archive, carrier.sha256);
      if (failure === undefined) {
        const contents = readSource(await unpack(archive), files);
        return { contents, name: `${carrier.name} ${carrier.version} (${printable(url)})` };
      }
      failures.push(`${printable(url)}\n${failure.replace(/^/gm, "  ")}`);
    }
  }
  throw new UserError(
    `OpenBSD's imsg could not be downloaded.\n${failures.join("\n")}\n${byHand(carriers)}`,
  );
}

async function fromPath(path, files) {
  if (!existsSync(path)) throw new UserError(`IMSG_UPSTREAM=${path}: there is no such path.`);
  const folder = statSync(path).isDirectory() ? path : await unpack(path);
  return { contents: readSource(folder, files), name: path };
}

function refuse(source, wrong, carriers, path) {
  throw new UserError(
    [
      `${source} is not the pinned original:`,
      describeWrong(wrong),
      "Nothing was changed.",
      path === undefined
        ? byHand(carriers)
        : "To build altered files on purpose: " +
          `IMSG_UPSTREAM=${path} IMSG_UPSTREAM_UNVERIFIED=1 make\n` +
          "To fetch the pinned files instead: make, without IMSG_UPSTREAM",
    ].join("\n"),
  );
}

async function main(args) {
  const { values } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const dest = resolve(values.dest ?? join(top, "c-src/upstream"));
  const lock = readLock(resolve(values.lock ?? join(top, "c-src/upstream.lock")));
  const path = process.env.IMSG_UPSTREAM || undefined;
  const unverified = process.env.IMSG_UPSTREAM_UNVERIFIED === "1";
  if (unverified && path === undefined) {
    throw new UserError("IMSG_UPSTREAM_UNVERIFIED=1 needs IMSG_UPSTREAM=path.");
  }

  const now = look(dest, lock.files);
  if (now.state === "edited") {
    throw new UserError(
      [
        `${shown(dest)} holds files that are not the pinned originals:`,
        describeWrong(now.wrong),
        "Damaged, or the pins have moved: remove the folder and run this again.",
        "Altered on purpose: move the folder away, then name it:",
        "  IMSG_UPSTREAM=folder IMSG_UPSTREAM_UNVERIFIED=1 make",
      ].join("\n"),
    );
  }
  if (values.verify || (path === undefined && now.state === "right")) return;
  if (path === undefined && now.restored) {
    removeMarker(dest);
    return;
  }

  const source = path === undefined ? await fromCarriers(lock) : await fromPath(path, lock.files);
  const wrong = compare(lock.files, source.contents);
  if (wrong.length > 0 && !unverified) refuse(source.name, wrong, lock.carriers, path);
  const marked = existsSync(join(dest, MARKER));
  // An unchanged file keeps its time, so that make rebuilds nothing.
  if (marked !== wrong.length > 0 || !holds(dest, source.contents)) {
    place(dest, lock.files, source.contents, wrong);
    console.log(`${shown(dest)}: ${lock.files.length} files from ${source.name}`);
  }
  if (wrong.length > 0) {
    console.error(
      `WARNING: these files are not OpenBSD's originals, ${shown(join(dest, MARKER))} says so:\n` +
        describeWrong(wrong),
    );
  }
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        dest: { type: "string" },
        lock: { type: "string" },
        verify: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UserError(`${error.message}\n\n${HELP}`);
  }
}

await runMain("fetch-upstream", main);
