import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bytes as embedded } from "../../../ts/generated/imsg.ts";
import { bytes as embeddedCore } from "../../../ts/generated/imsg-core.ts";
import { top } from "./copy.ts";

const text = (name: string): string => readFileSync(join(top, name), "utf8");
const file = Uint8Array.from(readFileSync(join(top, "wasm/imsg.wasm")));
const module = new WebAssembly.Module(file);

/** The line that sha256sum prints for a module. */
function digestLine(name: string): string {
  const bytes = readFileSync(join(top, "wasm", name));
  return `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
}

/** The names in a list of exports in c-src/. */
const listed = (name: string): string[] =>
  text(`c-src/${name}`)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

describe("the module", () => {
  test("has at most 17.3 kB", () => {
    expect(file.length).toBeLessThanOrEqual(17_300);
  });

  test("shows the names of C functions in the trace of a trap, if it is the debug module", () => {
    const debug = new WebAssembly.Module(readFileSync(join(top, "wasm/imsg-debug.wasm")));
    const env = { host_close: () => {}, host_header: () => 0 };
    const { exports } = new WebAssembly.Instance(debug, { env });
    const { malloc, free } = exports as Record<string, (n: number) => number>;
    const block = malloc!(100);
    free!(block);
    let stack: string | undefined;
    try {
      free!(block); // a double free, which the allocator of this module finds
    } catch (error) {
      stack = (error as Error).stack;
    }
    expect(stack).toMatch(/mem_free/);
  });

  test("imports only functions that the wrapper provides", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([
      { module: "env", name: "host_close", kind: "function" },
      { module: "env", name: "host_header", kind: "function" },
    ]);
  });

  test("exports only the functions of exports.txt, the memory and the functions that the linker adds", () => {
    const functions = listed("exports.txt").map((name) => ({ name, kind: "function" }));
    const linker = [
      { name: "__indirect_function_table", kind: "table" },
      { name: "_initialize", kind: "function" },
      { name: "memory", kind: "memory" },
      { name: "stackAlloc", kind: "function" },
      { name: "stackRestore", kind: "function" },
      { name: "stackSave", kind: "function" },
    ];
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
    expect(WebAssembly.Module.exports(module).sort(byName)).toEqual(
      [...functions, ...linker].sort(byName),
    );
  });

  test("holds nothing about the machine that built it", () => {
    for (const section of ["name", "producers", "target_features", "sourceMappingURL"]) {
      expect(WebAssembly.Module.customSections(module, section)).toEqual([]);
    }
    const strings = Buffer.from(file).toString("latin1");
    expect(strings).not.toContain(top);
    expect(strings).not.toMatch(/\/(home|root|tmp|usr)\//);
  });

  test("is built from the verified original, and is the module that the package embeds", () => {
    expect(existsSync(join(top, "c-src/upstream/UNVERIFIED"))).toBe(false);
    expect(WebAssembly.Module.customSections(module, "imsg-unverified")).toEqual([]);
    expect(Buffer.compare(file, embedded())).toBe(0);
  });

  const [used, recorded] = [text("build/emcc-version.txt"), text("wasm/compiler.txt")];

  test.skipIf(used !== recorded)("has the recorded digest, being built by that compiler", () => {
    const lines = ["imsg.wasm", "imsg-debug.wasm"].map(digestLine);
    expect(lines.join("")).toBe(text("wasm/imsg.wasm.sha256"));
    expect(digestLine("imsg-core.wasm")).toBe(text("wasm/imsg-core.wasm.sha256"));
  });

  test("has a digest on record, and the version of a compiler", () => {
    expect(text("wasm/imsg.wasm.sha256")).toMatch(
      /^[0-9a-f]{64} {2}imsg\.wasm\n[0-9a-f]{64} {2}imsg-debug\.wasm\n$/,
    );
    expect(recorded).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe("the module of codecs and channels", () => {
  const bytes = readFileSync(join(top, "wasm/imsg-core.wasm"));
  const core = new WebAssembly.Module(bytes);

  test("exports the functions of core.txt, all of them in exports.txt, and no other function", () => {
    const names = WebAssembly.Module.exports(core)
      .filter(({ kind, name }) => kind === "function" && !/^(_initialize|stack.*)$/.test(name))
      .map(({ name }) => name);
    expect(names.sort()).toEqual(listed("core.txt").sort());
    expect(listed("exports.txt")).toEqual(expect.arrayContaining(names));
  });

  test("exports every function of C that ts/module, ts/batch and ts/channel call", () => {
    const called = ["module", "batch", "channel"]
      .flatMap((folder) => readdirSync(join(top, "ts", folder)).map((name) => join(folder, name)))
      .filter((name) => !name.endsWith("exports.ts"))
      .flatMap((name) => [...text(`ts/${name}`).matchAll(/\b(?:call|exports)\.([a-z_]*_[a-z_]+)/g)])
      .map((match) => match[1]!)
      .filter((name) => name !== "_initialize");
    expect(called.length).toBeGreaterThan(listed("core.txt").length);
    expect(listed("core.txt").sort()).toEqual([...new Set(called)].sort());
  });

  test("is at most two thirds of the module, is the one that the package embeds, and has no mark of altered files", () => {
    expect(bytes.length).toBeLessThan((file.length * 2) / 3);
    expect(bytes.equals(embeddedCore())).toBe(true);
    expect(WebAssembly.Module.customSections(core, "imsg-unverified")).toEqual([]);
  });
});
