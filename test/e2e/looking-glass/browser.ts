import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { LAUNCH } from "../runtimes/browser/launch.ts";

export { eventually, type OpenedPage, openPage } from "../../helpers/page.ts";

export const startBrowser = (): Promise<Browser> => chromium.launch(LAUNCH.chromium);

/** Waits until the connection is in this state. */
export async function inState(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`body[data-state="${state}"]`);
}

/** Waits until the page is connected and shows all of so many routes. */
export async function loaded(page: Page, count: number): Promise<void> {
  await inState(page, "connected");
  await shows(page, count);
}

/** Waits until the search has found so many routes, and no more follow. */
export async function shows(page: Page, count: number): Promise<void> {
  const words = `${count.toLocaleString("en-US")} ${count === 1 ? "route" : "routes"}`;
  await page.locator("#routes .note", { hasText: new RegExp(`^${words}$`) }).waitFor({
    state: "attached",
  });
}

/** Searches for words. */
export const search = (page: Page, words: string): Promise<void> =>
  page.getByLabel("Search the routes").fill(words);

/** Shows a part of the page. */
export const view = (page: Page, name: "Routes" | "Neighbors" | "Messages"): Promise<void> =>
  page.getByRole("navigation").getByRole("button", { name }).click();

/** Stops the page's repeated requests for neighbors. */
export async function calm(page: Page): Promise<void> {
  await page
    .getByRole("button", { name: "Live", includeHidden: true })
    .evaluate((button: HTMLElement) => button.click());
}

export const table = (page: Page, name: string): Locator =>
  page.getByRole("grid", { name, exact: true });

/** The rows of a table that exist, in their order, each cell by its column. */
export async function cells(grid: Locator): Promise<Record<string, string>[]> {
  const rows = await grid.locator(".body .row").evaluateAll((elements) =>
    elements.map((row) => ({
      at: Number(row.getAttribute("aria-rowindex")),
      cells: Object.fromEntries(
        [...row.querySelectorAll<HTMLElement>(".cell")].map((cell) => [
          cell.dataset.column,
          cell.textContent,
        ]),
      ) as Record<string, string>,
    })),
  );
  return rows.sort((a, b) => a.at - b.at).map((row) => row.cells);
}
