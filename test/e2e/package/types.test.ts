import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { errorsOf, linkNodeTypes, type TypeScript } from "./compile.ts";
import { install, run, top } from "./installed.ts";

/** The least version of TypeScript that README states: its libs have Uint8Array<ArrayBuffer>. */
const LEAST = "5.7.3";

let project: string;
const versions = new Map<string, TypeScript>();

/** Installs the least version beside the dependencies, whose `tsc` it must not replace. */
async function leastTypeScript(): Promise<TypeScript> {
  const folder = join(top, `build/typescript-${LEAST}`);
  const file = join(folder, "node_modules/typescript/lib/typescript.js");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--no-save"];
    run(folder, "npm", "install", "--prefix", folder, ...flags, `typescript@${LEAST}`);
  }
  return (await import(pathToFileURL(file).href)).default;
}

beforeAll(async () => {
  ({ project } = install("types"));
  linkNodeTypes(project);
  versions.set("least", await leastTypeScript());
  versions.set("own", (await import("typescript")).default);
}, 120_000);

/** The errors of a program in the project, for a version of TypeScript. */
function errors(version: string, code: string, lib: string[], types: string[]): string[] {
  const options = { exactOptionalPropertyTypes: true, lib, types };
  return errorsOf(versions.get(version)!, project, code, options);
}

const exported = Object.keys(
  JSON.parse(readFileSync(join(top, "package.json"), "utf8")).exports as object,
);
/** Every entry that has types. */
const ENTRIES = exported
  .filter((name) => name !== "./imsg.wasm" && name !== "./package.json")
  .map((name) => name.replace(/^\./, "imsg-wasm"));

const VERSIONS = ["least", "own"];
/** The entries that need no types of a runtime. */
const BARE = ENTRIES.filter((entry) => entry !== "imsg-wasm/node");
const importing = (entries: readonly string[]): string =>
  entries.map((entry, i) => `import * as e${i} from "${entry}"; void e${i};\n`).join("");
const all = importing(ENTRIES);

describe("the types", () => {
  it.each(BARE)("of %s check without lib DOM and Node's types", (entry) => {
    expect(errors("own", importing([entry]), ["ES2022"], [])).toEqual([]);
  });

  it("check without lib DOM and Node's types in the least version", () => {
    expect(errors("least", importing(BARE), ["ES2022"], [])).toEqual([]);
  });

  it.each(VERSIONS)("of all entries check in Node without lib DOM: %s", (version) => {
    expect(errors(version, all, ["ES2022"], ["node"])).toEqual([]);
  });

  it.each(VERSIONS)("of all entries check in Node with lib DOM: %s", (version) => {
    expect(errors(version, all, ["ES2022", "DOM"], ["node"])).toEqual([]);
  });

  it("would be refused if they named a global that is declared nowhere", () => {
    const code = `import { ImsgCodec } from "imsg-wasm"; export const a: [ImsgCodec, Worker] = 0 as never;`;
    expect(errors("own", code, ["ES2022"], [])).toEqual(["Cannot find name 'Worker'."]);
  });
});

/** The arguments of each adapter's `listen`. */
const ADDRESSES = {
  node: ['{ path: "/s" }', '{ port: 0, host: "::1" }'],
  deno: ['{ path: "/s" }', '{ port: 0, hostname: "::1" }'],
  bun: ['{ unix: "/s" }', '{ port: 0, hostname: "::1" }'],
} as const;

describe.each(Object.entries(ADDRESSES))("the types of imsg-wasm/%s", (adapter, [unix, tcp]) => {
  const check = (code: string): string[] => errors("own", code, ["ES2022"], ["node"]);
  const entry = `imsg-wasm/${adapter}`;

  it("type takeFd as a number on channels of every function", () => {
    const code = `
      import { connect, fromSocket, listen } from "${entry}";
      const number = (fd: number | undefined): number | undefined => fd;
      const server = await listen(${unix}, async (channel) => {
        for await (const m of channel) number(m.takeFd());
        for await (const list of channel.batches()) number(list[0]?.takeFd());
        number((await channel.receive())?.takeFd());
        number((await channel.receiveMany())?.[0]?.takeFd());
        number((await channel.request({ type: 1 })).takeFd());
        number((await channel.readable.getReader().read()).value?.takeFd());
      }, { onError: (_, channel) => void channel?.receive().then((m) => number(m?.takeFd())) });
      for (const channel of server.channels) number((await channel.receive())?.takeFd());
      for (const channel of [await connect(${unix}), await fromSocket(3)]) {
        number((await channel.receive())?.takeFd());
      }
    `;
    expect(check(code)).toEqual([]);
  });

  it("let a channel of numbers stand for any channel, and not the other way", () => {
    const head = `
      import type { ImsgChannel } from "imsg-wasm";
      import { connect } from "${entry}";
    `;
    expect(check(`${head} export const c: ImsgChannel = await connect(${unix});`)).toEqual([]);
    const back = `${head} export const c: ImsgChannel<string> = await connect(${unix});`;
    expect(check(back)).toEqual([expect.stringContaining("not assignable")]);
  });

  it("know the port and the address of a server", () => {
    const code = `
      import { listen } from "${entry}";
      const tcp = await listen(${tcp}, () => {});
      export const port: number = tcp.port + tcp.address.port;
      export const host: string = tcp.address.host;
      const unix = await listen(${unix}, () => {});
      export const path: string = unix.address.path;
      export const none: undefined = unix.port;
    `;
    expect(check(code)).toEqual([]);
  });
});

it("the types leave the value of a port's message unknown, unless the program names it", () => {
  const code = `
    import { ImsgChannel } from "imsg-wasm";
    import { fromMessagePort } from "imsg-wasm/web";
    declare const port: Parameters<typeof fromMessagePort>[0];
    export const a: string = (await fromMessagePort(port).receive())!.takeFd();
    declare const named: ImsgChannel<Date>;
    export const b: Date | undefined = (await named.receive())!.takeFd();
  `;
  expect(errors("own", code, ["ES2022"], ["node"])).toEqual([
    "Type 'unknown' is not assignable to type 'string'.",
  ]);
});

it("README states the least version of TypeScript", () => {
  const [, stated] = /TypeScript (\d+\.\d+) or later/.exec(
    readFileSync(join(top, "README.md"), "utf8"),
  )!;
  expect(LEAST.startsWith(`${stated}.`)).toBe(true);
});
