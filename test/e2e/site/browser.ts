import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  firefox,
  type Locator,
  type Page,
} from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type OpenedPage, openPage } from "../../helpers/page.ts";
import { LAUNCH } from "../runtimes/browser/launch.ts";

export { eventually, type OpenedPage } from "../../helpers/page.ts";

export type BrowserName = "chromium" | "firefox";

/** The browsers that are tested, by the variable SITE_BROWSERS. */
export const BROWSERS = (process.env.SITE_BROWSERS ?? "chromium").split(" ") as BrowserName[];

const place = (path: string): string => new URL(`../../../${path}`, import.meta.url).href;
interface ServeModule {
  serveSite(folder: string, port?: number): Promise<{ port: number; close(): Promise<void> }>;
}
const { serveSite }: ServeModule = await import(place("site/setup/serve.mjs"));

/** The built site. */
export const BUILT = fileURLToPath(place("build/site"));

export const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(place(`test/fixtures/${name}`)));

/** Opens pages of the site in one browser, each with a profile of its own. */
export interface Site {
  origin(): string;
  open(path: string, options?: BrowserContextOptions): Promise<OpenedPage>;
}

/** Starts a browser and a server for the tests of a `describe`, and ends both after them. */
export function siteIn(name: BrowserName): Site {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveSite>>;
  beforeAll(async () => {
    server = await serveSite(BUILT);
    browser = await (name === "chromium" ? chromium : firefox).launch(LAUNCH[name]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  const origin = (): string => `http://127.0.0.1:${server.port}`;
  const viewport = { width: 1280, height: 800 };
  return {
    origin,
    open: (path, options) => openPage(browser, `${origin()}/${path}`, { viewport, ...options }),
  };
}

/** Opens the playground and waits until it has read the state in its address. */
export async function playground(site: Site, options: BrowserContextOptions = {}, hash = "") {
  const page = await site.open(`playground/${hash}`, options);
  await page.waitForSelector(hash.includes("data=") ? "[data-state=read]" : "[data-state]");
  return page;
}

/** Opens a file of these bytes, as the file dialog does, and waits until it has been read. */
export async function openFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const file = { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) };
  await page.locator("#file").setInputFiles(file);
  await page.waitForFunction((name) => {
    const status = document.querySelector("#status")?.textContent ?? "";
    const problem = document.querySelector("#problem")?.textContent ?? "";
    return (
      (document.body.dataset.state === "read" && status.includes(name)) || problem.includes(name)
    );
  }, name);
}

/** Loads a sample by its title. */
export async function loadSample(page: Page, title: string): Promise<void> {
  await page.getByRole("combobox", { name: "Sample" }).selectOption({ label: title });
  await page.waitForSelector("[data-state=read]");
}

/** The rows of messages that exist, each cell by its column. */
export const messageRows = (page: Page): Promise<Record<string, string>[]> =>
  page
    .locator(".messages .rows .row")
    .evaluateAll((rows) =>
      rows
        .sort(
          (a, b) =>
            Number(a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")),
        )
        .map((row) =>
          Object.fromEntries(
            [...row.querySelectorAll<HTMLElement>("[data-column]")].map((cell) => [
              cell.dataset.column,
              cell.textContent,
            ]),
          ),
        ),
    );

/** The names and values of the fields whose rows exist. */
export const fieldRows = (page: Page): Promise<string[]> =>
  page.locator(".fields .row").evaluateAll((rows) =>
    rows
      .sort((a, b) => Number(a.id.slice(6)) - Number(b.id.slice(6)))
      .map((row) => {
        const name = row.querySelector(".name")!.textContent;
        const value = row.querySelector(".value")!.textContent;
        return value === "" ? name : `${name}=${value}`;
      }),
  );

/** The field whose row is lit; undefined if none is. */
export const litField = async (page: Page): Promise<string | undefined> => {
  const lit = page.locator(".fields .row.lit .name");
  return (await lit.count()) === 1 ? ((await lit.textContent()) ?? undefined) : undefined;
};

/** The offsets of the lit bytes in the hexdump, as far as their rows exist. */
export const litBytes = (page: Page): Promise<number[]> =>
  page
    .locator("#bytes .hex .lit")
    .evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset.at)));

/** A byte of the hexdump. */
export const byteAt = (page: Page, at: number): Locator => page.locator(`[id="byte-${at}"]`);

/** The numbers from one on, up to another one that is left out. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
