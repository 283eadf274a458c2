import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { findings } from "../../helpers/page.ts";
import {
  BROWSERS,
  byteAt,
  eventually,
  litField,
  loadSample,
  messageRows,
  playground,
  siteIn,
} from "./browser.ts";

const SCREENS = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
] as const;

const optionsOf = (colorScheme: "light" | "dark", width: number): BrowserContextOptions => ({
  colorScheme,
  viewport: { width, height: 844 },
});

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement;
    const label = element.labels?.[0]?.textContent?.trim();
    return element.getAttribute("aria-label") ?? label ?? element.textContent?.trim() ?? "";
  });

/** Whether the focused element, or the label that stands for it, has an outline. */
const marked = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const element = document.activeElement!;
    const shown = element.matches("[type=radio]") ? element.nextElementSibling! : element;
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
  });

describe.each(BROWSERS)("in %s, the site", (name) => {
  const site = siteIn(name);

  it.each(SCREENS)(
    "has no finding of axe in %s at %i pixels, in any view",
    async (scheme, width) => {
      const page = await playground(site, optionsOf(scheme, width));
      expect(await findings(page)).toEqual([]);
      await loadSample(page, "bgpd: two neighbors");
      expect(await findings(page)).toEqual([]);
      await page.getByRole("button", { name: "Edit a copy" }).click();
      expect(await findings(page)).toEqual([]);
      await page.getByLabel("pid", { exact: true }).fill("x");
      await page.locator("#compose-problem").waitFor();
      expect(await findings(page)).toEqual([]);
      await page.locator(".source").getByRole("button", { name: "Paste text…" }).click();
      expect(await findings(page)).toEqual([]);
    },
  );

  it.each([SCREENS[0], SCREENS[3]])(
    "has no finding of axe in documents, %s at %i pixels",
    async (scheme, width) => {
      for (const path of ["index.html", "docs/", "docs/performance.html"]) {
        expect(await findings(await site.open(path, optionsOf(scheme, width))), path).toEqual([]);
      }
    },
  );

  it("is not wider than a phone, in any view", async () => {
    const page = await playground(site, optionsOf("light", 390));
    const check = async (page: Page): Promise<void> => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(390);
    };
    await check(page);
    await loadSample(page, "bgpd: two neighbors");
    await check(page);
    const cut = await page
      .locator("#bytes .row")
      .evaluateAll((rows) => rows.filter((row) => row.scrollWidth > row.clientWidth).length);
    expect(cut).toBe(0);
    await page.getByRole("tab", { name: "Compose" }).click();
    await check(page);
    for (const path of ["index.html", "docs/", "docs/performance.html"]) {
      await check(await site.open(path, optionsOf("light", 390)));
    }
  });

  it.each([721, 820, 1024, 1080, 1081, 1280, 1920])(
    "cuts no column off at a width of %i",
    async (width) => {
      const page = await playground(site, optionsOf("light", width));
      for (const title of ["bgpd: two neighbors", "bgpd: a descriptor"]) {
        await loadSample(page, title);
        const cut = await page
          .locator(".messages [data-column]:visible, .bytes [data-at]:visible")
          .evaluateAll((cells) =>
            cells
              .filter((cell) => {
                const pane = cell.closest(".scroller")!.getBoundingClientRect();
                return (
                  cell.getBoundingClientRect().right > pane.right + 0.5 ||
                  cell.scrollWidth > cell.clientWidth + 1
                );
              })
              .map((cell) => cell.textContent),
          );
        expect(cut).toEqual([]);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        width,
      );
    },
  );

  it("has buttons that fingers meet", async () => {
    const page = await playground(site, optionsOf("light", 390));
    await loadSample(page, "bgpd: two neighbors");
    const heights = await page
      .locator(
        "main button:visible, main select:visible, .fields .row:visible, .messages .rows .row",
      )
      .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().height));
    expect(heights.length).toBeGreaterThan(15);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(36);
  });

  it("is used by keyboard alone: from a sample to a byte, a field and the form", async () => {
    const page = await playground(site);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the playground");
    await page.keyboard.press("Enter");
    const stops: string[] = [];
    const next = async (): Promise<void> => {
      await page.keyboard.press("Tab");
      stops.push(await focused(page));
      expect(await marked(page), stops.at(-1)).toBe(true);
    };
    while (
      stops.at(-1) !==
        "bgpd: two neighborswhat bgpctl show neighbor gets: structures of 2,144 bytes" &&
      stops.length < 20
    )
      await next();
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-state=read]");
    await page.locator("#clear").focus();
    stops.length = 0;
    await next();
    await page.keyboard.press("ArrowDown");
    expect(await page.locator("#title").textContent()).toMatch(/^#1 SHOW_NEIGHBOR/);
    await page.keyboard.press("End");
    expect(await page.locator("#title").textContent()).toMatch(/^#2 END/);
    await page.keyboard.press("Home");
    for (const _ of [1, 2, 3]) await next();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown"]) {
      await page.keyboard.press(key);
    }
    expect(await litField(page)).toBe("conf");
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator(".fields [aria-selected=true]").getAttribute("aria-expanded")).toBe(
      "false",
    );
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await litField(page)).toBe("remote_addr");
    for (const _ of [1, 2]) await next();
    expect(stops).toEqual([
      "Messages",
      "Hide zeros",
      "Edit a copy",
      "Fields",
      "Copy hex",
      "Bytes of the message",
    ]);
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    expect(await page.locator("#bytes .scroller").getAttribute("aria-activedescendant")).toBe(
      "byte-17",
    );
    expect(await byteAt(page, 17).getAttribute("aria-label")).toBe("byte 17: 00");
    // the words of a screen reader, after the last key
    await eventually(() => page.locator("#spoken").textContent()).toMatch(
      /^byte 17 .*conf\.remote_addr = 127\.0\.0\.2/,
    );
    await page.locator("#inspect-tab").focus();
    await page.keyboard.press("ArrowRight");
    expect(await focused(page)).toBe("Compose");
    expect(await page.getByRole("heading", { name: "Compose a message" }).isVisible()).toBe(true);
  });

  it("gives screen readers names for the parts of the panes", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: two neighbors");
    const grid = page.getByRole("grid", { name: "Messages" });
    expect(await grid.getByRole("row", { selected: true }).count()).toBe(1);
    expect(await grid.getByRole("columnheader", { name: "peerid" }).count()).toBe(1);
    expect(
      await page.getByRole("tree", { name: "Fields" }).getByRole("treeitem").count(),
    ).toBeGreaterThan(8);
    expect(await page.getByRole("grid", { name: "Bytes of the message" }).count()).toBe(1);
    const conf = page.getByRole("treeitem", { name: /^conf/ });
    expect(await conf.getAttribute("aria-level")).toBe("1");
    expect(await conf.getAttribute("aria-expanded")).toBe("true");
  });

  it("is light or dark as the system is, or as the button says, on every page", async () => {
    const page = await playground(site, { colorScheme: "light" });
    const brightness = (): Promise<number> =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]));
    expect(await brightness()).toBeGreaterThan(200);
    const button = page.getByRole("button", { name: /^Theme/ });
    await button.click();
    await button.click();
    expect(await button.textContent()).toBe("Dark");
    expect(await brightness()).toBeLessThan(60);
    await page.getByRole("link", { name: "Docs" }).click();
    await eventually(brightness).toBeLessThan(60);
    expect(await messageRows(page)).toEqual([]);
  });
});
