import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calm, cells, eventually, loaded, openPage, startBrowser, table } from "./browser.ts";
import { type Glass, startGlass, startRouters } from "./glass.ts";

let routers: Awaited<ReturnType<typeof startRouters>>;
let glass: Glass;
let browser: Browser;

beforeAll(async () => {
  routers = await startRouters(0);
  glass = await startGlass(routers.bgpd.restricted);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await glass?.stop();
  await routers?.stop();
});

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openPage(browser, glass.url, options);
  await loaded(page, 12);
  return page;
}

/** The label or text of the focused element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
  });

/** Whether the focused element has a visible mark. */
const marked = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
    return outlineStyle === "solid" && Number.parseFloat(outlineWidth) >= 2;
  });

const PHONES: BrowserContextOptions[] = [
  { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true },
  { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];

/** How bright the page's background is, of 255. */
const brightness = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [r, g, b] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(
      Number,
    );
    return (r! + g! + b!) / 3;
  });

describe("with the keyboard alone, the page", () => {
  it("is gone through with Tab in the order of its parts, with the focus seen at each", async () => {
    const page = await open();
    const stops: string[] = [];
    for (let i = 0; i < 18; i++) {
      await page.keyboard.press("Tab");
      stops.push(await focused(page));
      expect(await marked(page), stops.at(-1)).toBe(true);
    }
    expect(stops).toEqual([
      "Skip to the route search",
      "Theme: system. Change",
      "Live",
      "Neighbors",
      "Search the routes",
      "Reload",
      "Routes",
      "Prefix",
      "Next hop",
      "From",
      "AS path",
      "Pref",
      "MED",
      "Age",
      "Filter the messages",
      "Follow",
      "Clear",
      "Messages",
    ]);
  });

  it("goes from the search into the table, and through its rows with the arrows", async () => {
    const page = await open();
    const grid = table(page, "Routes");
    const prefixes = (await cells(grid)).map(({ prefix }) => prefix);
    const pane = page.getByRole("region", { name: "Selected route" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // the link to the search
    expect(await focused(page)).toBe("Search the routes");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe("Routes");
    const expectSelected = async (index: number) => {
      const active = await grid.getAttribute("aria-activedescendant");
      const row = page.locator(`[id="${active}"]`);
      expect(await row.getAttribute("aria-selected")).toBe("true");
      expect(await row.getAttribute("aria-rowindex")).toBe(String(index + 2));
      expect(await row.locator("[data-column=prefix]").textContent()).toBe(prefixes[index]);
      expect(await grid.locator("[aria-selected=true]").count()).toBe(1);
      expect(await pane.locator("h3").textContent()).toBe(prefixes[index]);
      // within the visible part of the table
      const [outer, inner] = [await grid.boundingBox(), await row.boundingBox()];
      expect(inner!.y).toBeGreaterThanOrEqual(outer!.y);
      expect(inner!.y + inner!.height).toBeLessThanOrEqual(outer!.y + outer!.height + 1);
    };
    await expectSelected(0);
    const last = prefixes.length - 1;
    for (const [key, index] of [
      ["ArrowDown", 1],
      ["ArrowDown", 2],
      ["ArrowUp", 1],
      ["End", last],
      ["ArrowDown", last],
      ["Home", 0],
      ["ArrowUp", 0],
    ] as const) {
      await page.keyboard.press(key);
      await expectSelected(index);
    }
    await page.keyboard.press("Escape");
    expect(await grid.locator("[aria-selected=true]").count()).toBe(0);
    expect(await pane.isVisible()).toBe(false);
  });

  it("sorts, and keeps the selected route selected", async () => {
    const page = await open();
    const grid = table(page, "Routes");
    await grid.focus();
    await page.keyboard.press("ArrowDown");
    const before = await grid.locator("[aria-selected=true] [data-column=prefix]").textContent();
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Prefix");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    const heading = grid.getByRole("columnheader", { name: "Prefix" });
    expect(await heading.getAttribute("aria-sort")).toBe("descending");
    const selected = grid.locator("[aria-selected=true] [data-column=prefix]");
    expect(await selected.textContent()).toBe(before);
    const [first] = await cells(grid);
    expect(first!.prefix).toMatch(/^2001:db8:100::/);
  });
});

describe("on a phone, the page", () => {
  it.each(PHONES)("is not wider than the screen of %j in any view", async (options) => {
    const page = await open(options);
    for (const name of ["Neighbors", "Routes", "Messages"]) {
      const button = page.getByRole("navigation").getByRole("button", { name });
      await button.tap();
      expect(await button.getAttribute("aria-current")).toBe("true");
      await table(page, name).locator(".body .row").first().tap();
      const wide = await page.evaluate(() => ({
        page: document.documentElement.scrollWidth - window.innerWidth,
        beyond: [...document.querySelectorAll("main *, header *, nav *")]
          .filter((element) => element.closest("pre, .hidden, .cell") === null)
          .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
          .map((element) => element.className || element.tagName),
      }));
      expect(wide).toEqual({ page: 0, beyond: [] });
      // the other views are hidden from assistive technology, too
      expect(await page.getByRole("grid").count()).toBe(1);
      expect(await page.getByRole("region", { name: /^Selected/ }).count()).toBe(1);
    }
  });

  it("has rows and buttons that fingers meet", async () => {
    const page = await open(PHONES[0]);
    const sizes = await page
      .locator("button:visible, input:visible, .body .row:visible")
      .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().height));
    expect(sizes.length).toBeGreaterThan(8);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(36);
  });

  it("shows what there is room for: prefix, neighbor, path and age", async () => {
    const page = await open(PHONES[1]);
    const row = table(page, "Routes").locator(".body .row", { hasText: "100.64.0.0/10" }).first();
    const shown = await row
      .locator(".cell:visible")
      .evaluateAll((all) => all.map((cell) => (cell as HTMLElement).dataset.column));
    expect(shown.sort()).toEqual(["age", "flags", "neighbor", "path", "prefix"]);
  });
});

