// Installs tarball/*.tgz in an empty project and exchanges a message there with a runtime:
//   node .github/try-tarball.mjs node|bun|"deno run --allow-all"
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAM = `
import { ImsgCodec } from "imsg-wasm";
const codec = new ImsgCodec();
const bytes = codec.encode({ type: 7, peerid: 3, data: new TextEncoder().encode("hello") });
const [message] = codec.push(bytes);
const text = new TextDecoder().decode(message.data);
if (message.type !== 7 || text !== "hello") throw new Error("decoded " + message.type + " " + text);
console.log("ok");
`;

const [command, ...args] = process.argv.slice(2);
const folder = process.env.TARBALL ?? "tarball";
const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
const project = mkdtempSync(join(tmpdir(), "imsg-tarball-"));
writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
writeFileSync(join(project, "program.mjs"), PROGRAM);
const options = { cwd: project, stdio: "inherit" };
// npm is a script of the shell on Windows
execFileSync("npm", ["install", "--no-audit", resolve(folder, tarball)], {
  ...options,
  shell: true,
});
execFileSync(command, [...args, "program.mjs"], options);
