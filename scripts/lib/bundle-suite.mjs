// Bundles the conformance suite for workerd as users do: the bundler resolves the package
// in the project that has the tarball installed, by the conditions of the target.

import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "rolldown";

/** workerd reads the module from a file beside the code. */
const besides = {
  name: "wasm-beside",
  resolveId: (id) => (id.endsWith(".wasm") ? { id: "./imsg.wasm", external: true } : undefined),
};

/** The worker, the module beside it, and their configuration, in one folder. */
export async function bundleForWorkerd(project, out) {
  const suite = join(project, "test/e2e/runtimes");
  mkdirSync(out, { recursive: true });
  await build({
    input: join(suite, "workerd", "worker.mjs"),
    platform: "browser",
    resolve: { conditionNames: ["workerd", "worker", "import", "default"] },
    output: { file: join(out, "worker.js"), format: "esm", codeSplitting: false },
    external: ["cloudflare:sockets"],
    plugins: [besides],
    logLevel: "warn",
  });
  const { resolve } = createRequire(join(project, "package.json"));
  copyFileSync(resolve("imsg-wasm/imsg.wasm"), join(out, "imsg.wasm"));
  copyFileSync(join(suite, "workerd", "config.capnp"), join(out, "config.capnp"));
}
