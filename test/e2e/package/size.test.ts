import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import { install } from "./installed.ts";

// bytes, minified and gzipped, the module among them
const CORE = 20_615;
const ADAPTER = 2_500; // without the code that its functions load on first use
const WEB = 3_660; // all its functions; one of them alone is within ADAPTER
const C_API = 15_380; // the whole module is in it, the core has a part

let project: string;

beforeAll(() => {
  ({ project } = install("size"));
}, 60_000);

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length;

/** The code that is loaded at once: an entry with its static imports, without the dynamic ones. */
function loaded(entry: string, chunks: Map<string, { code: string; imports: string[] }>): string {
  const names = new Set([entry]);
  for (const name of names) for (const next of chunks.get(name)!.imports) names.add(next);
  return [...names].map((name) => chunks.get(name)!.code).join("\n");
}

async function byEsbuild(program: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["node:*"],
    logLevel: "error",
    outdir: "out",
    metafile: true,
    write: false,
  });
  const chunks = new Map(
    Object.entries(metafile.outputs).map(([name, { imports }]) => {
      const { text } = outputFiles.find(({ path }) => path === `${project}/${name}`)!;
      const own = imports.filter(({ kind, external }) => kind === "import-statement" && !external);
      return [name, { code: text, imports: own.map(({ path }) => path) }];
    }),
  );
  return loaded("out/stdin.js", chunks);
}

async function byRolldown(program: string): Promise<string> {
  const file = `${project}/program.js`;
  const bundle = await rolldown({
    cwd: project,
    input: "program",
    external: [/^node:/],
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "program" ? file : undefined),
        load: (id) => (id === file ? program : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const chunks = new Map(
    output
      .filter((chunk) => chunk.type === "chunk")
      .map(({ fileName, code, imports }) => {
        return [fileName, { code, imports: imports.filter((name) => !name.startsWith("node:")) }];
      }),
  );
  return loaded(output[0].fileName, chunks);
}

/** The size of a program's bundle, the larger result of two bundlers. */
async function size(program: string): Promise<number> {
  return Math.max(gzipped(await byEsbuild(program)), gzipped(await byRolldown(program)));
}

const all = (...entries: string[]): string =>
  entries
    .map((entry, i) => `import * as entry${i} from "${entry}"; globalThis.entry${i} = entry${i};`)
    .join("\n");

describe("the size", () => {
  it(`of everything in imsg-wasm, with the module inside, is within ${CORE} bytes`, async () => {
    expect(await size(all("imsg-wasm"))).toBeLessThanOrEqual(CORE);
  });

  it.each([
    ["node", ADAPTER],
    ["web", WEB],
    ["deno", ADAPTER],
    ["bun", ADAPTER],
    ["c", C_API],
  ])("of imsg-wasm/%s beyond the core is within %i bytes", async (name, limit) => {
    const more =
      (await size(all("imsg-wasm", `imsg-wasm/${name}`))) - (await size(all("imsg-wasm")));
    expect(more).toBeGreaterThan(0);
    expect(more).toBeLessThanOrEqual(limit);
  });

  it.each([
    ["fromStreams", 40],
    ["fromMessagePort", 1_560],
    ["fromWindow", 1_860],
    ["fromRTCDataChannel", 1_800],
    ["fromWebSocket", 1_860],
  ])("of %s of imsg-wasm/web alone, beyond the core, is within %i bytes", async (name, limit) => {
    const use = `import { ${name} } from "imsg-wasm/web"; globalThis.use = ${name};`;
    const more = (await size(`${all("imsg-wasm")}\n${use}`)) - (await size(all("imsg-wasm")));
    expect(more).toBeGreaterThan(0);
    expect(more).toBeLessThanOrEqual(limit);
  });

  it("of an import that uses nothing is nothing", async () => {
    expect(await size(`import "imsg-wasm"; import "imsg-wasm/web";`)).toBe(gzipped(""));
  });

  it("of the debug entry imported for its effect is all of it", async () => {
    expect(await size(`import "imsg-wasm/debug";`)).toBeGreaterThan(10_000);
  });

  it("of the error class alone is without the module", async () => {
    expect(
      await size(`import { ImsgError } from "imsg-wasm"; throw new ImsgError("EIO");`),
    ).toBeLessThan(1_500);
  });
});
