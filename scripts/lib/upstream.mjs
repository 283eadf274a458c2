// Inspects the folder c-src/upstream, reads a source for it, and replaces it.

import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { run, temporaryFolder, UserError } from "./run.mjs";

export const MARKER = "UNVERIFIED";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A path as a user would type it. */
export function shown(path) {
  const short = relative(process.cwd(), path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}

function listFiles(folder) {
  const nameOf = (entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name));
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  const links = entries.filter((entry) => !entry.isFile()).map(nameOf);
  if (links.length > 0) {
    // The target of a link can change after it was verified.
    throw new UserError(
      `${shown(folder)} holds entries that are no plain files: ${links.slice(0, 5).join(", ")}. ` +
        "Please remove it and run this again.",
    );
  }
  return entries.map(nameOf).map((name) => name.split(sep).join("/"));
}

/** Describes the contents of `dest`: `state` is absent, right, incomplete, marked or edited. */
export function look(dest, files) {
  if (!existsSync(dest)) return { state: "absent" };
  if (!lstatSync(dest).isDirectory()) throw new UserError(`${shown(dest)} is not a folder.`);
  const names = new Set(listFiles(dest));
  const known = new Set([MARKER, ...files.map((file) => file.name)]);
  const strangers = [...names].filter((name) => !known.has(name));
  if (strangers.length > 0) {
    // Other files might shadow a header, and replacing the folder would lose them.
    throw new UserError(
      `${shown(dest)} holds files that do not belong there: ${strangers.slice(0, 5).join(", ")}. ` +
        "Please move it away.",
    );
  }
  const there = files.filter((file) => names.has(file.name));
  const wrong = compare(
    files,
    new Map(there.map((file) => [file.name, readFileSync(join(dest, file.name))])),
  );
  const complete = there.length === files.length;
  if (names.has(MARKER)) return { state: "marked", restored: complete && wrong.length === 0 };
  if (wrong.length > 0) return { state: "edited", wrong };
  return { state: complete ? "right" : "incomplete" };
}

/** The files of `contents` whose sum is not the pinned one. */
export function compare(files, contents) {
  return files.flatMap((file) => {
    const bytes = contents.get(file.name);
    if (bytes === undefined) return [];
    const actual = sha256(bytes);
    return actual === file.sha256 ? [] : [{ name: file.name, expected: file.sha256, actual }];
  });
}

export function describeWrong(wrong) {
  return wrong
    .map(
      ({ name, expected, actual }) =>
        `  ${name}\n    expected SHA-256 ${expected}\n    found SHA-256    ${actual}`,
    )
    .join("\n");
}

/** Unpacks an archive into a temporary folder and returns its top folder. */
export async function unpack(archive) {
  const folder = temporaryFolder(tmpdir(), "imsg-unpack-");
  const { code, stderr } = await run("tar", [
    "-xf",
    resolve(archive),
    "-C",
    folder,
    "--no-same-owner",
  ]);
  if (code !== 0) throw new UserError(`${archive} cannot be unpacked:\n${stderr.trim()}`);
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.length === 1 && entries[0].isDirectory() ? join(folder, entries[0].name) : folder;
}

/** Reads the files from an unpacked carrier, or from a folder that holds just them. */
export function readSource(folder, files) {
  const layouts = [(file) => file.path, (file) => file.name, (file) => basename(file.name)];
  let fewest;
  for (const layout of layouts) {
    const missing = files.map(layout).filter((path) => !existsSync(join(folder, path)));
    if (missing.length === 0) {
      return new Map(files.map((file) => [file.name, readFileSync(join(folder, layout(file)))]));
    }
    if (!fewest || missing.length < fewest.length) fewest = missing;
  }
  throw new UserError(`${folder} lacks ${fewest.join(", ")}.`);
}

/** Puts `contents` in place of `dest`: whole, by renaming, or not at all. */
export function place(dest, files, contents, wrong) {
  const parent = dirname(resolve(dest));
  mkdirSync(parent, { recursive: true });
  const stage = temporaryFolder(parent, ".upstream-new-");
  const fresh = join(stage, "new");
  for (const [name, bytes] of contents) {
    mkdirSync(dirname(join(fresh, name)), { recursive: true });
    writeFileSync(join(fresh, name), bytes);
  }
  if (wrong.length > 0) {
    const text = `These files are not the pinned originals:\n${describeWrong(wrong)}\n`;
    writeFileSync(join(fresh, MARKER), text);
  }
  // Compare the files as they were written.
  const written = new Map(files.map(({ name }) => [name, readFileSync(join(fresh, name))]));
  const bad = compare(files, written);
  if (bad.length !== wrong.length) {
    throw new UserError(`the files differ from those that were written:\n${describeWrong(bad)}`);
  }
  const old = join(stage, "old");
  if (existsSync(dest)) renameSync(dest, old);
  try {
    renameSync(fresh, dest);
  } catch (error) {
    // Another run may have put the same files there in between.
    if (existsSync(dest) && look(dest, files).state === "right" && wrong.length === 0) return;
    if (existsSync(old) && !existsSync(dest)) renameSync(old, dest);
    throw error;
  }
}

/** Whether `dest` holds exactly `contents` already. */
export function holds(dest, contents) {
  return [...contents].every(([name, bytes]) => {
    const file = join(dest, name);
    return existsSync(file) && bytes.equals(readFileSync(file));
  });
}

export function removeMarker(dest) {
  rmSync(join(dest, MARKER), { force: true });
}
