import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { errorsOf, linkNodeTypes } from "./compile.ts";
import { install, top } from "./installed.ts";

let project: string;
let tarball: string;

beforeAll(() => {
  ({ project, tarball } = install("lint"));
  linkNodeTypes(project);
}, 60_000);

describe("the tarball", () => {
  it("is clean in the eyes of publint", async () => {
    const { buffer } = Uint8Array.from(readFileSync(tarball));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
    expect(pkg.name).toBe("imsg-wasm");
  });

  it("has types that attw finds from ESM and from bundlers, for all code", () => {
    const attw = join(top, "node_modules/.bin/attw");
    // the result of importing the module differs by runtime and bundler, so it has no type
    const args = [tarball, "--profile", "esm-only", "--exclude-entrypoints", "imsg.wasm"];
    const { status, stdout } = spawnSync(attw, [...args, "--format", "json"], { encoding: "utf8" });
    const { analysis, problems } = JSON.parse(stdout);
    expect({ status, problems: problems ?? {} }, stdout).toMatchObject({ status: 0 });
    const { exports } = JSON.parse(readFileSync(join(top, "package.json"), "utf8"));
    const names = Object.keys(exports).filter((name) => name !== "./imsg.wasm");
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(names.sort());
  }, 120_000);
});

/** The errors of a program in the project, its packages' declarations among them. */
const check = (code: string, options: Record<string, unknown>): string[] =>
  errorsOf(ts, project, code, options);

const web = `
  import { ImsgChannel, ImsgCodec, type ImsgMessage } from "imsg-wasm";
  import { Ibuf, instantiate } from "imsg-wasm/c";
  import { fromWebSocket } from "imsg-wasm/web";
  import { instantiateRaw } from "imsg-wasm/raw";
  import "imsg-wasm/debug";
  import { listen } from "imsg-wasm/bun";
  import { fromConn } from "imsg-wasm/deno";
  const channel: ImsgChannel = fromWebSocket(new WebSocket("ws://127.0.0.1/"), { pid: 1 });
  for await (const m of channel) console.log((m satisfies ImsgMessage).data.byteLength);
  using codec = new ImsgCodec({ maxSize: 16 });
  const n: bigint = Ibuf.fromBuffer(codec.encode({ type: 1 })).getN64();
  void [n, instantiate("/imsg.wasm"), instantiateRaw, listen, fromConn];
  export {};
`;
const entries = ["", "/c", "/node", "/web", "/deno", "/bun", "/raw", "/debug"].map(
  (name) => `imsg-wasm${name}`,
);
const node = `
  import { connect, listen, spawn } from "imsg-wasm/node";
  const { child, channel } = await spawn("true");
  console.log(child.pid, await channel.receive(), connect, listen);
`;

describe("the types", () => {
  const page = { lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"] };
  const ways = {
    bundler: { module: "ESNext", moduleResolution: "bundler" },
    nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
  };

  it.each(Object.entries(ways))("check with moduleResolution %s on a page", (_, options) => {
    expect(check(web, { ...page, ...options })).toEqual([]);
  });

  it.each(Object.entries(ways))("check with moduleResolution %s in Node", (_, options) => {
    const plain = { lib: ["ES2022"], types: ["node"] };
    const all = entries.map((entry, i) => `import * as e${i} from "${entry}"; void e${i};\n`);
    expect(check(node + all.join(""), { ...plain, ...options })).toEqual([]);
    expect(check(node, { types: ["node"], ...options })).toEqual([]);
  });

  it.each([
    ["without lib DOM", ["ES2022"]],
    ["with lib DOM", ["ES2022", "DOM"]],
  ])("refuse a module that is neither bytes nor a module %s", (_, lib) => {
    const code = `
      import { createInstance } from "imsg-wasm/c";
      createInstance("not bytes");
      createInstance(new Uint8Array(8));
    `;
    const errors = check(code, { lib, skipLibCheck: true, ...ways.bundler });
    expect(errors).toEqual([expect.stringMatching(/'string' is not assignable/)]);
  });

  it("check with moduleResolution node10, which does not read exports", () => {
    const options = { module: "ESNext", moduleResolution: "node10", ignoreDeprecations: "6.0" };
    expect(check(web, { ...page, ...options })).toEqual([]);
  });

  it("refuse a message without a type", () => {
    const code = `import { ImsgCodec } from "imsg-wasm"; new ImsgCodec().encode({ peerid: 1 });`;
    const errors = check(code, { ...page, ...ways.bundler });
    expect(errors).toEqual([expect.stringMatching(/Property 'type' is missing/)]);
  });
});
