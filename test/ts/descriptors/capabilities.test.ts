import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LAUNCH } from "../../e2e/runtimes/browser/launch.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
let profile: string;
let server: ChildProcess;
let browser: BrowserContext;
let page: Page;

beforeAll(async () => {
  const made = spawnSync(process.execPath, ["scripts/ensure-apt.mjs", "chromium"], { cwd: top });
  if (made.status !== 0) throw new Error(String(made.stderr));
  profile = await mkdtemp(join(tmpdir(), "imsg-chromium-"));
  server = spawn(process.execPath, [join(top, "examples/capabilities/serve.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [address] = await once(server.stdout!, "data");
  browser = await chromium.launchPersistentContext(profile, LAUNCH.chromium);
  page = await browser.newPage();
  await page.goto(String(address).trim());
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.kill();
  if (profile !== undefined) await rm(profile, { recursive: true, force: true });
});

const report = async (): Promise<Record<string, string>> =>
  JSON.parse((await page.textContent("#report")) || "{}");

describe("examples/capabilities, in Chromium,", () => {
  it("lets the frame do what it was given by message, and nothing else", async () => {
    await expect.poll(report, { timeout: 20_000 }).toEqual({
      "the page's document": "SecurityError",
      "the network": "TypeError",
      notebook: "the page was here\nthe frame was here",
      clock: "1,2,3",
      paper: "written",
    });
    const notebook = await page.textContent("#notebook");
    expect(notebook).toBe("the page was here | the frame was here");
    expect(await page.textContent("#written")).toBe("Hello from the frame.");
  });

  it("takes the notebook back", async () => {
    await page.click("#revoke");
    await expect.poll(report).toMatchObject({ notebook: "taken back" });
  });
});

/** As text: vitest would put functions of its own in place of import. */
const IN_PAGE = `(async () => {
  const library = location.origin + "/dist/web.js";
  const code = \`
    import { fromMessagePort } from "\${library}";
    const channel = fromMessagePort(self, { allowFdPass: true });
    const canvas = (await channel.receive()).takeFd();
    const context = canvas.getContext("2d");
    context.fillStyle = "rgb(0 128 0)";
    context.fillRect(0, 0, 9, 9);
    await channel.send({ type: 2, fd: canvas.transferToImageBitmap() });
  \`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const { fromMessagePort } = await import(library);
  const channel = fromMessagePort(worker, { allowFdPass: true });
  await channel.send({ type: 1, fd: new OffscreenCanvas(9, 9) });
  const image = (await channel.receive()).takeFd();
  const context = new OffscreenCanvas(9, 9).getContext("2d");
  context.drawImage(image, 0, 0);
  await channel.close();
  worker.terminate();
  return context.getImageData(5, 5, 1, 1).data.join();
})()`;

describe("a worker in Chromium", () => {
  it("draws on a canvas that came with a message, and returns the image with another", async () => {
    const color = await page.evaluate(IN_PAGE);
    expect(color).toBe("0,128,0,255");
  });
});
