// Builds the page for production.

import { fileURLToPath } from "node:url";
import { build } from "vite";

const place = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @param {string} folder that the page is written to; its former files are removed
 */
export async function buildPage(folder) {
  await build({
    configFile: false,
    root: place(".."),
    base: "./",
    logLevel: "warn",
    // the package as it is installed
    resolve: {
      alias: [
        { find: /^imsg-wasm$/, replacement: place("../../../dist/index.js") },
        { find: /^imsg-wasm\/([\w/]+)$/, replacement: place("../../../dist/$1.js") },
      ],
    },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      // the policy of the page allows no inline script or style
      assetsInlineLimit: 0,
    },
  });
}
