import { describe, expect, it } from "vitest";
import { prefixes } from "../daemons/bgpd.ts";
import { calm, cells, eventually, loaded, openPage, shows, table, view } from "./browser.ts";
import { tableStage } from "./stage.ts";

const COUNT = 20_000;
const all = prefixes(COUNT);
/** More rows than any screen of the tests shows, and far fewer than there are. */
const FEW = 60;

const stage = tableStage(all);

describe("20,000 routes", () => {
  it("can all be walked through while only those exist that are seen", async () => {
    const page = await openPage(stage.browser, stage.glass.url);
    await loaded(page, COUNT);
    const grid = table(page, "Routes");
    const rows = () => page.locator(".row").count();
    const selected = () => grid.locator("[aria-selected=true] [data-column=prefix]").textContent();
    expect(await grid.getAttribute("aria-rowcount")).toBe(String(COUNT + 1));
    await grid.focus();
    const seen = new Map<number, string>();
    const look = async () => {
      expect(await rows()).toBeLessThan(3 * FEW);
      expect(await grid.locator(".row").count()).toBeLessThan(FEW);
      const at = Number(await grid.locator("[aria-selected=true]").getAttribute("aria-rowindex"));
      seen.set(at - 2, (await selected()) ?? "");
    };
    for (const key of ["Home", "PageDown", "ArrowDown", "End", "PageUp", "ArrowUp"]) {
      await page.keyboard.press(key);
      await look();
    }
    // far away without keys
    for (const share of [0.25, 0.5, 0.75]) {
      await grid.evaluate((element, part) => {
        element.scrollTop = element.scrollHeight * part;
      }, share);
      await eventually(async () => (await cells(grid)).length).toBeGreaterThan(8);
      expect(await grid.locator(".row").count()).toBeLessThan(FEW);
      const middle = all[Math.round(COUNT * share) + 2];
      await eventually(async () => (await cells(grid)).map(({ prefix }) => prefix)).toContain(
        middle,
      );
    }
    expect(seen.get(0)).toBe(all[0]);
    expect(seen.get(COUNT - 1)).toBe(all[COUNT - 1]);
    expect(seen.size).toBe(6);
    for (const [index, prefix] of seen) expect(prefix).toBe(all[index]);
  });

  it.each([
    ["10.77.", all.filter((prefix) => prefix.startsWith("10.77."))],
    ["10.5.7.9", ["10.5.7.0/24"]],
    ["10.5.0.0/16", all.filter((prefix) => prefix.startsWith("10.5."))],
    ["10.7", all.filter((prefix) => prefix.startsWith("10.7"))],
    ["nothing", []],
  ])("are searched for %j, with few rows at every time", async (words, expected) => {
    const page = await openPage(stage.browser, stage.glass.url);
    await loaded(page, COUNT);
    const grid = table(page, "Routes");
    await page.getByLabel("Search the routes").pressSequentially(words);
    await shows(page, expected.length);
    await eventually(() => grid.getAttribute("aria-rowcount")).toBe(String(expected.length + 1));
    const shown = (await cells(grid)).map(({ prefix }) => prefix);
    expect(shown.length).toBeLessThan(FEW);
    expect(shown).toEqual(expected.slice(0, shown.length));
    expect(shown.length).toBe(Math.min(expected.length, shown.length || 1));
  });

  it("are asked for once for a word that is typed fast, not for every letter", async () => {
    const page = await openPage(stage.browser, stage.glass.url);
    await loaded(page, COUNT);
    await calm(page);
    const requests = async (): Promise<string> =>
      (await page.locator("[data-fact=messages] dd").textContent())!.replace(/.*, /, "");
    // the last request of the neighbors may be under way
    await page.waitForTimeout(500);
    const before = Number.parseInt(await requests(), 10);
    await page.getByLabel("Search the routes").evaluate((input: HTMLInputElement) => {
      for (const part of ["1", "10", "10.", "10.7", "10.77", "10.77."]) {
        input.value = part;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
    await shows(page, 256);
    await eventually(requests).toBe(`${before + 1} out`);
  });

  it("are all in the messages too, of which few rows exist", async () => {
    const page = await openPage(stage.browser, stage.glass.url);
    await loaded(page, COUNT);
    await view(page, "Messages");
    const grid = table(page, "Messages");
    await page.getByLabel("Filter the messages").fill("received show_rib 16");
    await eventually(() => grid.getAttribute("aria-rowcount")).toBe(String(COUNT + 1));
    expect(await grid.locator(".row").count()).toBeLessThan(FEW);
  });
});
