import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { installRuntime } from "../../../scripts/lib/runtimes.mjs";
import { top } from "../package/installed.ts";
import { LAUNCH } from "../runtimes/browser/launch.ts";

/** What a program has told. */
export type Told = Pick<SpawnSyncReturns<string>, "status" | "stdout" | "stderr">;

/** How to run a file in each of the runtimes that README has programs for. */
const COMMANDS: Record<string, (program: string, file: string) => [string, ...string[]]> = {
  node: (_program, file) => [process.execPath, file],
  deno: (program, file) => [program, "run", "--allow-all", "--unstable-net", file],
  bun: (program, file) => [program, file],
};

/** The runtimes that a block may be for. */
export const RUNTIMES = [...Object.keys(COMMANDS), "chromium"];

/** Runs a program in a folder. */
export function runIn(cwd: string, command: string, ...args: string[]): Told {
  const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  return spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 60_000 });
}

/** Runs a file in a runtime, which is installed if it is missing. */
export async function runFile(runtime: string, file: string): Promise<Told> {
  const runtimes = join(top, "build/runtimes");
  mkdirSync(runtimes, { recursive: true });
  const program = runtime === "node" ? undefined : await installRuntime(runtime, runtimes);
  if (runtime === "chromium") return runOnPage(file);
  return runIn(join(file, ".."), ...COMMANDS[runtime]!(program!, file));
}

/** Runs a file on a page of Chromium, to its end. */
async function runOnPage(file: string): Promise<Told> {
  const end = "the end of the script";
  const { outputFiles } = await build({
    stdin: {
      contents: `import ${JSON.stringify(file)};\ndocument.title = ${JSON.stringify(end)};`,
      resolveDir: top,
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const browser = await chromium.launch(LAUNCH.chromium);
  try {
    const page = await browser.newPage();
    const told = { status: 0, stdout: "", stderr: "" };
    page.on("console", (message) => {
      told.stdout += `${message.text()}\n`;
    });
    const failed = new Promise<Error>((resolve) => page.once("pageerror", resolve));
    const script = outputFiles[0]!.text.replaceAll("</script", "<\\/script");
    await page.route("http://localhost/", (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><script type="module">${script}</script>`,
      }),
    );
    await page.goto("http://localhost/");
    const ended = page.waitForFunction((title) => document.title === title, end).then(() => {});
    const error = await Promise.race([failed, ended]);
    return error ? { ...told, status: 1, stderr: String(error) } : told;
  } finally {
    await browser.close();
  }
}
