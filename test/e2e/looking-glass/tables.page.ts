import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calm, cells, eventually, loaded, openPage, startBrowser, table } from "./browser.ts";
import { type Glass, type Router, startGlass, startRouters } from "./glass.ts";

let routers: Awaited<ReturnType<typeof startRouters>>;
let bgpd: Router;
let glass: Glass;
let browser: Browser;

beforeAll(async () => {
  routers = await startRouters(0);
  bgpd = routers.bgpd;
  glass = await startGlass(bgpd.restricted);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await glass?.stop();
  await routers?.stop();
});

interface Neighbor {
  description: string;
  remote_addr: string;
  remote_as: string;
  state: string;
  config: { down: boolean };
  stats: {
    prefixes: Record<"sent" | "received", number>;
    message: Record<"sent" | "received", { total: number }>;
  };
}

interface Entry {
  prefix: string;
  exit_nexthop: string;
  aspath: string;
  origin: string;
  localpref: number;
  metric: number;
  valid: boolean;
  best?: boolean;
  announced?: boolean;
  ovs: string;
  avs: string;
  communities?: string[];
  neighbor: { description?: string };
}

const bgpctl = async (...what: string[]): Promise<unknown> =>
  JSON.parse(await bgpd.bgpctl("-j", "show", ...what));

const theirNeighbors = async () => {
  const { neighbors } = (await bgpctl("neighbor")) as { neighbors: Neighbor[] };
  return neighbors.map((n) => ({
    description: n.description,
    address: n.remote_addr,
    as: n.remote_as,
    state: n.config.down ? "Down" : n.state,
    received: String(n.stats.message.received.total),
    sent: String(n.stats.message.sent.total),
    prefixes: String(n.stats.prefixes.received),
    announced: String(n.stats.prefixes.sent),
  }));
};

const theirRoutes = async () => {
  const { rib } = (await bgpctl("rib")) as { rib: Entry[] };
  return rib.map((r) => ({
    prefix: r.prefix,
    nexthop: r.exit_nexthop,
    path: r.aspath || "–",
    origin: r.origin,
    localpref: String(r.localpref),
    med: String(r.metric),
    rpki: r.ovs,
    aspa: r.avs,
    neighbor: r.announced ? "this router" : r.neighbor.description,
    valid: r.valid,
    best: r.best === true,
  }));
};

/** How many routes there are; all of them fit into the table of the page. */
const count = async (): Promise<number> => (await theirRoutes()).length;

async function open() {
  const page = await openPage(browser, glass.url);
  await loaded(page, await count());
  return page;
}

