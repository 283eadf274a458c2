import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import {
  calm,
  cells,
  eventually,
  loaded,
  openPage,
  search,
  shows,
  table,
  view,
} from "./browser.ts";
import { demoStage } from "./stage.ts";

const stage = demoStage();

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openPage(stage.browser, stage.glass.url, options);
  await loaded(page, 12);
  return page;
}

/** The label or text of the focused element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    const label = element?.labels?.[0]?.textContent;
    return element?.getAttribute("aria-label") ?? label ?? element?.textContent ?? "";
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
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      stops.push(await focused(page));
      expect(await marked(page), stops.at(-1)).toBe(true);
    }
    expect(stops).toEqual([
      "Skip to the route search",
      "Routes",
      "Neighbors",
      "Messages",
      "Theme: system. Change",
      "Search the routes",
      "Match",
      "RIB",
      "Neighbor",
      "RPKI",
      "ASPA",
      "Family",
      "Best only",
      "Copy the command",
      "Reload",
      "Save as CSV",
      "Save as JSON",
      "Copy a link to this page",
      "Legend",
      "Routes",
    ]);
  });

  it("goes to the search from any view with /, and types it where text is typed", async () => {
    const page = await open();
    await view(page, "Messages");
    await page.keyboard.press("/");
    expect(await focused(page)).toBe("Search the routes");
    await page.keyboard.type("/26");
    await shows(page, 2);
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("/26");
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
    // above the first row are the headings
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowUp");
    expect(await grid.getAttribute("aria-activedescendant")).toBe("routes-table-head-prefix");
    await page.keyboard.press("ArrowRight");
    expect(await grid.getAttribute("aria-activedescendant")).toBe("routes-table-head-path");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    const heading = grid.getByRole("columnheader", { name: "Prefix" });
    expect(await heading.getAttribute("aria-sort")).toBe("descending");
    const selected = grid.locator("[aria-selected=true] [data-column=prefix]");
    expect(await selected.textContent()).toBe(before);
    const [first] = await cells(grid);
    expect(first!.prefix).toMatch(/^2001:db8:100::/);
    await page.keyboard.press("ArrowDown");
    expect(await selected.textContent()).toBe(first!.prefix);
  });
});

describe("on a phone, the page", () => {
  it.each(PHONES)("is not wider than the screen of %j in any view", async (options) => {
    const page = await open(options);
    for (const name of ["Neighbors", "Messages", "Routes"] as const) {
      const button = page.getByRole("navigation").getByRole("button", { name });
      await button.tap();
      expect(await button.getAttribute("aria-current")).toBe("true");
      const expectNarrow = async () => {
        // a phone's browser widens its window if an element is too wide
        const wide = await page.evaluate(
          (width) => ({
            page: Math.max(document.documentElement.scrollWidth, window.innerWidth) - width,
            beyond: [...document.querySelectorAll("main *, header *, nav *")]
              .filter((element) => element.closest("pre, .hidden, .head, .cell, .tools") === null)
              .filter((element) => element.getBoundingClientRect().right > width + 0.5)
              .map((element) => element.className || element.tagName),
          }),
          options.viewport!.width,
        );
        expect(wide).toEqual({ page: 0, beyond: [] });
      };
      await expectNarrow();
      // the view of the messages follows the last one
      const rows = table(page, name).locator(".body .row");
      await (name === "Messages" ? rows.last() : rows.first()).tap();
      const pane = page.getByRole("region", { name: /^Selected/ });
      expect(await pane.count()).toBe(1);
      await expectNarrow();
      await pane.getByRole("button", { name: "Close" }).tap();
      expect(await pane.count()).toBe(0);
    }
  });

  it("shows a route's path, RPKI state and communities in three steps", async () => {
    const page = await open(PHONES[1]);
    // one: search for an address
    await page.getByLabel("Search the routes").tap();
    await page.keyboard.type("198.51.100.7");
    await shows(page, 1);
    // two: tap the route
    await table(page, "Routes").locator(".body .row", { hasText: "198.51.100.0/24" }).tap();
    // three: all parts of the route are visible without scrolling
    const pane = page.getByRole("region", { name: "Selected route" });
    const read = {
      path: pane.getByRole("list", { name: "AS path" }),
      rpki: pane.getByText("RPKI valid"),
      communities: pane.getByRole("list", { name: "Communities", exact: true }),
      large: pane.getByRole("list", { name: "Large communities" }),
    };
    for (const [what, place] of Object.entries(read)) {
      const box = await place.boundingBox();
      expect(box!.y + box!.height, what).toBeLessThan(844);
    }
    const theirs = JSON.parse(
      await stage.bgpd.bgpctl("-j", "show", "rib", "detail", "198.51.100.7"),
    ) as { rib: Record<string, string & string[]>[] };
    const [route] = theirs.rib;
    const texts = (place: Locator) => place.locator(".chip").allTextContents();
    expect(await texts(read.path)).toEqual(route!.aspath!.split(" "));
    expect(await texts(read.communities)).toEqual(route!.communities);
    expect(await texts(read.large)).toEqual(route!.large_communities);
    expect(route!.ovs).toBe("valid");
  });

  it("closes the route with the browser's Back, and keeps the search", async () => {
    const page = await open(PHONES[1]);
    await search(page, "as64510");
    await eventually(async () => (await cells(table(page, "Routes"))).length).toBe(6);
    await table(page, "Routes").locator(".body .row").nth(2).tap();
    const pane = page.getByRole("region", { name: "Selected route" });
    await pane.waitFor();
    await page.goBack();
    await pane.waitFor({ state: "hidden" });
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("as64510");
    expect(new URL(page.url()).hash).toBe("#q=as64510");
    await table(page, "Routes").locator(".body .row").first().tap();
    await pane.waitFor();
  });

  it("has rows and buttons that fingers meet", async () => {
    const page = await open(PHONES[0]);
    const sizes = await page
      .locator(
        ":not(.head .cell) > button:visible, input:visible, summary:visible, .body .row:visible",
      )
      .evaluateAll((all) => all.map((element) => element.getBoundingClientRect().height));
    expect(sizes.length).toBeGreaterThan(8);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(36);
  });

  it("shows the columns that fit: prefix, neighbor, path and RPKI state", async () => {
    const page = await open(PHONES[1]);
    const row = table(page, "Routes").locator(".body .row", { hasText: "100.64.0.0/10" }).first();
    const shown = await row
      .locator(".cell:visible")
      .evaluateAll((all) => all.map((cell) => (cell as HTMLElement).dataset.column));
    expect(shown.sort()).toEqual(["flags", "neighbor", "path", "prefix", "rpki"]);
  });
});

describe("on other screens, the page", () => {
  it.each([721, 768, 1024, 1080, 1081, 1280, 1440, 1920])(
    "cuts no name and no number at a width of %i, with a route selected or not",
    async (width) => {
      const page = await open({ viewport: { width, height: 800 } });
      const cutIn = () =>
        page.locator(".table:visible .cell:visible").evaluateAll((all) =>
          all
            .filter((cell) => {
              const { right } = cell.closest(".table")!.getBoundingClientRect();
              const box = cell.getBoundingClientRect();
              const isCut = cell.scrollWidth > cell.clientWidth;
              return box.right > right + 0.5 || box.width < 20 || isCut;
            })
            .map((cell) => `${(cell as HTMLElement).dataset.column}: ${cell.textContent}`),
        );
      for (const name of ["Neighbors", "Messages", "Routes"] as const) {
        await view(page, name);
        await eventually(cutIn).toEqual([]);
        await table(page, name).locator(".body .row").first().click();
        await eventually(cutIn).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
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
        return [
          ...document.querySelectorAll(
            "h1, h3, h4, p, dt, dd, button, label, code, .cell > span, .badge",
          ),
        ]
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
