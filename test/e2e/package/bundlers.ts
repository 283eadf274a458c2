import { readFileSync } from "node:fs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";

/** Builds a page's script into a folder; the script's name in it. */
export interface Bundler {
  /** The page's script that loads the module by URL in this bundler's way. */
  byUrl: string;
  bundle(project: string, entry: string, out: string): Promise<string>;
}

const viteBundler: Bundler = {
  byUrl: "by-url.js",
  async bundle(project, entry, out) {
    await vite.build({
      root: project,
      configFile: false,
      logLevel: "error",
      base: "./",
      build: {
        outDir: out,
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        rolldownOptions: { input: entry, output: { entryFileNames: "main.js" } },
      },
    });
    return "main.js";
  },
};

const esbuildBundler: Bundler = {
  byUrl: "by-import.js",
  async bundle(_project, entry, out) {
    const { warnings } = await esbuild.build({
      entryPoints: { main: entry },
      bundle: true,
      minify: true,
      format: "esm",
      loader: { ".wasm": "file" },
      outdir: out,
    });
    if (warnings.length > 0) throw new Error(JSON.stringify(warnings));
    return "main.js";
  },
};

const webpackBundler: Bundler = {
  byUrl: "by-url.js",
  bundle: (project, entry, out) =>
    new Promise((resolve, reject) => {
      const output = { path: out, filename: "main.js" };
      webpack({ mode: "production", context: project, entry, output }, (error, stats) => {
        if (error) reject(error);
        else if (stats?.hasErrors() || stats?.hasWarnings()) reject(new Error(stats.toString()));
        else resolve("main.js");
      });
    }),
};

const rollupBundler: Bundler = {
  byUrl: "by-import.js",
  async bundle(_project, entry, out) {
    const bundle = await rollup({
      input: { main: entry },
      plugins: [
        nodeResolve({ browser: true }),
        {
          // Rollup has no assets of its own: a file is emitted, and its URL imported
          name: "wasm-url",
          load(id) {
            if (!id.endsWith(".wasm")) return undefined;
            const source = readFileSync(id);
            const file = this.emitFile({ type: "asset", name: "imsg.wasm", source });
            return `export default import.meta.ROLLUP_FILE_URL_${file};`;
          },
        },
      ],
      onwarn: (warning) => {
        throw new Error(warning.message);
      },
    });
    await bundle.write({ dir: out, format: "esm" });
    await bundle.close();
    return "main.js";
  },
};

export const bundlers: Record<string, Bundler> = {
  Vite: viteBundler,
  esbuild: esbuildBundler,
  webpack: webpackBundler,
  Rollup: rollupBundler,
};