describe("the tables", () => {
  it("show the neighbors that bgpctl shows, with two sessions established", async () => {
    const page = await open();
    // counters grow between two readings
    await eventually(async () => {
      const theirs = await theirNeighbors();
      const shown = await cells(table(page, "Neighbors"));
      const ours = shown.map(({ updown, ...rest }) => rest);
      return JSON.stringify(ours) === JSON.stringify(theirs) ? ours : { ours, theirs };
    }).toHaveLength(4);
    const shown = await cells(table(page, "Neighbors"));
    expect(shown.filter(({ state }) => state === "Established")).toHaveLength(2);
    expect(shown.map(({ updown }) => updown)).toEqual(
      Array.from({ length: 4 }, () => expect.stringMatching(/^\d\d:\d\d:\d\d$/)),
    );
    expect(await page.locator("[data-fact=neighbors] dd").textContent()).toBe("2 of 4 up");
  });

  it("show the RIB that bgpctl shows, with its flags", async () => {
    const page = await open();
    const theirs = await theirRoutes();
    const shown = await cells(table(page, "Routes"));
    const ours = shown.map(
      ({ flags, age, ...rest }): Record<string, unknown> => ({
        ...rest,
        valid: flags!.includes("*"),
        best: flags!.includes(">"),
      }),
    );
    const byPlace = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    const sorted = (rows: Record<string, unknown>[]) =>
      rows.map((row) => Object.fromEntries(Object.entries(row).sort())).sort(byPlace);
    expect(sorted(ours)).toEqual(sorted(theirs));
    // in the daemon's own order
    expect(ours.map(({ prefix }) => prefix)).toEqual(theirs.map(({ prefix }) => prefix));
    expect(theirs.filter(({ best }) => best).length).toBeGreaterThan(5);
    expect(theirs.filter(({ path }) => path === "64500 64510").length).toBeGreaterThan(0);
  });

  it.each<[string, (row: Record<string, string>) => boolean]>([
    ["198.51.100.129", ({ prefix }) => prefix!.startsWith("198.51.100.")],
    ["198.51.100.127", ({ prefix }) => prefix === "198.51.100.0/24"],
    ["2001:db8:100::1", ({ prefix }) => prefix!.startsWith("2001:db8")],
    ["2001:DB8::", ({ prefix }) => prefix === "2001:db8::/32"],
    ["203.0.113", ({ prefix }) => prefix!.startsWith("203.0.113.")],
    ["/26", ({ prefix }) => prefix!.endsWith("/26")],
    ["as64510", ({ path }) => path!.includes("64510")],
    ["AS6451", () => false],
    ["as 64510", ({ path }) => path!.includes("64510")],
    ["^64500", ({ path }) => path!.startsWith("64500")],
    ["_64510_", ({ path }) => path!.includes("64510")],
    ["64500$", ({ path }) => path!.endsWith("64500")],
    ["198.51.0.0/16", ({ prefix }) => prefix!.startsWith("198.51.")],
    ["198.51.100.64/27", ({ prefix }) => prefix === "198.51.100.0/24"],
    ["best", ({ flags }) => flags!.includes(">")],
    ["announced", ({ flags }) => flags!.includes("A")],
    ["rpki:not-found", ({ rpki }) => rpki === "not-found"],
    ["rpki:valid", ({ rpki }) => rpki === "valid"],
    [
      "customer 203.0.113.65",
      ({ prefix, neighbor }) =>
        neighbor === "customer-east" && ["203.0.113.0/24", "203.0.113.64/26"].includes(prefix!),
    ],
    ["egp", ({ origin }) => origin === "EGP"],
  ])("find what the search %j asks for, and nothing else", async (words, matches) => {
    const page = await open();
    const grid = table(page, "Routes");
    const all = await cells(grid);
    const expected = all.filter(matches);
    await page.getByLabel("Search the routes").fill(words);
    const note = page.locator("#routes .note");
    await eventually(() => note.textContent()).toBe(`${expected.length} of ${all.length}`);
    await eventually(() => cells(grid)).toEqual(expected);
    if (expected.length === 0) {
      expect(await grid.getByText("No route matches the search.").isVisible()).toBe(true);
    }
    await page.getByLabel("Search the routes").fill("");
    await eventually(() => cells(grid)).toEqual(all);
  });

  it("show everything about the route that is clicked", async () => {
    const page = await open();
    await page.getByLabel("Search the routes").fill("198.51.100.128/25 transit-north");
    await eventually(() => cells(table(page, "Routes"))).toHaveLength(1);
    await table(page, "Routes").getByText("198.51.100.128/25").click();
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
      "AS path": "64500",
      "Next hop": "127.0.0.2",
      From: "transit-north, 127.0.0.2",
      Origin: "EGP",
      MED: "77",
      "Router id": "127.0.0.2",
      "With bgpctl": "bgpctl show rib detail 198.51.100.128/25",
    });
    const theirs = (await bgpctl("rib", "198.51.100.128/25", "detail")) as { rib: Entry[] };
    const [route] = theirs.rib.filter(({ neighbor }) => neighbor.description === "transit-north");
    const communities = pane.locator(".details > div", { hasText: "Communities" }).locator("dd");
    await eventually(() => communities.textContent()).toBe(
      route!.communities?.join(", ") ?? "none",
    );
  });

  it("say of when they are, and the search is in the address", async () => {
    const page = await open();
    const asOf = page.locator("#routes .as-of");
    expect(await asOf.textContent()).toMatch(/^as of \d\d:\d\d:\d\d$/);
    const ages = async () => (await cells(table(page, "Routes"))).map(({ age }) => age);
    const before = await ages();
    await eventually(async () => (await ages())[0] !== before[0]).toBe(true);
    await page.getByLabel("Search the routes").fill("as64510 best");
    await eventually(() => page.evaluate(() => location.hash)).toBe("#q=as64510+best");
    const found = await cells(table(page, "Routes"));
    await page.reload();
    await eventually(async () =>
      (await cells(table(page, "Routes"))).map(({ prefix }) => prefix),
    ).toEqual(found.map(({ prefix }) => prefix));
  });

  it("are sorted by the column whose heading is clicked, both ways and back", async () => {
    const page = await open();
    const grid = table(page, "Routes");
    const column = async () => (await cells(grid)).map(({ path }) => path);
    const before = await column();
    const hops = (path: string) => (path === "–" ? 0 : path.split(" ").length);
    const heading = grid.getByRole("columnheader", { name: "AS path" });
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("ascending");
    const up = (await column()).map(hops!);
    expect(up).toEqual(before.map(hops!).sort((a, b) => a - b));
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("descending");
    expect((await column()).map(hops!)).toEqual([...up].reverse());
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBeNull();
    expect(await column()).toEqual(before);
  });

  it("ask for the neighbors again by themselves, until Live is switched off", async () => {
    const page = await open();
    const note = page.locator("[data-fact=messages] dd");
    const sent = async () => Number(/(\d+) out/.exec((await note.textContent()) ?? "")?.[1]);
    await page.clock.install();
    const before = await sent();
    // the timer that was set before uses the real clock
    await eventually(sent).toBeGreaterThan(before);
    await calm(page);
    const after = await sent();
    await page.clock.fastForward(60_000);
    await page.evaluate(() => fetch("clock"));
    expect(await sent()).toBe(after);
  });
});
