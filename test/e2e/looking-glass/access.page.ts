import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { findings } from "../../helpers/page.ts";
import { inState, loaded, openPage, search, shows, table, view } from "./browser.ts";
import { demoStage } from "./stage.ts";

const stage = demoStage();

/** The states of the page, each reached from the one before. */
const STATES: readonly (readonly [name: string, go: (page: Page) => Promise<unknown>])[] = [
  ["the routes", async () => {}],
  ["a selected route", (page) => table(page, "Routes").locator(".body .row").nth(2).click()],
  [
    "nothing found",
    async (page) => {
      await page.keyboard.press("Escape");
      const pane = page.getByRole("region", { name: "Selected route" });
      if (await pane.isVisible()) await pane.getByRole("button", { name: "Close" }).click();
      await search(page, "nothing best rpki:valid");
      await shows(page, 0);
    },
  ],
  [
    "a search that means nothing",
    async (page) => {
      await search(page, "rpki:maybe");
      await page.locator(".problems").waitFor();
    },
  ],
  [
    "the legend",
    async (page) => {
      await page.getByRole("button", { name: "Legend" }).click();
      await page.getByRole("dialog").waitFor();
    },
  ],
  [
    "the neighbors",
    async (page) => {
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
      await view(page, "Neighbors");
      await table(page, "Neighbors").locator(".body .row").first().waitFor();
    },
  ],
  ["a selected neighbor", (page) => table(page, "Neighbors").locator(".body .row").first().click()],
  [
    "a selected message",
    async (page) => {
      await page
        .getByRole("region", { name: "Selected neighbor" })
        .getByRole("button", { name: "Close" })
        .click();
      await view(page, "Messages");
      await table(page, "Messages").locator(".body .row").last().click();
    },
  ],
];

const SCREENS: readonly (readonly [string, BrowserContextOptions])[] = [
  ["light, 1280 pixels", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
  ["dark, 768 pixels", { colorScheme: "dark", viewport: { width: 768, height: 1024 } }],
  [
    "light, a phone",
    { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  ],
  ["high contrast", { forcedColors: "active", viewport: { width: 1280, height: 800 } }],
];

describe("the page", () => {
  it.each(SCREENS)("has no finding of axe in any state: %s", async (_name, options) => {
    const page = await openPage(stage.browser, stage.glass.url, options);
    await loaded(page, 12);
    const found: Record<string, string[]> = {};
    for (const [name, go] of STATES) {
      await go(page);
      const all = await findings(page);
      if (all.length > 0) found[name] = all;
    }
    expect(found).toEqual({});
  });

  it.each(["light", "dark"] as const)("has none without a connection, %s", async (colorScheme) => {
    const page = await openPage(stage.browser, stage.glass.origin, { colorScheme });
    await inState(page, "refused");
    expect(await findings(page)).toEqual([]);
  });

  it("moves nothing for people who want no motion", async () => {
    const page = await openPage(stage.browser, stage.glass.url, { reducedMotion: "reduce" });
    await loaded(page, 12);
    const animation = await page
      .locator("#routes .progress")
      .evaluate((element) => getComputedStyle(element).animationName);
    expect(animation).toBe("none");
  });

  it("marks the selected row, the states and the view with borders and system colours in high contrast", async () => {
    const page = await openPage(stage.browser, stage.glass.url, { forcedColors: "active" });
    await loaded(page, 12);
    const row = table(page, "Routes").locator(".body .row").nth(2);
    const background = () => row.evaluate((element) => getComputedStyle(element).backgroundColor);
    const before = await background();
    await row.click();
    expect(await background()).not.toBe(before);
    const border = await table(page, "Routes")
      .locator("[data-column=rpki] span")
      .first()
      .evaluate((element) => getComputedStyle(element).borderTopStyle);
    expect(border).toBe("solid");
  });
});
