// Reads the pins, c-src/upstream.lock: which files are compiled, and which archives carry them.
// c-src/README.md describes its fields.

import { readFileSync } from "node:fs";
import { UserError } from "./run.mjs";

/** Names and paths become file names: they must stay inside their folder. */
const RELATIVE = /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.+~/-]+$/;
const WORD = /^[\w.+~-]+$/;
const TEXT = /^[^\n]+$/;
const SHA256 = /^[0-9a-f]{64}$/;

const FIELDS = {
  carriers: { name: WORD, version: WORD, pool: RELATIVE, archive: RELATIVE, sha256: SHA256 },
  files: { name: RELATIVE, revision: TEXT, sha256: SHA256, path: RELATIVE },
};
const WANTED = new Map([
  [RELATIVE, "a relative path without . and .."],
  [WORD, "a word"],
  [TEXT, "a line of text"],
  [SHA256, "a SHA-256 in hexadecimal"],
]);

/** Checks a record. Throws a UserError that names the record and the field. */
function checkRecord(lockFile, where, record, fields) {
  const fail = (what) => {
    throw new UserError(`${lockFile}: ${where}: ${what}`);
  };
  if (typeof record !== "object" || record === null) fail("is no object");
  for (const key of Object.keys(record)) {
    if (!Object.hasOwn(fields, key)) fail(`has an unknown field "${key}"`);
  }
  for (const [key, pattern] of Object.entries(fields)) {
    const value = record[key];
    if (value === undefined) fail(`lacks "${key}"`);
    if (typeof value !== "string" || !pattern.test(value)) {
      fail(`"${key}" is ${JSON.stringify(value)}, not ${WANTED.get(pattern)}`);
    }
  }
}

/** The carriers, in the order in which they are tried, and the files. */
export function readLock(lockFile) {
  let lock;
  try {
    lock = JSON.parse(readFileSync(lockFile, "utf8"));
  } catch (error) {
    throw new UserError(`${lockFile}: the pins cannot be read: ${error.message}`);
  }
  for (const [list, fields] of Object.entries(FIELDS)) {
    const records = lock?.[list];
    if (!Array.isArray(records)) throw new UserError(`${lockFile}: lacks the list "${list}"`);
    for (const [i, record] of records.entries()) {
      checkRecord(lockFile, `${list}[${i}] (${record?.name})`, record, fields);
    }
  }
  if (lock.files.length === 0) throw new UserError(`${lockFile}: names no file`);
  return { carriers: lock.carriers, files: lock.files };
}
