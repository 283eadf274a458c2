import { isDeepStrictEqual } from "node:util";
import type { Locator } from "playwright-core";
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
  large_communities?: string[];
  extended_communities?: string[];
  neighbor: { description?: string };
}

const bgpctl = async (...what: string[]): Promise<unknown> =>
  JSON.parse(await stage.bgpd.bgpctl("-j", "show", ...what));

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
  const { rib } = (await bgpctl("rib", "detail")) as { rib: Entry[] };
  return rib.map((r) => ({
    communities:
      [r.communities, r.large_communities, r.extended_communities]
        .flat()
        .filter(Boolean)
        .join(" ") || "–",
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

/** The routes of the page without their ages, which tick. */
const routesIn = async (grid: Locator): Promise<Record<string, string>[]> =>
  (await cells(grid)).map(({ age: _age, ...route }) => route);

/** How many routes there are; all of them fit into the table of the page. */
const count = async (): Promise<number> => (await theirRoutes()).length;

/** A screen on which every column has room. */
const WIDE = { viewport: { width: 1920, height: 1000 } };

async function open() {
  const page = await openPage(stage.browser, stage.glass.url, WIDE);
  await loaded(page, await count());
  return page;
}

describe("the tables", () => {
  it("show the neighbors that bgpctl shows, with two sessions established", async () => {
    const page = await open();
    await view(page, "Neighbors");
    // counters grow between two readings
    await eventually(async () => {
      const theirs = await theirNeighbors();
      const shown = await cells(table(page, "Neighbors"));
      const ours = shown.map(({ updown: _updown, ...rest }) => rest);
      return isDeepStrictEqual(ours, theirs) ? "the same" : { ours, theirs };
    }).toBe("the same");
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
    ["198.51.100.129", ({ prefix }) => prefix === "198.51.100.128/25"],
    ["198.51.100.129 or-shorter", ({ prefix }) => prefix!.startsWith("198.51.100.")],
    ["198.51.100.127", ({ prefix }) => prefix === "198.51.100.0/24"],
    ["2001:db8:100::1", ({ prefix }) => prefix === "2001:db8:100::/48"],
    ["2001:DB8::", ({ prefix }) => prefix === "2001:db8::/32"],
    ["203.0.113", ({ prefix }) => prefix!.startsWith("203.0.113.")],
    ["/26", ({ prefix }) => prefix!.endsWith("/26")],
    ["as64510", ({ path }) => path!.includes("64510")],
    ["AS6451", () => false],
    ["as 64510", ({ path }) => path!.includes("64510")],
    ["^64500", ({ path }) => path!.startsWith("64500")],
    ["^64500_64510$", ({ path }) => path === "64500 64510"],
    ["_64510_", ({ path }) => path!.includes("64510")],
    ["64500$", ({ path }) => path!.endsWith("64500")],
    ["198.51.0.0/16", ({ prefix }) => prefix!.startsWith("198.51.")],
    ["198.51.100.0/24 exact", ({ prefix }) => prefix === "198.51.100.0/24"],
    ["198.51.100.0/24 or-longer", ({ prefix }) => prefix!.startsWith("198.51.100.")],
    ["198.51.100.128/25 or-shorter", ({ prefix }) => prefix!.startsWith("198.51.100.")],
    ["198.51.100.64/27", ({ prefix }) => prefix === "198.51.100.0/24"],
    ["best", ({ flags }) => flags!.includes(">")],
    ["announced", ({ flags }) => flags!.includes("A")],
    ["rpki:not-found", ({ rpki }) => rpki === "not-found"],
    ["rpki:valid", ({ rpki }) => rpki === "valid"],
    ["rpki invalid", ({ rpki }) => rpki === "invalid"],
    ["aspa:valid", ({ aspa }) => aspa === "valid"],
    ["64500:100", ({ communities }) => communities!.includes("64500:100")],
    ["64500:1:276", ({ communities }) => communities!.includes("64500:1:276")],
    ["no_peer graceful_shutdown", ({ communities }) => communities!.includes("NO_PEER")],
    ["ext-community rt 64510:7", ({ communities }) => communities!.includes("rt 64510:7")],
    ["neighbor customer-east", ({ neighbor }) => neighbor === "customer-east"],
    ["bgpctl show rib inet6", ({ prefix }) => prefix!.includes(":")],
    [
      "customer or-shorter 203.0.113.65",
      ({ prefix, neighbor }) =>
        neighbor === "customer-east" && ["203.0.113.0/24", "203.0.113.64/26"].includes(prefix!),
    ],
    ["egp", ({ origin }) => origin === "EGP"],
  ])("find what the search %j asks for, and nothing else", async (words, matches) => {
    const page = await open();
    const grid = table(page, "Routes");
    const all = await routesIn(grid);
    const expected = all.filter(matches);
    await search(page, words);
    await shows(page, expected.length);
    await eventually(() => routesIn(grid)).toEqual(expected);
    if (expected.length === 0) {
      expect(await grid.getByText("No route matches the search.").isVisible()).toBe(true);
    }
    await search(page, "");
    await eventually(() => routesIn(grid)).toEqual(all);
  });

  it.each([
    ["in neighbor:127.0.0.2", ["in", "neighbor", "127.0.0.2"]],
    ["out neighbor:127.0.0.3", ["out", "neighbor", "127.0.0.3"]],
    ["table Adj-RIB-In", ["table", "Adj-RIB-In"]],
    ["in best", ["in", "best"]],
  ])("show another RIB, %s, as bgpctl does", async (words, args) => {
    const page = await open();
    const { rib = [] } = (await bgpctl("rib", ...args)) as { rib?: Entry[] };
    await search(page, words);
    await shows(page, rib.length);
    await eventually(async () =>
      (await cells(table(page, "Routes"))).map(({ prefix, path }) => [prefix, path]),
    ).toEqual(rib.map(({ prefix, aspath }) => [prefix, aspath || "–"]));
  });

  it("are filtered with the menus, which write the words of the search", async () => {
    const page = await open();
    const input = page.getByLabel("Search the routes");
    await page.getByLabel("RPKI", { exact: true }).selectOption("Valid");
    await page
      .getByLabel("Neighbor", { exact: true })
      .selectOption({ label: "transit-north (AS 64500)" });
    await page.getByLabel("RIB", { exact: true }).selectOption("Received (in)");
    await page.getByRole("button", { name: "Best only" }).click();
    expect(await input.inputValue()).toBe("rpki:valid neighbor:127.0.0.2 in best");
    const { rib } = (await bgpctl(
      "rib",
      "in",
      "neighbor",
      "127.0.0.2",
      "best",
      "ovs",
      "valid",
    )) as {
      rib?: Entry[];
    };
    await shows(page, rib?.length ?? 0);
    expect(await page.locator(".commands code").textContent()).toBe(
      "bgpctl show rib in best detail neighbor 127.0.0.2 ovs valid",
    );
    await page.getByRole("button", { name: "Clear filters" }).click();
    expect(await input.inputValue()).toBe("");
    await search(page, "ovs invalid ipv4");
    await eventually(() => page.getByLabel("RPKI", { exact: true }).inputValue()).toBe(
      "rpki:invalid",
    );
    expect(await page.getByLabel("Family").inputValue()).toBe("inet");
  });

  it("refuse words that mean nothing with the reason, and ask bgpd nothing", async () => {
    const page = await open();
    await search(page, "rpki:maybe");
    const alert = page.locator("#routes .problems");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("valid, invalid and not-found are states");
    await search(page, "table nonsense");
    await page.locator("#routes .error", { hasText: "there is no such RIB" }).waitFor();
    await search(page, "");
    await shows(page, await count());
    expect(await alert.isVisible()).toBe(false);
    expect(await page.locator("#routes .error").isVisible()).toBe(false);
  });

  it("are sorted by the column whose heading is clicked, both ways and back", async () => {
    const page = await open();
    const grid = table(page, "Routes");
    const column = async () => (await cells(grid)).map(({ path }) => path!);
    const before = await column();
    const hops = (path: string) => (path === "–" ? 0 : path.split(" ").length);
    const heading = grid.getByRole("columnheader", { name: "AS path" });
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("ascending");
    const up = (await column()).map(hops);
    expect(up).toEqual(before.map(hops).sort((a, b) => a - b));
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("descending");
    expect((await column()).map(hops)).toEqual([...up].reverse());
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
