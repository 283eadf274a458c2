import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { prefixes } from "../daemons/bgpd.ts";
import { calm, cells, eventually, inState, openPage, search, shows, table } from "./browser.ts";
import { tableStage } from "./stage.ts";

/** More than what the page loads by itself. */
const COUNT = 30_000;
const all = prefixes(COUNT);
const PAGE = 250;

const stage = tableStage(all);

/** Where a prefix stands among the others. */
const orderOf = (prefix: string): number => {
  const [, high, low] = prefix.split(".").map(Number);
  return high! * 256 + low!;
};

const note = (page: Page) => page.locator("#routes .note").textContent();

/** The page with its first routes, and the bytes that have come since. */
async function open() {
  let bytes = 0;
  const page = await openPage(stage.browser, "about:blank");
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      bytes += payload.length;
    }),
  );
  await page.goto(stage.glass.url);
  await inState(page, "connected");
  await eventually(() => note(page)).toBe(`first ${PAGE} routes`);
  await calm(page);
  return { page, received: () => bytes };
}

describe("a table that is not small", () => {
  it("costs a page of routes and what the relay sends ahead, until more is wanted", async () => {
    const { page, received } = await open();
    await page.waitForTimeout(1000);
    // the window of the connection, and the bytes in the buffers
    expect(received()).toBeLessThan(1_000_000);
    expect((await cells(table(page, "Routes")))[0]!.prefix).toBe(all[0]);
    const offer = page.locator("#routes .offer");
    expect(await offer.locator("p").textContent()).toBe("bgpd has more.");
    await offer.getByRole("button", { name: "250 more" }).click();
    await eventually(() => note(page)).toBe(`first ${2 * PAGE} routes`);
    expect(received()).toBeLessThan(1_200_000);
    // the next page follows the one before, without a gap
    await table(page, "Routes").focus();
    await page.keyboard.press("End");
    await eventually(async () => (await cells(table(page, "Routes"))).at(-1)?.prefix).toBe(
      all[2 * PAGE - 1],
    );
  });

  it("answers a query at once while a listing waits, without the rest of that listing", async () => {
    const { page, received } = await open();
    const before = received();
    await search(page, "10.99.7.1");
    await shows(page, 1);
    expect((await cells(table(page, "Routes")))[0]!.prefix).toBe("10.99.7.0/24");
    await search(page, "10.99.0.0/17 or-longer");
    await shows(page, 128);
    expect(received() - before).toBeLessThan(400_000);
  });

  it("is loaded whole when one asks for all of it, and searched in the page then", async () => {
    const { page, received } = await open();
    await page.getByRole("button", { name: /^All, up to/ }).click();
    await shows(page, COUNT);
    expect(await page.locator("#routes .offer").isVisible()).toBe(false);
    const before = received();
    await search(page, "stale");
    await shows(page, 0);
    await search(page, "announced local");
    await shows(page, COUNT);
    expect(received()).toBe(before);
    const heading = table(page, "Routes").getByRole("columnheader", { name: "Prefix" });
    await heading.getByRole("button").click();
    await heading.getByRole("button").click();
    const last = [...all].sort((a, b) => orderOf(b) - orderOf(a))[0];
    await eventually(async () => (await cells(table(page, "Routes")))[0]!.prefix).toBe(last);
  });

  it("is looked through in parts for words that bgpd cannot be asked for", async () => {
    const { page } = await open();
    await search(page, "/24 egp");
    await shows(page, 0);
    await search(page, "24 10.11");
    await eventually(() => note(page)).toMatch(/^(first )?\d+ routes/);
    const shown = await cells(table(page, "Routes"));
    expect(shown.every(({ prefix }) => prefix!.startsWith("10.11"))).toBe(true);
  });
});
