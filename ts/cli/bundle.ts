import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { UserConfig } from "tsdown";

/** The packages that the command carries; another one fails the build. */
const CARRIED = [
  ...["commander", "picocolors", "ws"],
  ...["cli-table3", "string-width", "strip-ansi", "ansi-regex"],
  ...["emoji-regex", "is-fullwidth-code-point"],
];

/** What cli-table3 would colour with, if it were asked to. */
const COLORS = "@colors/colors/safe";
const noColors = {
  name: "imsg-no-colors",
  resolveId: (id: string) => (id === COLORS ? `\0${COLORS}` : undefined),
  load: (id: string) => (id === `\0${COLORS}` ? "export {};" : undefined),
};

/** ws asks for the native addon bufferutil: it gets our masking instead. */
const masking = {
  name: "imsg-masking",
  resolveId: (id: string) => (id === "bufferutil" ? resolve("ts/cli/relay/masking.ts") : undefined),
};

/** The library stays one: the command imports the package's own modules. */
const library = {
  name: "imsg-library",
  resolveId(id: string) {
    const [, name] = /^\.\.(?:\/\.\.)*\/entry\/([\w-]+)\.ts$/.exec(id) ?? [];
    return name === undefined ? undefined : { id: `./${name}.js`, external: true };
  },
};

/** Writes the licences of what was bundled into a file of their own; a missing one is an error. */
const notices = {
  name: "imsg-notices",
  generateBundle(
    this: { emitFile(file: { type: "asset"; fileName: string; source: string }): unknown },
    _options: unknown,
    bundle: Record<string, { type: string; moduleIds?: string[] }>,
  ) {
    const folders = new Set<string>();
    for (const { moduleIds = [] } of Object.values(bundle)) {
      for (const id of moduleIds) {
        if (id.includes("/node_modules/")) folders.add(packageFolder(id));
      }
    }
    if (folders.size === 0) return; // the pass that writes types
    const sections = [...folders].map(noticeOf).sort();
    const source = `The imsg command (cli.js, relay.js) carries these packages:\n\n${sections.join("\n")}`;
    this.emitFile({ type: "asset", fileName: "cli.NOTICE", source });
  },
};

function packageFolder(id: string): string {
  let folder = dirname(id.replace(/^\0/, "").replace(/\?.*$/, ""));
  const named = (): boolean => {
    const file = join(folder, "package.json");
    return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name !== undefined;
  };
  while (!named()) folder = dirname(folder);
  return folder;
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)([.-]|$)/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  const title = `${name} ${version} (${license})`;
  const text = readFileSync(join(folder, file), "utf8").trim();
  return `${title}\n${"-".repeat(title.length)}\n\n${text}\n`;
}

/** How the command is bundled beside the library in dist/, with everything it uses. */
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
  // ws without the native addons that it would look for
  define: { "process.env.WS_NO_BUFFER_UTIL": '""', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
  plugins: [library, masking, noColors, notices],
} satisfies UserConfig;
