// Packs the fuzzer's inputs into corpus/TARGET.base64, one input a line, and unpacks them.
//
//   node test/c/fuzz/corpus.mjs unpack FOLDER   writes FOLDER/TARGET/SHA-1 for each input
//   node test/c/fuzz/corpus.mjs pack FOLDER     packs FOLDER/TARGET/* of each target

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const corpus = fileURLToPath(new URL("corpus/", import.meta.url));
const SUFFIX = ".base64";

function unpack(folder) {
  for (const packed of readdirSync(corpus)) {
    const target = join(folder, packed.slice(0, -SUFFIX.length));
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    for (const line of readFileSync(join(corpus, packed), "utf8").trimEnd().split("\n")) {
      const bytes = Buffer.from(line, "base64");
      writeFileSync(join(target, createHash("sha1").update(bytes).digest("hex")), bytes);
    }
  }
}

function pack(folder) {
  for (const target of readdirSync(folder)) {
    const names = readdirSync(join(folder, target)).sort();
    const lines = names.map((name) => readFileSync(join(folder, target, name), "base64"));
    writeFileSync(join(corpus, `${target}${SUFFIX}`), `${lines.join("\n")}\n`);
  }
}

const [action, folder] = process.argv.slice(2);
const run = { pack, unpack }[action];
if (run === undefined || folder === undefined) {
  console.error("usage: node test/c/fuzz/corpus.mjs pack|unpack FOLDER");
  process.exit(1);
}
run(folder);
