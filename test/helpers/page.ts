import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** The longest wait for a page, in milliseconds. */
const PATIENCE = 20_000;

/** A page with the faults that it showed by itself. */
export interface OpenedPage extends Page {
  /** Exceptions, and violations of the page's policy. */
  troubles: string[];
  /** Every address that the page requested. */
  asked: string[];
}

/**
 * Opens a page in a profile of its own, which is closed at the end of the test. The test fails if
 * the page had an exception or violated its policy.
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = Object.assign(await context.newPage(), {
    troubles: [] as string[],
    asked: [] as string[],
  });
  page.on("pageerror", (error) => page.troubles.push(String(error.stack)));
  page.on("console", (message) => {
    if (/content.security.policy/i.test(message.text())) page.troubles.push(message.text());
  });
  page.on("request", (request) => page.asked.push(request.url()));
  page.on("websocket", (socket) => page.asked.push(socket.url()));
  onTestFinished(async () => {
    await context.close();
    expect(page.troubles).toEqual([]);
  });
  await page.goto(url);
  return page;
}

/** Waits until a value is as expected, and fails with the last value otherwise. */
export const eventually = <T>(what: () => Promise<T>) =>
  expect.poll(what, { timeout: PATIENCE, interval: 50 });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Returns the findings of axe: each rule with an element that breaks it. */
export async function findings(page: Page): Promise<string[]> {
  // in the page's own world, where its policy does not apply
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`),
    );
  });
}
