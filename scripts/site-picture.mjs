#!/usr/bin/env node
// Makes the picture of the playground that README shows.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serveSite } from "../site/setup/serve.mjs";
import { runMain, UserError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/site-picture.mjs [FILE]

Opens the built site (make site) in Debian's Chromium, loads a recorded session of bgpd, points at
a field, and writes what is seen to FILE, docs/playground.png if absent.

Exit code: 0, or 1 if the site is not built or Chromium is missing.
`;

const top = fileURLToPath(new URL("..", import.meta.url));
const CHROMIUM = "/usr/bin/chromium";
const SIZE = { width: 1280, height: 760 };

await runMain("site-picture", async ([file = `${top}docs/playground.png`]) => {
  if (file === "--help" || file === "-h") {
    process.stdout.write(HELP);
    return;
  }
  const folder = `${top}build/site`;
  if (!existsSync(`${folder}/playground`)) throw new UserError("run `make site` first");
  if (!existsSync(CHROMIUM)) throw new UserError("run `node scripts/ensure-apt.mjs chromium`");
  const server = await serveSite(folder);
  const args = ["--no-sandbox", "--disable-gpu"];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    const page = await browser.newPage({ viewport: SIZE });
    await page.goto(`http://127.0.0.1:${server.port}/playground/`);
    await page.getByRole("button", { name: "bgpd: two neighbors" }).click();
    await page.waitForSelector("[data-state=read]");
    await page.getByRole("button", { name: "Hide zeros" }).click();
    await page.locator(".fields .row .name", { hasText: /^descr$/ }).click();
    await page.mouse.move(640, 30);
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
    await server.close();
  }
});
