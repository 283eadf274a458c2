// Writes a module's bytes as a TypeScript module, so that the default entry
// needs neither a file nor a fetch.
import { readFileSync, writeFileSync } from "node:fs";

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined) {
  console.error("usage: embed-wasm.mjs IN.wasm OUT.ts");
  process.exit(2);
}

const base64 = readFileSync(input).toString("base64");
writeFileSync(
  output,
  `// Generated from ${input}; not kept in git.
const base64 =
  "${base64}";

/** The bytes of the module. */
export function bytes(): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
`,
);
