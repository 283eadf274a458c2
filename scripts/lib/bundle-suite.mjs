// Bundles the conformance suite as users bundle: the package is found in the
// project that the tarball is installed in, by the conditions of the target.

import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "rolldown";

/** workerd is given the module as a file beside the code. */
const besides = {
  name: "wasm-beside",
  resolveId: (id) => (id.endsWith(".wasm") ? { id: "./imsg.wasm", external: true } : undefined),
};

async function bundle(input, file, conditions, options = {}) {
  await build({
    input,
    platform: "browser",
    resolve: { conditionNames: [...conditions, "import", "default"] },
    output: { file, format: "esm", codeSplitting: false },
    logLevel: "warn",
    ...options,
  });
}

/** The page, its workers and the HTML, in one folder. */
export async function bundleForBrowsers(project, out) {
  const suite = join(project, "suite");
  mkdirSync(out, { recursive: true });
  for (const name of ["page", "worker"]) {
    await bundle(join(suite, "browser", `${name}.mjs`), join(out, `${name}.js`), ["browser"]);
  }
  // the worker threads of Node are for another branch of the same file
  await bundle(join(suite, "echo-worker.mjs"), join(out, "echo-worker.js"), ["browser"], {
    external: [/^node:/],
  });
  copyFileSync(join(suite, "browser", "page.html"), join(out, "page.html"));
}

/** The worker, the module beside it, and their configuration, in one folder. */
export async function bundleForWorkerd(project, out) {
  const suite = join(project, "suite");
  mkdirSync(out, { recursive: true });
  await bundle(
    join(suite, "workerd", "worker.mjs"),
    join(out, "worker.js"),
    ["workerd", "worker"],
    {
      external: ["cloudflare:sockets"],
      plugins: [besides],
    },
  );
  const { resolve } = createRequire(join(project, "package.json"));
  copyFileSync(resolve("imsg-wasm/imsg.wasm"), join(out, "imsg.wasm"));
  copyFileSync(join(suite, "workerd", "config.capnp"), join(out, "config.capnp"));
}
