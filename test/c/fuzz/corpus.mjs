// Packs the fuzzer's inputs into corpus/TARGET.gz, and unpacks them. A packed file is the gzip of
// all inputs, each behind its length (32 bits, little-endian).
//
//   node test/c/fuzz/corpus.mjs unpack FOLDER   writes FOLDER/TARGET/SHA-1 for each input
//   node test/c/fuzz/corpus.mjs pack FOLDER     packs FOLDER/TARGET/* of each target

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const corpus = fileURLToPath(new URL("corpus/", import.meta.url));
const SUFFIX = ".gz";

/** The inputs of a target. */
export function inputsOf(target) {
  const packed = gunzipSync(readFileSync(join(corpus, `${target}${SUFFIX}`)));
  const inputs = [];
  for (let at = 0; at < packed.length; ) {
    const start = at + 4;
    at = start + packed.readUInt32LE(at);
    inputs.push(packed.subarray(start, at));
  }
  return inputs;
}

function unpack(folder) {
  for (const packed of readdirSync(corpus)) {
    const target = packed.slice(0, -SUFFIX.length);
    rmSync(join(folder, target), { recursive: true, force: true });
    mkdirSync(join(folder, target), { recursive: true });
    for (const bytes of inputsOf(target)) {
      writeFileSync(join(folder, target, createHash("sha1").update(bytes).digest("hex")), bytes);
    }
  }
}

function pack(folder) {
  for (const target of readdirSync(folder)) {
    const names = readdirSync(join(folder, target)).sort();
    const records = names.flatMap((name) => {
      const bytes = readFileSync(join(folder, target, name));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    });
    writeFileSync(
      join(corpus, `${target}${SUFFIX}`),
      gzipSync(Buffer.concat(records), { level: 9 }),
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [action, folder] = process.argv.slice(2);
  const run = { pack, unpack }[action];
  if (run === undefined || folder === undefined) {
    console.error("usage: node test/c/fuzz/corpus.mjs pack|unpack FOLDER");
    process.exit(1);
  }
  run(folder);
}
