// Finishes a linked module: drops the custom sections, which describe the machine, compares imports
// and exports with the lists, and marks a module that was built from altered files.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { "keep-names": { type: "boolean", default: false } },
  allowPositionals: true,
});
const [input, output, exportList, marker] = positionals;
if (marker === undefined) {
  console.error(
    "usage: finish-wasm.mjs [--keep-names] IN.wasm OUT.wasm EXPORTS.txt UNVERIFIED-MARKER",
  );
  process.exit(2);
}

const bytes = readFileSync(input);
const CUSTOM = 0;

/** Reads an unsigned LEB128 number; returns its value and the offset of the byte after it. */
function leb(at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

/** The section with the names of functions, which a stack trace shows. Every other custom section is dropped. */
function isNames(body) {
  const [length, from] = leb(body);
  return bytes.toString("latin1", from, from + length) === "name";
}

const kept = [bytes.subarray(0, 8)];
for (let at = 8; at < bytes.length; ) {
  const [size, body] = leb(at + 1);
  const keep = bytes[at] !== CUSTOM || (values["keep-names"] && isNames(body));
  if (keep) kept.push(bytes.subarray(at, body + size));
  at = body + size;
}
if (existsSync(marker)) {
  const name = Buffer.from("imsg-unverified");
  kept.push(Buffer.from([CUSTOM, name.length + 1, name.length]), name);
}
const finished = Buffer.concat(kept);

const module = new WebAssembly.Module(finished);
const fail = (what, names) => {
  console.error(`finish-wasm: ${input}: ${what}: ${names.join(" ")}`);
  process.exit(1);
};
const wanted = readFileSync(exportList, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
/** The exports that the linker adds. */
const extra = ["memory", "_initialize", "__indirect_function_table"];
extra.push("stackSave", "stackRestore", "stackAlloc");
const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
const missing = wanted.filter((name) => !exported.includes(name));
if (missing.length > 0) fail("not exported", missing);
const surplus = exported.filter((name) => !wanted.includes(name) && !extra.includes(name));
if (surplus.length > 0) fail(`exported but not in ${exportList}`, surplus);
/** The imports that ts/module provides; see c-src/libc/host.h. */
const provided = ["env.host_close", "env.host_header"];
const unknown = WebAssembly.Module.imports(module)
  .map(({ module, name }) => `${module}.${name}`)
  .filter((name) => !provided.includes(name));
if (unknown.length > 0) fail("imports what ts/module does not provide", unknown);

writeFileSync(output, finished);
