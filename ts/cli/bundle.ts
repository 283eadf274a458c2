import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { licensePlugin } from "rolldown-license-plugin";
import type { UserConfig } from "tsdown";

/** The packages that the command carries; another one fails the build. */
const CARRIED = [...["commander", "picocolors", "ws"]];

/** Replaces the native addon bufferutil, which ws requires, by our masking. */
const masking = {
  name: "imsg-masking",
  resolveId: (id: string) => (id === "bufferutil" ? resolve("ts/cli/relay/masking.ts") : undefined),
};

/**
 * The command imports the package's entries, and other parts of it as dist/internal/, instead of carrying
 * the library a second time.
 */
const library = {
  name: "imsg-library",
  resolveId(id: string) {
    const [, folder, name] = /^(?:\.\.\/)+(entry|transports|batch)\/([\w/-]+)\.ts$/.exec(id) ?? [];
    if (name === undefined) return undefined;
    return { id: folder === "entry" ? `./${name}.js` : `./internal/${name}.js`, external: true };
  },
};

/**
 * Writes the licences of the bundled packages into dist/cli.NOTICE, and their list, for the bill of
 * materials, into build/carried.json. A package without a licence text fails the build.
 */
const notices = licensePlugin({
  failOnUnlicensed: true,
  done(packages, context) {
    if (packages.length === 0) return; // the pass that writes types
    const sections = packages.map(({ name, version, license, licenseText }) => {
      if (licenseText === "") throw new Error(`${name} ${version} has no licence file`);
      const title = `${name} ${version} (${license})`;
      return `${title}\n${"-".repeat(title.length)}\n\n${licenseText.trim()}\n`;
    });
    const source = `The imsg command (cli.js, relay.js) carries these packages:\n\n${sections.join("\n")}`;
    context.emitFile({ type: "asset", fileName: "cli.NOTICE", source });
    const list = packages.map(({ name, version, license }) => ({ name, version, license }));
    mkdirSync("build", { recursive: true });
    writeFileSync("build/carried.json", JSON.stringify(list));
  },
});

/** Bundles the command, with the packages it uses, beside the library in dist/. */
export const commandConfig = {
  entry: { cli: "ts/cli/bin.ts", relay: "ts/cli/relay/relay.ts" },
  outDir: "dist",
  copy: "docs/imsg.1",
  format: "esm",
  platform: "node",
  target: "node20",
  fixedExtension: false,
  dts: false,
  sourcemap: false,
  clean: false,
  hash: false,
  outputOptions: { chunkFileNames: "command.js" },
  deps: { onlyBundle: CARRIED },
  // keeps ws from requiring native addons
  define: { "process.env.WS_NO_BUFFER_UTIL": '""', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
  plugins: [library, masking, notices],
} satisfies UserConfig;
