// Builds the site: the playground, the documents and the API reference.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { writeApi } from "./api.mjs";
import { writeDocs } from "./docs.mjs";
import { header, POLICY } from "./layout.mjs";

const top = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLES = "virtual:samples";

/** The library as it is installed. */
const library = {
  name: "imsg-library",
  enforce: "pre",
  resolveId(id) {
    const [, name] = /^(?:\.\.\/)+(?:ts\/)?entry\/([\w/]+)\.ts$/.exec(id) ?? [];
    return name === undefined ? undefined : join(top, `dist/${name}.js`);
  },
};

/** The recorded sessions of the tests, inside the code: the page may fetch nothing. */
const samples = {
  name: "imsg-samples",
  resolveId: (id) => (id === SAMPLES ? `\0${SAMPLES}` : undefined),
  load(id) {
    if (id !== `\0${SAMPLES}`) return undefined;
    const folder = join(top, "test/fixtures");
    const names = readdirSync(folder).filter((name) => name.endsWith(".bin"));
    const all = names.map((name) => [name, readFileSync(join(folder, name), "base64")]);
    return `export default ${JSON.stringify(Object.fromEntries(all))};`;
  },
};

/** Fills in the policy and the header, which all pages share. */
const frame = {
  name: "imsg-frame",
  transformIndexHtml: {
    order: "pre",
    handler: (html) =>
      html
        .replace("%CSP%", POLICY)
        .replace("%HEADER%", header("playground/index.html", "Playground")),
  },
};
/** Not a module, and not bundled: it runs before the page is drawn. */
const theme = {
  name: "imsg-theme",
  transformIndexHtml: {
    order: "post",
    handler: () => [{ tag: "script", attrs: { src: "../theme.js" }, injectTo: "head" }],
  },
};

/** Bundles one entry. Each has a build of its own, so that its style is one file. */
function bundle(folder, name, input, isFirst) {
  return build({
    configFile: false,
    root: join(top, "site"),
    base: "./",
    logLevel: "warn",
    plugins: [library, samples, frame, theme],
    build: {
      outDir: folder,
      emptyOutDir: isFirst,
      copyPublicDir: isFirst,
      target: "es2022",
      modulePreload: false,
      // the policy of the page allows nothing that is written into it
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: { [name]: join(top, "site", input) },
        output: {
          entryFileNames: "assets/[name].js",
          chunkFileNames: "assets/[name].js",
          assetFileNames: "assets/[name][extname]",
        },
      },
    },
  });
}

/**
 * Builds the site into a folder, and removes the files that were there. The package must have been built.
 *
 * @param {string} folder
 * @param {{ api?: boolean }} [options] `api: false` leaves the API reference out
 */
export async function buildSite(folder, { api = true } = {}) {
  await bundle(folder, "playground", "playground/index.html", true);
  await bundle(folder, "page", "src/page.ts", false);
  await Promise.all([writeDocs(top, folder), ...(api ? [writeApi(top, join(folder, "api"))] : [])]);
}
