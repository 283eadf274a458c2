/** Checks the files of the tarball: every needed file, no other, and no module of the library twice. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { install, run, top } from "./installed.ts";

let home: string;
let packed: string[];

beforeAll(() => {
  const { project, tarball } = install("contents");
  home = join(project, "node_modules/imsg-wasm");
  const listed = run(top, "tar", "-tzf", tarball).trim().split("\n");
  packed = listed.map((name) => name.replace(/^package\//, "")).sort();
}, 60_000);

/** The files that package.json names in the fields which Node, bundlers, npm and tsc read. */
function named(): string[] {
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const names = (value: unknown): string[] =>
    typeof value === "string" ? [normalize(value)] : Object.values(value ?? {}).flatMap(names);
  const fields = ["exports", "bin", "man", "main", "types"];
  return fields.flatMap((field) => names(manifest[field]));
}

/** The scripts with their source maps, and the module, that these scripts import. */
async function scripts(entryPoints: string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: home,
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["koffi"],
    loader: { ".wasm": "empty" },
    outdir: "unwritten",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const names = Object.keys(metafile.inputs);
  const mapped = (name: string) => /sourceMappingURL=/.test(readFileSync(join(home, name), "utf8"));
  return [...names, ...names.filter(mapped).map((name) => `${name}.map`)];
}

/** The declarations that these declarations import. */
function declarations(entries: string[]): string[] {
  const all = new Set(entries);
  for (const name of all) {
    const code = readFileSync(join(home, name), "utf8");
    for (const [, path] of code.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"\n]+)"/g)) {
      all.add(normalize(join(dirname(name), path!)).replace(/\.js$/, ".d.ts"));
    }
  }
  return [...all];
}

/** README, and the documents and examples that the documents link to. */
const DOCUMENTS =
  /^([A-Z]+\.md|(c-src|examples\/[\w-]+|test\/e2e\/daemons)\/README\.md|docs\/.*\.(md|png|svg|lua|1)|examples\/(bgpd|common|systemd|tmux)\/.*)$/;

describe("the tarball", () => {
  it("holds the files that package.json reaches, the notices and the bill of materials", async () => {
    const names = [...named(), "dist/relay.js"];
    const others = ["LICENSE", "dist/NOTICE", "dist/cli.NOTICE", "dist/sbom.cdx.json"];
    const files = [
      ...names,
      ...(await scripts(names.filter((name) => name.endsWith(".js")))),
      ...declarations(names.filter((name) => name.endsWith(".d.ts"))),
    ];
    const packedFiles = packed.filter((name) => !DOCUMENTS.test(name));
    expect(packedFiles).toEqual([...new Set([...files, ...others])].sort());
  });
});

describe("the bill of materials", () => {
  const sbom = () => JSON.parse(readFileSync(join(home, "dist/sbom.cdx.json"), "utf8"));
  type Part = { name: string; version: string; purl?: string; hashes?: { content: string }[] };

  it("is CycloneDX and names the package", () => {
    const { name, version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    expect(sbom()).toMatchObject({
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      metadata: { component: { name, version, purl: `pkg:npm/${name}@${version}` } },
    });
  });

  it("has the five files of the original with their sums", () => {
    const found = sbom().components.filter((part: Part) => part.purl === undefined);
    const upstream = (name: string) => readFileSync(join(top, "c-src/upstream", name));
    const sum = (name: string) => createHash("sha256").update(upstream(name)).digest("hex");
    const names = ["imsg-buffer.c", "imsg.c", "imsg.h", "sys/_null.h", "sys/queue.h"];
    expect(found.map(({ name, hashes }: Part) => [name, hashes![0]!.content])).toEqual(
      names.map((name) => [name, sum(name)]),
    );
  });

  it("has the packages that the command carries, as cli.NOTICE lists them", () => {
    const found = sbom().components.filter((part: Part) => part.purl !== undefined);
    const notice = readFileSync(join(home, "dist/cli.NOTICE"), "utf8");
    const titles = [...notice.matchAll(/^(\S+) (\S+) \(\S+\)\n-+$/gm)];
    expect(titles.map(([, name]) => name)).toEqual(expect.arrayContaining(["commander", "ws"]));
    expect(found.map(({ name, version }: Part) => [name, version])).toEqual(
      titles.map(([, name, version]) => [name, version]),
    );
  });
});

/** The modules of ts/ that the scripts of a folder hold, as the bundler marks them. */
function modulesOf(folder: string, accept: (name: string) => boolean): string[] {
  return readdirSync(join(home, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js") && accept(name))
    .flatMap((name) => {
      const code = readFileSync(join(home, folder, name), "utf8");
      return [...code.matchAll(/^\/\/#region (ts\/\S+)$/gm)].map(([, module]) => module!);
    });
}

const ofLibrary = (name: string): boolean => /^ts\/(module|batch|channel|c)\//.test(name);
const twice = (names: string[]): string[] => names.filter((name, i) => names.indexOf(name) !== i);

describe("a module of the library", () => {
  it("is in one file only, that the entries and the command share", () => {
    const modules = modulesOf("dist", (name) => !name.startsWith("workerd/"));
    expect(modules).toContain("ts/module/error.ts");
    expect(modules).toContain("ts/channel/channel.ts");
    expect(modules).toContain("ts/cli/relay/relay.ts");
    expect(twice(modules.filter(ofLibrary))).toEqual([]);
  });

  it("is in one file only of workerd's build", () => {
    const modules = modulesOf("dist/workerd", () => true);
    expect(modules).toContain("ts/module/error.ts");
    expect(twice(modules)).toEqual([]);
  });

  it("is in no file of the command, which imports the package's entries", () => {
    const command = /^(cli|relay|command)\.js$/;
    const modules = modulesOf("dist", (name) => command.test(name));
    expect(modules).toContain("ts/cli/main.ts");
    expect(modules.filter(ofLibrary)).toEqual([]);
  });
});
