import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import { install, pack, run, top } from "./installed.ts";

/** README's first block of JavaScript. */
const example = /^```js\n([\s\S]*?)^```$\n*It prints `([^`]*)`/m.exec(
  readFileSync(join(top, "README.md"), "utf8"),
)!;

/** The files of ts/entry, by their paths there. */
const entryFiles = (): string[] =>
  readdirSync(join(top, "ts/entry"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );

describe("a new project", () => {
  it("made with npm init and npm i of the tarball runs README's first example", () => {
    const { folder, tarball } = pack("npm-init");
    const project = join(folder, "fresh");
    mkdirSync(project);
    run(project, "npm", "init", "-y");
    run(project, "npm", "i", "--offline", "--no-audit", "--no-fund", tarball);
    writeFileSync(join(project, "example.mjs"), example[1]!);
    expect(run(project, process.execPath, "example.mjs").trim()).toBe(example[2]);
  });
});

describe("the installed package", () => {
  let project: string;
  let home: string;
  let manifest: { exports: Record<string, string | Record<string, string>> };

  beforeAll(() => {
    ({ project } = install("installed"));
    home = join(project, "node_modules/imsg-wasm");
    manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  }, 60_000);

  it("has its main entry found by a bundler that does not read exports", async () => {
    const entry = join(project, "without-exports.js");
    writeFileSync(entry, 'import { ImsgCodec } from "imsg-wasm"; globalThis.codec = ImsgCodec;');
    const output = { path: join(project, "out"), filename: "main.js" };
    const config = { mode: "none", context: project, entry, output } as const;
    const stats = await promisify<webpack.Configuration, webpack.Stats | undefined>(webpack)({
      ...config,
      resolve: { exportsFields: [] },
    });
    expect(stats!.toJson({ errors: true }).errors).toEqual([]);
  }, 60_000);

  it("has every file that its documents link to", () => {
    const names = readdirSync(home, { recursive: true, encoding: "utf8" });
    const documents = names.filter((name) => name.endsWith(".md"));
    expect(documents).toEqual(expect.arrayContaining(["README.md", "docs/recipes.md"]));
    for (const document of documents) {
      const text = readFileSync(join(home, document), "utf8");
      for (const [, link] of text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)) {
        const file = join(home, dirname(document), link!);
        expect(existsSync(file), `${document}: ${link}`).toBe(true);
      }
    }
  });

  it("depends on nothing", () => {
    expect(
      readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith(".")),
    ).toEqual(["imsg-wasm"]);
  });

  it("carries the notices of the original, the licence, README and the module", () => {
    const notice = readFileSync(join(home, "dist/NOTICE"), "utf8");
    for (const file of ["imsg.h", "imsg.c", "imsg-buffer.c", "sys/queue.h"]) {
      expect(notice).toContain(`${file}\n---`);
    }
    expect(notice.match(/Copyright/g)!.length).toBeGreaterThanOrEqual(4);
    expect(notice).toContain("THE SOFTWARE IS PROVIDED");
    for (const file of ["LICENSE", "README.md"]) {
      expect(readFileSync(join(home, file), "utf8")).toBe(readFileSync(join(top, file), "utf8"));
    }
    expect(readFileSync(join(home, "dist/imsg.wasm"))).toEqual(
      readFileSync(join(top, "wasm/imsg.wasm")),
    );
  });

  it("has every file that its exports name", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      const files = typeof target === "string" ? [target] : Object.values(target);
      for (const file of files) {
        expect(() => readFileSync(join(home, file)), `${name}: ${file}`).not.toThrow();
      }
    }
  });

  it("has types for every entry of code", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string") continue;
      expect(Object.keys(target)[0], name).toBe("types");
    }
  });

  it("has an entry for every file in ts/entry", () => {
    const entries = entryFiles().map((file) => file.replace(/\.ts$/, ""));
    const names = entries.filter((name) => name !== "cli").map((name) => `./${name}`);
    expect(Object.keys(manifest.exports)).toEqual(
      expect.arrayContaining(names.map((name) => (name === "./index" ? "." : name))),
    );
  });

  it("exports from each entry exactly what ts/entry does", async () => {
    for (const name of entryFiles()) {
      if (name === "cli.ts") continue;
      const entry = name === "index.ts" ? "imsg-wasm" : `imsg-wasm/${name.replace(/\.ts$/, "")}`;
      const code = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(entry)}))))`;
      const names = JSON.parse(run(project, process.execPath, "--input-type=module", "-e", code));
      const source = await import(join(top, "ts/entry", name));
      expect(names.sort(), entry).toEqual(Object.keys(source).sort());
    }
  });

  it("gives the same classes to every entry", () => {
    const code = `
      import { ImsgChannel } from "imsg-wasm";
      import { ImsgInstance, defaultInstance } from "imsg-wasm/c";
      import { fromStreams } from "imsg-wasm/web";
      import { rawModule } from "imsg-wasm/raw";
      const { readable, writable } = new TransformStream();
      const channel = fromStreams({ readable, writable });
      const shared = rawModule().exports.memory === rawModule(defaultInstance()).exports.memory;
      console.log(channel instanceof ImsgChannel, defaultInstance() instanceof ImsgInstance, shared);`;
    expect(run(project, process.execPath, "--input-type=module", "-e", code).trim()).toBe(
      "true true true",
    );
  });

  it("has source maps with their sources in them, for all code of its entries", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string") continue;
      const { types: _, ...code } = target;
      for (const file of Object.values(code)) {
        const script = readFileSync(join(home, file), "utf8");
        const chunks = [...script.matchAll(/from "(\.[^"]+)"/g)].map((match) =>
          join(home, file, "..", match[1]!),
        );
        for (const chunk of [join(home, file), ...chunks]) {
          if (!chunk.endsWith(".js")) continue;
          const url = /^\/\/# sourceMappingURL=(.+)$/m.exec(readFileSync(chunk, "utf8"))?.[1];
          // an entry that only re-exports has nothing to map
          if (url === undefined && !/\b(class|function)\b/.test(readFileSync(chunk, "utf8")))
            continue;
          const map = JSON.parse(readFileSync(join(chunk, "..", url!), "utf8"));
          expect(map.sources.length, `${name}: ${chunk}`).toBeGreaterThan(0);
          expect(map.sourcesContent, `${name}: ${chunk}`).toHaveLength(map.sources.length);
          expect(map.sourcesContent).not.toContain(null);
        }
      }
    }
  });
});
