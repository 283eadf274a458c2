// Reads the pins: c-src/upstream.lock, whose own comments say what they mean.

import { readFileSync } from "node:fs";
import { UserError } from "./run.mjs";

const FIELDS = {
  carrier: ["pool", "archive", "sha256"],
  file: ["revision", "sha256", "path"],
};

/** Names and paths end up in file names: they must stay inside their folder. */
const RELATIVE = /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.+~/-]+$/;
const SHA256 = /^[0-9a-f]{64}$/;

export function readLock(lockFile) {
  let text;
  try {
    text = readFileSync(lockFile, "utf8");
  } catch (error) {
    throw new UserError(`cannot read the pins: ${error.message}`);
  }
  const carriers = [];
  const files = [];
  const where = new Map();
  let record;
  for (const [index, raw] of text.split("\n").entries()) {
    const fail = (what) => {
      throw new UserError(`${lockFile}:${index + 1}: ${what}`);
    };
    const line = raw.replace(/(^|\s)#.*/, "").trimEnd();
    if (line === "") continue;
    const [key, ...rest] = line.trim().split(/\s+/);
    if (/^\s/.test(line)) {
      if (!record) fail(`"${key}" belongs to no carrier or file`);
      if (!FIELDS[record.kind].includes(key)) fail(`a ${record.kind} has no "${key}"`);
      const value = rest.join(" ");
      if (key === "sha256" && !SHA256.test(value)) fail(`"${value}" is no SHA-256`);
      if (key !== "sha256" && key !== "revision" && !RELATIVE.test(value)) {
        fail(`"${value}" is no relative path`);
      }
      record[key] = value;
    } else if (key === "carrier") {
      if (rest.length !== 2) fail("a carrier is a name and a version");
      record = { kind: key, name: rest[0], version: rest[1] };
      carriers.push(record);
      where.set(record, index + 1);
    } else if (key === "file") {
      if (rest.length !== 1 || !RELATIVE.test(rest[0])) fail("a file is one relative path");
      record = { kind: key, name: rest[0] };
      files.push(record);
      where.set(record, index + 1);
    } else {
      fail(`"${key}" is neither a carrier nor a file`);
    }
  }
  for (const [each, line] of where) {
    const missing = FIELDS[each.kind].filter((field) => each[field] === undefined);
    if (missing.length > 0) {
      throw new UserError(`${lockFile}:${line}: ${each.name} lacks ${missing.join(", ")}`);
    }
  }
  if (files.length === 0) throw new UserError(`${lockFile}: names no file`);
  return { carriers, files };
}
