import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import type { Plugin } from "esbuild";

const top = process.cwd();

/** Which files of the package hold what the lives import: its entries, and the transports in them. */
const PACKED: Readonly<Record<string, { file: string; exports: string }>> = {
  "entry/index": { file: "index.js", exports: "" },
  "entry/c": { file: "c.js", exports: "" },
  "channel/streams": { file: "shared/core.js", exports: "streamTransport" },
  "transports/datachannel": { file: "web.js", exports: "dataChannelTransport" },
  "transports/message-port": { file: "web.js", exports: "messagePortTransport" },
  "transports/websocket": { file: "web.js", exports: "webSocketTransport" },
};
const MODULE = join(top, "ts/generated/imsg.ts");

/** Takes the packed library for its sources. The transports, which no entry exports, are exported besides. */
const packed: Plugin = {
  name: "packed",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/ts\// }, ({ path, resolveDir }) => {
      const source = resolve(resolveDir, path);
      if (source === MODULE) return { path: join(top, "dist/imsg.wasm"), namespace: "module" };
      const name = relative(join(top, "ts"), source).replace(/\.ts$/, "");
      if (name.startsWith("..")) return undefined;
      const target = PACKED[name];
      if (target === undefined) throw new Error(`the package has no file for ts/${name}.ts`);
      return { path: join(top, "dist", target.file) };
    });
    onLoad({ filter: /./, namespace: "module" }, async ({ path }) => ({
      contents: `import wasm from ${JSON.stringify(path)}; export const bytes = () => wasm;`,
      resolveDir: top,
    }));
    onLoad({ filter: /\/dist\/(?:web|shared\/core)\.js$/ }, async ({ path }) => {
      const file = relative(join(top, "dist"), path);
      const here = Object.values(PACKED).filter((target) => target.file === file);
      const names = here.map((target) => target.exports).join(", ");
      return { contents: `${await readFile(path, "utf8")}\nexport { ${names} };` };
    });
  },
};

/** Bundles the program of the page with the packed library. */
export async function bundlePage(outfile: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({
    entryPoints: [join(top, "test/ts/lives/web/page.ts")],
    ...{ bundle: true, format: "esm", platform: "browser", target: "es2022", outfile },
    loader: { ".wasm": "binary" },
    logLevel: "error",
    plugins: [packed],
  });
}
