import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { installRuntime } from "../../../scripts/lib/runtimes.mjs";
import { top } from "../package/installed.ts";
import { LAUNCH } from "../runtimes/browser/launch.ts";

/** The exit status of a program, and what it printed. */
export type Outcome = Pick<SpawnSyncReturns<string>, "status" | "stdout" | "stderr">;

/** The command that runs a file, with the flags that its block names. */
const COMMANDS: Record<string, (program: string, file: string, flags: string[]) => string[]> = {
  node: (program, file, flags) => [program, ...flags, file],
  deno: (program, file, flags) => [program, "run", "--no-prompt", ...flags, file],
  bun: (program, file, flags) => [program, ...flags, file],
};

/** The runtimes that a block may be for. */
export const RUNTIMES = [...Object.keys(COMMANDS), "chromium"];

/** Runs a program in a folder, with further variables in its environment. */
export function runIn(
  cwd: string,
  variables: NodeJS.ProcessEnv,
  command: string,
  ...args: string[]
): Outcome {
  const quiet = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", npm_config_loglevel: "error" };
  const env = { ...process.env, npm_config_offline: "true", ...quiet, ...variables };
  return spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 60_000 });
}

/** Runs a file in a runtime, which is installed if it is missing. */
export async function runFile(runtime: string, file: string, flags: string[]): Promise<Outcome> {
  const runtimes = join(top, "build/runtimes");
  mkdirSync(runtimes, { recursive: true });
  const installed = runtime === "node" ? undefined : await installRuntime(runtime, runtimes);
  if (runtime === "chromium") return runOnPage(file);
  const [program, ...args] = COMMANDS[runtime]!(installed ?? process.execPath, file, flags);
  return runIn(join(file, ".."), {}, program!, ...args);
}

/** Runs a file on a page of Chromium until it has ended. */
async function runOnPage(file: string): Promise<Outcome> {
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
    const outcome = { status: 0, stdout: "", stderr: "" };
    page.on("console", (message) => {
      outcome.stdout += `${message.text()}\n`;
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
    return error ? { ...outcome, status: 1, stderr: String(error) } : outcome;
  } finally {
    await browser.close();
  }
}
