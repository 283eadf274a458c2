// Finishes a linked module: drops the custom sections, which describe the machine, and on demand the
// exports that the linker adds, compares imports and exports with the lists, and marks a module that
// was built from altered files.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: {
    "keep-names": { type: "boolean", default: false },
    "drop-added": { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const [input, output, exportList, marker] = positionals;
if (marker === undefined) {
  console.error(
    "usage: finish-wasm.mjs [--keep-names] [--drop-added] IN.wasm OUT.wasm EXPORTS.txt UNVERIFIED-MARKER",
  );
  process.exit(2);
}

const bytes = readFileSync(input);
const CUSTOM = 0;
const EXPORTS = 7;
/** Exports that the linker adds for code that emcc would generate. Nothing here calls them. */
const ADDED = ["__indirect_function_table", "stackSave", "stackRestore", "stackAlloc"];

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

/** Writes an unsigned LEB128 number. */
function toLeb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...toLeb(value >>> 7)];
}

/** The section of exports without those that the linker adds. */
function withoutAdded(body) {
  let [count, at] = leb(body);
  const entries = [];
  for (; count > 0; count--) {
    const [length, from] = leb(at);
    const [, end] = leb(from + length + 1); // behind the kind is the index
    const name = bytes.toString("latin1", from, from + length);
    if (!ADDED.includes(name)) entries.push(bytes.subarray(at, end));
    at = end;
  }
  const content = Buffer.concat([Buffer.from(toLeb(entries.length)), ...entries]);
  return Buffer.concat([Buffer.from([EXPORTS, ...toLeb(content.length)]), content]);
}

const kept = [bytes.subarray(0, 8)];
for (let at = 8; at < bytes.length; ) {
  const [size, body] = leb(at + 1);
  const keep = bytes[at] !== CUSTOM || (values["keep-names"] && isNames(body));
  const drop = bytes[at] === EXPORTS && values["drop-added"];
  if (keep) kept.push(drop ? withoutAdded(body) : bytes.subarray(at, body + size));
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
/** Exports that are not functions of the lists: the memory, and C's start-up code. */
const extra = ["memory", "_initialize", ...(values["drop-added"] ? [] : ADDED)];
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
