/**
 * biome.json (`noRestrictedImports`, `noImportCycles`) has the rule which folder of ts/ may import
 * which, and `make check` enforces it. This test plants every possible import in a copy.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));

const MAY_IMPORT: Record<string, string[]> = {
  generated: [],
  module: ["generated"],
  batch: ["module"],
  c: ["module", "generated"],
  channel: ["batch", "module"],
  transports: ["channel", "batch", "module"],
  protocol: ["channel", "batch", "module"],
  protocols: ["protocol"],
  entry: ["generated", "module", "batch", "c", "channel", "transports", "protocol", "protocols"],
};
MAY_IMPORT.inspect = [...Object.keys(MAY_IMPORT)];
const FOLDERS = [...Object.keys(MAY_IMPORT), "cli"];
MAY_IMPORT.cli = FOLDERS;

/** The ways an import can be written. */
const FORMS: Record<string, (path: string) => string> = {
  value: (path) => `import { x } from "${path}";\nexport const y = x;\n`,
  type: (path) => `import type { x } from "${path}";\nexport type Y = x;\n`,
  reexport: (path) => `export * from "${path}";\n`,
  dynamic: (path) => `export const y = import("${path}");\n`,
};

let copy: string;
let reported: Set<string>;

const file = (from: string, to: string, form: string) => `ts/${from}/to-${to}-${form}.ts`;

function put(name: string, text: string): void {
  mkdirSync(join(copy, name, ".."), { recursive: true });
  writeFileSync(join(copy, name), text);
}

function plantImports(): void {
  for (const from of FOLDERS) {
    for (const to of FOLDERS) {
      for (const [form, write] of Object.entries(FORMS)) {
        const path = from === to ? "./there.ts" : `../${to}/there.ts`;
        put(file(from, to, form), write(path));
      }
      put(`ts/${from}/deeper/to-${to}.ts`, FORMS.value!(`../../${to}/there.ts`));
    }
    put(`ts/${from}/there.ts`, "export const x = 1;\n");
  }
  put("ts/inspect/to-node.ts", FORMS.value!("node:fs"));
  put("ts/channel/one.ts", 'import { two } from "./two.ts";\nexport const one = () => two;\n');
  put("ts/channel/two.ts", 'import { one } from "./one.ts";\nexport const two = () => one;\n');
}

/** The files in which biome reports one of the two rules. */
function lint(): Set<string> {
  const biome = join(top, "node_modules/.bin/biome");
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "ts"];
  const { stdout } = spawnSync(biome, args, { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const rules = /noRestrictedImports|noImportCycles/;
  return new Set(
    diagnostics
      .filter(({ category }) => rules.test(category))
      .map(({ location: { path } }) => (typeof path === "string" ? path : path.file)),
  );
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "imsg-imports-"));
  cpSync(join(top, "biome.json"), join(copy, "biome.json"));
  plantImports();
  reported = lint();
}, 60_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe("the import rule", () => {
  it("knows every folder of ts/", () => {
    const folders = readdirSync(join(top, "ts"), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(FOLDERS).toEqual(expect.arrayContaining(names));
  });

  it.each(FOLDERS)("lets ts/%s import the folders below it, and reports every other", (from) => {
    const forms = Object.keys(FORMS);
    for (const to of FOLDERS) {
      const allowed = from === to || MAY_IMPORT[from]!.includes(to);
      const names = [...forms.map((form) => file(from, to, form)), `ts/${from}/deeper/to-${to}.ts`];
      const found = names.filter((name) => reported.has(name));
      expect(found, `${from} imports ${to}`).toEqual(allowed ? [] : names);
    }
  });

  it("reports a module of Node in ts/inspect, which browsers load too", () => {
    expect(reported).toContain("ts/inspect/to-node.ts");
  });

  it("reports two files that import each other", () => {
    expect(reported).toContain("ts/channel/one.ts");
    expect(reported).toContain("ts/channel/two.ts");
  });
});
