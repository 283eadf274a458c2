// After bundling: puts the module beside the code, and writes the licence notices of
// everything in the package, copied from the fetched files themselves.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

if (existsSync("c-src/upstream/UNVERIFIED")) {
  // such a package may be tried out here, but packing it is refused
  writeFileSync("dist/UNVERIFIED", "The module was built from altered files.\n");
}

/** The comment that holds the copyright and permission notice of a C file. */
function notice(file) {
  const comments = readFileSync(file, "utf8").match(/\/\*[\s\S]*?\*\//g) ?? [];
  const found = comments.find((text) => text.includes("Copyright"));
  if (found === undefined) throw new Error(`${file} has no copyright notice`);
  return found
    .replace(/^\/\*-?\s*|\s*\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

const originals = ["imsg.h", "imsg.c", "imsg-buffer.c", "sys/queue.h"];
const sections = originals.map(
  (name) => `${name}\n${"-".repeat(name.length)}\n\n${notice(`c-src/upstream/${name}`)}\n`,
);

writeFileSync(
  "dist/NOTICE",
  `imsg.wasm, and the modules that embed it, are compiled from these files of
OpenBSD, unmodified. Their notices:

${sections.join("\n\n")}`,
);
copyFileSync("wasm/imsg.wasm", "dist/imsg.wasm");
