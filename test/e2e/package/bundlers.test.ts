import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LAUNCH } from "../runtimes/browser/launch.ts";
import { bundlers } from "./bundlers.ts";
import { install, run, top } from "./installed.ts";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };
const STRICT = "default-src 'none'; connect-src 'self'; script-src 'self'";

const expected = {
  result: { length: 21, decoded: [1, 2, "coded", 9], reply: [14, 7, "hello"] },
};

let project: string;
let site: string;
let profile: string;
let server: Server;
let browser: BrowserContext;

/** Serves the bundles; the page's query selects the script and the policy. */
beforeAll(async () => {
  run(top, process.execPath, "scripts/ensure-apt.mjs", "chromium");
  ({ project } = install("bundlers"));
  cpSync(join(top, "test/e2e/package/page"), join(project, "src"), { recursive: true });
  site = join(project, "site");
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    if (pathname.endsWith("/page.html")) {
      const policy = searchParams.get("policy");
      if (policy !== null) response.setHeader("Content-Security-Policy", policy);
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end('<!doctype html><output></output><script type="module" src="main.js"></script>');
      return;
    }
    try {
      const bytes = readFileSync(join(site, pathname));
      response.setHeader("Content-Type", TYPES[extname(pathname)] ?? "text/plain").end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  profile = mkdtempSync(join(tmpdir(), "imsg-chromium-"));
  browser = await chromium.launchPersistentContext(profile, LAUNCH.chromium);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  if (profile !== undefined) rmSync(profile, { recursive: true, force: true });
});

/** Builds a script with a bundler. */
async function build(name: string, script: string): Promise<string> {
  const folder = `${name}-${script.replace(/\.js$/, "")}`;
  const entry = join(project, "src", script);
  expect(await bundlers[name]!.bundle(project, entry, join(site, folder))).toBe("main.js");
  return folder;
}

/** The text that the page wrote, and the addresses that it loaded besides itself. */
async function load(folder: string, policy?: string) {
  const page = await browser.newPage();
  const loaded: string[] = [];
  page.on("requestfinished", (request) => loaded.push(extname(new URL(request.url()).pathname)));
  const query = policy === undefined ? "" : `?policy=${encodeURIComponent(policy)}`;
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/${folder}/page.html${query}`);
  const output = page.locator("output:not(:empty)");
  await output.waitFor({ state: "attached", timeout: 30_000 });
  const written = JSON.parse((await output.textContent())!);
  await page.close();
  return { written, wasm: loaded.includes(".wasm") };
}

describe.each(Object.keys(bundlers))("a page built with %s", (name) => {
  it("exchanges messages in Chromium, with the module in its script", async () => {
    const folder = await build(name, "main.js");
    expect(readdirSync(join(site, folder)).filter((file) => file.endsWith(".wasm"))).toEqual([]);
    expect(await load(folder)).toEqual({ written: expected, wasm: false });
  }, 120_000);

  it("does so with the module loaded by URL", async () => {
    const folder = await build(name, bundlers[name]!.byUrl);
    expect(await load(folder)).toEqual({ written: expected, wasm: true });
  }, 120_000);
});

describe("a page with a strict Content-Security-Policy", () => {
  beforeAll(async () => {
    await build("esbuild", "main.js");
    await build("esbuild", "by-import.js");
  }, 120_000);

  it("works with 'wasm-unsafe-eval'", async () => {
    const policy = `${STRICT} 'wasm-unsafe-eval'`;
    expect((await load("esbuild-main", policy)).written).toEqual(expected);
    expect((await load("esbuild-by-import", policy)).written).toEqual(expected);
  });

  it("gets an error that names the missing source without it", async () => {
    const { written } = await load("esbuild-main", STRICT);
    expect(written).toMatchObject({
      name: "ImsgError",
      code: "ERR_IMSG_COMPILE",
      cause: "CompileError",
    });
    expect(written.message).toContain("'wasm-unsafe-eval' in script-src");
  });

  it("gets the browser's own words when it loads the module by URL", async () => {
    const { written } = await load("esbuild-by-import", STRICT);
    expect(written.name).toBe("ImsgError");
    expect(written.message).toMatch(/Content Security Policy/i);
  });
});
