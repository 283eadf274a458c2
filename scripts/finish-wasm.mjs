// After linking: drops the custom sections (names, producers), which would tell
// about the machine, checks the module's border against the lists, and marks a
// module that was built from altered files.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [input, output, exportList, marker] = process.argv.slice(2);
if (marker === undefined) {
  console.error("usage: finish-wasm.mjs IN.wasm OUT.wasm EXPORTS.txt UNVERIFIED-MARKER");
  process.exit(2);
}

const bytes = readFileSync(input);

/** Reads an unsigned LEB128 number: its value, and where the next byte is. */
function leb(at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

const kept = [bytes.subarray(0, 8)];
for (let at = 8; at < bytes.length; ) {
  const [size, body] = leb(at + 1);
  if (bytes[at] !== 0) kept.push(bytes.subarray(at, body + size));
  at = body + size;
}
if (existsSync(marker)) {
  const name = Buffer.from("imsg-unverified");
  kept.push(Buffer.from([0, name.length + 1, name.length]), name);
}
const finished = Buffer.concat(kept);

const module = new WebAssembly.Module(finished);
const fail = (what, names) => {
  console.error(`finish-wasm: ${what}: ${names.join(" ")}`);
  process.exit(1);
};
const wanted = readFileSync(exportList, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
// what the linker adds by itself
const extra = ["memory", "_initialize", "__indirect_function_table"];
extra.push("stackSave", "stackRestore", "stackAlloc");
const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
const missing = wanted.filter((name) => !exported.includes(name));
if (missing.length > 0) fail("not exported", missing);
const surplus = exported.filter((name) => !wanted.includes(name) && !extra.includes(name));
if (surplus.length > 0) fail("exported but not in the list", surplus);
const provided = ["env.host_close", "env.host_header"];
const unknown = WebAssembly.Module.imports(module)
  .map(({ module, name }) => `${module}.${name}`)
  .filter((name) => !provided.includes(name));
if (unknown.length > 0) fail("imports what ts/module does not provide", unknown);

writeFileSync(output, finished);
