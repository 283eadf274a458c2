import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { cells, eventually, loaded, openPage, search, shows, table } from "./browser.ts";
import { TOKEN } from "./glass.ts";
import { demoStage } from "./stage.ts";

const stage = demoStage();

type Entry = Record<string, unknown> & { prefix: string; aspath: string };

const bgpctl = async (...what: string[]): Promise<unknown> =>
  JSON.parse(await stage.bgpd.bgpctl("-j", "show", ...what));

/** A screen on which every column has room. */
const WIDE = { viewport: { width: 1920, height: 1000 } };

async function open() {
  const page = await openPage(stage.browser, stage.glass.url, WIDE);
  await loaded(page, 12);
  return page;
}

describe("the routes", () => {
  it("show everything about the route that is clicked, as bgpctl prints it", async () => {
    const page = await open();
    await search(page, "198.51.100.0/24 exact neighbor transit-north");
    await shows(page, 1);
    await table(page, "Routes").getByText("198.51.100.0/24").click();
    const pane = page.getByRole("region", { name: "Selected route" });
    await pane.waitFor();
    const details = await pane
      .locator(".details > div")
      .evaluateAll((all) =>
        Object.fromEntries(
          all.map((one) => [one.children[0]!.textContent, one.children[1]!.textContent]),
        ),
      );
    expect(details).toMatchObject({
      "Next hop": "127.0.0.2",
      From: "transit-north",
      Neighbor: "127.0.0.2",
      Origin: "IGP",
      MED: "0",
      "Router id": "127.0.0.2",
    });
    const list = (label: string) =>
      pane.getByRole("list", { name: label, exact: true }).locator(".chip");
    expect(await list("AS path").allTextContents()).toEqual(["64500"]);
    expect(await list("Communities").allTextContents()).toEqual(["64500:100", "64500:2010"]);
    expect(await list("Large communities").allTextContents()).toEqual(["64500:1:276"]);
    expect(await pane.locator(".badges .badge").allTextContents()).toEqual([
      "best",
      "RPKI valid",
      "ASPA unknown",
      "external",
    ]);
    const command = (await pane.locator(".command code").textContent())!;
    expect(command).toBe("bgpctl show rib detail neighbor 127.0.0.2 198.51.100.0/24");
    // the command prints what the page shows, apart from the age and the space at the ends of lines
    const plain = (text: string) =>
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("Last update"));
    const theirs = await stage.bgpd.bgpctl(...command.split(" ").slice(1));
    expect(plain((await pane.locator(".printed").textContent())!)).toEqual(plain(theirs));
  });

  it("lead from a community and an AS to the routes that have it", async () => {
    const page = await open();
    await search(page, "198.18.0.0/15 neighbor customer-east");
    await shows(page, 1);
    await table(page, "Routes").locator(".body .row").click();
    const pane = page.getByRole("region", { name: "Selected route" });
    // well-known communities are explained
    expect(await pane.getByRole("button", { name: /^NO_PEER/ }).textContent()).toContain(
      "not announced to bilateral peers",
    );
    await pane.getByRole("button", { name: "rt 64510:7" }).click();
    expect(await page.getByLabel("Search the routes").inputValue()).toBe(
      "ext-community rt 64510:7",
    );
    await shows(page, 2);
    expect(await pane.isVisible()).toBe(false);
  });

  it("are saved as CSV and as the JSON of bgpctl", async () => {
    const page = await open();
    await search(page, "as64510 best");
    const { rib } = (await bgpctl("rib", "as", "64510", "best", "detail")) as { rib: Entry[] };
    await shows(page, rib.length);
    const saved = async (name: string): Promise<string> => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name }).click(),
      ]);
      return readFile(await download.path(), "utf8");
    };
    const ages = ({ last_update, last_update_sec, ...rest }: Entry) => rest;
    const ours = JSON.parse(await saved("Save as JSON")) as {
      rib: Entry[];
    };
    expect(ours.rib.map(ages)).toEqual((rib as typeof ours.rib).map(ages));
    const [titles, ...rows] = (await saved("Save as CSV")).trim().split("\r\n");
    expect(titles).toMatch(/^prefix,aspath,/);
    expect(rows.map((row) => row.split(",").slice(0, 2))).toEqual(
      rib.map(({ prefix, aspath }) => [prefix, aspath]),
    );
  });

  it("say of when they are, and the search, the order and the selected route are in the address", async () => {
    const page = await open();
    const asOf = page.locator("#routes .as-of");
    expect(await asOf.textContent()).toMatch(/^as of \d\d:\d\d:\d\d$/);
    const ages = async () => (await cells(table(page, "Routes"))).map(({ age }) => age);
    const before = await ages();
    await eventually(async () => (await ages())[0] !== before[0]).toBe(true);
    await search(page, "as64510 best");
    await eventually(() => page.evaluate(() => location.hash)).toBe("#q=as64510+best");
    const grid = table(page, "Routes");
    await grid.getByRole("columnheader", { name: "Prefix" }).getByRole("button").click();
    await grid.getByRole("columnheader", { name: "Prefix" }).getByRole("button").click();
    await grid.locator(".body .row").nth(1).click();
    const found = (await cells(grid)).map(({ prefix }) => prefix);
    const title = page.getByRole("region", { name: "Selected route" }).locator("h3");
    const selected = await title.textContent();
    // a colleague opens the link
    const link = page.url();
    expect(link).not.toContain("token");
    const other = await openPage(stage.browser, `${link}&token=${TOKEN}`, WIDE);
    await eventually(async () =>
      (await cells(table(other, "Routes"))).map(({ prefix }) => prefix),
    ).toEqual(found);
    expect(await other.getByLabel("Search the routes").inputValue()).toBe("as64510 best");
    const theirs = other.getByRole("region", { name: "Selected route" }).locator("h3");
    await eventually(() => theirs.textContent()).toBe(selected);
    await other.reload();
    await eventually(() => theirs.textContent()).toBe(selected);
  });
});
