import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import process from "node:process";
import type { WebSocket } from "ws";
import { LAUNCH } from "../../../e2e/runtimes/browser/launch.ts";
import type { Scene } from "../runs.ts";
import { bundlePage } from "./bundle.ts";

export type BrowserName = keyof typeof LAUNCH;
/** The browsers in which lives can be lived. */
export const BROWSERS = Object.keys(LAUNCH) as readonly BrowserName[];
/** The transports of a page; see web-sessions.ts. */
export const WEB_TRANSPORTS: readonly string[] = ["websocket", "port", "streams", "datachannel"];

const lives = join(process.cwd(), "test/ts/lives");
const html = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>lives</title><body><script type="module" src="${script}"></script>`;

/** Runs a peer of the lives over WebSockets for a socket of the page: until the socket ends. */
function runPeer(socket: WebSocket): void {
  const child = spawn(process.execPath, [join(lives, "real/websocket-peer.mjs")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // it was killed
  child.stdout.setEncoding("utf8").on("data", (text: string) => socket.send(text));
  child.on("exit", () => socket.close());
  socket.on("message", (data: Buffer) => child.stdin.write(data));
  socket.on("close", () => child.kill("SIGKILL"));
}

/** Serves the page, its program, and the peers in workers, frames and processes. */
async function serve(program: string): Promise<{ url: string; close(): void }> {
  const { WebSocketServer } = await import("ws");
  const server = createServer(async ({ url = "/" }, response) => {
    response.setHeader("Content-Type", url.endsWith(".mjs") ? "text/javascript" : "text/html");
    if (url === "/") response.end(html("/page.mjs"));
    else if (url === "/empty.html") response.end();
    else if (url === "/peer.html") response.end(html("/lives/web/frame-peer.mjs"));
    else {
      const path =
        url === "/page.mjs" ? program : join(lives, normalize(url.slice("/lives".length)));
      const contents = await readFile(path).catch(() => undefined);
      response.statusCode = contents === undefined ? 404 : 200;
      response.end(contents);
    }
  });
  const sockets = new WebSocketServer({ server, path: "/peer" });
  sockets.on("connection", runPeer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function open(name: BrowserName, url: string) {
  const playwright = await import("playwright-core");
  const launch = LAUNCH[name];
  const browser = await playwright[name].launch(
    "args" in launch ? { ...launch, args: [...launch.args, "--js-flags=--expose-gc"] } : launch,
  );
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction("globalThis.scene !== undefined");
  return { browser, page };
}

/** The page's global scope. */
type PageScope = { readonly scene: Scene };

/**
 * A page of a browser in which the packed library lives.
 * @param program a file in the place of the page's program
 */
export async function sceneIn(name: BrowserName, program?: string): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "imsg-lives-"));
  const file = program ?? join(folder, "page.mjs");
  if (program === undefined) await bundlePage(file);
  const server = await serve(file);
  const { browser, page } = await open(name, server.url);
  return {
    transports: WEB_TRANSPORTS,
    run: (...task) =>
      page.evaluate((args) => (globalThis as unknown as PageScope).scene.run(...args), task),
    again: (...life) =>
      page.evaluate((args) => (globalThis as unknown as PageScope).scene.again(...args), life),
    async close() {
      await browser.close();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