describe("on other screens, the page", () => {
  it.each([721, 800, 1024, 1180, 1181, 1280, 1366, 1440, 1920])(
    "cuts no column off at a width of %i",
    async (width) => {
      const page = await open({ viewport: { width, height: 800 } });
      const views = page.getByRole("navigation").getByRole("button");
      const buttons = await views.all();
      const cut: string[] = [];
      for (const button of width > 1180 ? [undefined] : buttons) {
        await button?.click();
        const found = await page.locator(".table:visible .cell:visible").evaluateAll((all) =>
          all
            .filter((cell) => {
              const { right } = cell.closest(".table")!.getBoundingClientRect();
              const box = cell.getBoundingClientRect();
              return box.right > right + 0.5 || box.width < 20;
            })
            .map((cell) => `${(cell as HTMLElement).dataset.column}: ${cell.textContent}`),
        );
        cut.push(...found);
      }
      expect(cut).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    },
  );
});

describe("the theme", () => {
  it.each(["light", "dark"] as const)("is the system's, %s", async (colorScheme) => {
    const page = await open({ colorScheme });
    const value = await brightness(page);
    if (colorScheme === "light") expect(value).toBeGreaterThan(200);
    else expect(value).toBeLessThan(50);
  });

  it("is chosen with the button, against the system's, and is the same after a reload", async () => {
    const page = await open({ colorScheme: "light" });
    await calm(page);
    const button = page.getByRole("button", { name: /^Theme/ });
    await button.click();
    expect(await button.textContent()).toContain("Light");
    await button.click();
    expect(await button.textContent()).toContain("Dark");
    expect(await brightness(page)).toBeLessThan(50);
    await page.reload();
    await eventually(() => brightness(page)).toBeLessThan(50);
    expect(await button.textContent()).toContain("Dark");
    await button.click();
    expect(await brightness(page)).toBeGreaterThan(200);
  });

  it.each(["light", "dark"] as const)(
    "has text that stands out from what is behind it, %s",
    async (colorScheme) => {
      const page = await open({ colorScheme });
      await table(page, "Routes").locator(".body .row").first().click();
      const contrasts = await page.evaluate(() => {
        const luminance = (color: string): number => {
          const parts = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
            const value = Number(part) / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!;
        };
        const behind = (element: Element): string => {
          const color = getComputedStyle(element).backgroundColor;
          if (!/, 0\)$|transparent/.test(color)) return color;
          return element.parentElement === null
            ? "rgb(255, 255, 255)"
            : behind(element.parentElement);
        };
        return [...document.querySelectorAll("h1, h2, h3, p, dt, dd, button, .cell > span, .note")]
          .filter((element) => element.textContent !== "" && element.checkVisibility())
          .map((element) => {
            const [a, b] = [getComputedStyle(element).color, behind(element)]
              .map(luminance)
              .sort((one, other) => other - one);
            return { text: element.textContent, ratio: (a! + 0.05) / (b! + 0.05) };
          });
      });
      expect(contrasts.length).toBeGreaterThan(80);
      // the minimum of WCAG 2 at level AA
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    },
  );
});
