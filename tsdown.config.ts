import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type UserConfig } from "tsdown";
import { commandConfig } from "./ts/cli/bundle.ts";

const protocols = ["bgpd", "tmux", "smtpd", "ntpd", "ldpd"].map((name) => `protocols/${name}`);
const entries = ["index", "c", "node", "raw", "debug", "web", "deno", "bun", "protocol"];

// an entry that is not written yet is not built
const entry = (names: string[]) =>
  Object.fromEntries(
    names
      .filter((name) => existsSync(`ts/entry/${name}.ts`))
      .map((name) => [name, `ts/entry/${name}.ts`]),
  );

const shared = {
  format: "esm",
  platform: "neutral",
  target: "es2022",
  sourcemap: true,
  fixedExtension: false,
  external: [/^node:/],
  hash: false,
} satisfies UserConfig;

/** Workerd compiles no bytes at run time: its build imports the module's file. */
const importModule = {
  name: "import-module",
  resolveId(id: string) {
    if (/\/(embedded|whole)\.ts$/.test(id)) return resolve("ts/module/imported.ts");
    return id === "#imsg.wasm" ? { id: "../imsg.wasm", external: true } : undefined;
  },
};

/** The groups of modules that become one file each: each further file adds a millisecond to the start of a process. */
const codeSplitting = {
  groups: [
    // what channels and codecs load
    {
      name: "core",
      // declarations (.d.ts) go their own way; only C's API needs whole.ts, and only the relay forward.ts
      test: /ts\/(?:(?:module|batch|channel)\/(?!whole|forward)|generated\/imsg-core)[^./]*\.ts$/,
    },
    // what every runtime loads to connect and to listen, without what its entry has loaded before
    { name: "system-error", test: /ts\/transports\/system-error\.ts$/ },
    { name: "opening-table", test: /ts\/transports\/(?:opening-table|node-spawned)\.ts$/ },
    {
      name: "opening",
      test: /ts\/transports\/(?:opening-error|unix-path|abortable|keep-alive)\.ts$/,
    },
  ],
};

export default defineConfig([
  {
    ...shared,
    // internal/ is for the command, which shares the library's modules with the entries
    entry: {
      ...entry([...entries, ...protocols]),
      "internal/forward": "ts/batch/forward.ts",
      "internal/credit": "ts/transports/credit.ts",
      "internal/connect": "ts/transports/connect.ts",
      "internal/node": "ts/transports/node.ts",
      "internal/unix-node": "ts/transports/unix-node.ts",
    },
    outDir: "dist",
    dts: { sourcemap: false },
    clean: true,
    banner: { dts: '/// <reference lib="esnext.disposable" />' },
    // apart from the entries: a chunk named like one would take its declarations' place
    outputOptions: { chunkFileNames: "shared/[name].js", codeSplitting },
  },
  {
    ...shared,
    entry: entry(["index", "c", "web", "raw", "node", "protocol", ...protocols]),
    outDir: "dist/workerd",
    dts: false,
    clean: false,
    plugins: [importModule],
  },
  commandConfig,
]);
