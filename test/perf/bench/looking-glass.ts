// The looking glass in Chromium, which loads a whole table: how long until all routes are shown, and
// how long its tasks are while it loads, scrolls, searches and sorts. Needs root, bgpd 8.8 and Chromium.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { type RunningBgpd, startBgpd } from "../../e2e/daemons/bgpd.ts";
import { until } from "../../e2e/daemons/program.ts";
import { LAUNCH } from "../../e2e/runtimes/browser/launch.ts";

interface Closing {
  close(): Promise<void>;
}
interface PageServer extends Closing {
  port: number;
  origins: string[];
}

/** A module of the built package or of the examples, which a bundle cannot hold. */
const load = <T>(path: string): Promise<T> => import(pathToFileURL(resolve(path)).href);

const COUNTS = [20_000, 100_000];
const TOKEN = "a-token-of-the-benchmark";

const prefix = (i: number): string => `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`;

/** The page's own records: when it shows which rows, and its tasks of more than 50 ms. */
const WATCH = `
  globalThis.seen = { connected: 0, first: 0, all: 0, tasks: [] };
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.tasks.push([startTime, duration]);
  }).observe({ type: "longtask", buffered: true });
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => {
      const note = document.querySelector("#routes .note")?.textContent ?? "";
      if (!seen.connected && document.body.dataset.state === "connected") seen.connected = performance.now();
      if (!seen.first && document.querySelector(".routes-table .body .row")) seen.first = performance.now();
      if (!seen.all && note === WANTED) seen.all = performance.now();
      const all = [...document.querySelectorAll(".offer .button")].find((b) => /^All/.test(b.textContent));
      if (all && !seen.asked) { seen.asked = true; all.click(); }
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
`;

/** The longest task of a part of a page's life, in milliseconds; 0 stands for none above 50. */
async function longest(page: Page, part: () => Promise<void>): Promise<number> {
  const from = await page.evaluate("performance.now()");
  await part();
  await page.waitForTimeout(300);
  return page.evaluate(
    `Math.max(0, ...seen.tasks.filter(([at]) => at >= ${from}).map(([, ms]) => Math.round(ms)))`,
  );
}

const scroll = `new Promise((done) => {
  const table = document.querySelector(".routes-table");
  let frames = 0;
  const step = () => {
    table.scrollTop += frames < 60 ? 40 : table.scrollHeight / 90;
    if (++frames < 150) requestAnimationFrame(step);
    else done();
  };
  step();
})`;

async function measure(bgpd: RunningBgpd, count: number): Promise<Record<string, number>> {
  const { startServer } = await load<{
    startServer(options: { folder: string; relayPort: () => number }): Promise<PageServer>;
  }>("examples/looking-glass/setup/server.mjs");
  const { startRelay } = await load<{
    startRelay(options: object): Promise<Closing & { port: number }>;
  }>("dist/relay.js");
  let port = 9;
  const server = await startServer({
    folder: resolve("build/looking-glass"),
    relayPort: () => port,
  });
  const relay = await startRelay({
    to: `unix:${bgpd.restricted}`,
    token: TOKEN,
    allowOrigins: server.origins,
    allowTypes: [13, 16, 17, 22],
    maxSize: 131072,
  });
  port = relay.port;
  const browser = await chromium.launch(LAUNCH.chromium);
  try {
    // the policy of the page forbids the functions that Playwright waits for
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      bypassCSP: true,
    });
    const wanted = `${count.toLocaleString("en-US")} routes`;
    await page.addInitScript(WATCH.replace("WANTED", JSON.stringify(wanted)));
    await page.goto(`http://127.0.0.1:${server.port}/#token=${TOKEN}`);
    await page.waitForFunction("globalThis.seen.all > 0", undefined, { timeout: 120_000 });
    const seen = (await page.evaluate("seen")) as Record<"connected" | "first" | "all", number>;
    const search = async (words: string, found: RegExp): Promise<void> => {
      await page.getByLabel("Search the routes").fill(words);
      await page.locator("#routes .note", { hasText: found }).waitFor();
    };
    const load = (await page.evaluate(
      "Math.max(0, ...seen.tasks.map(([, ms]) => Math.round(ms)))",
    )) as number;
    const scrolling = await longest(page, () => page.evaluate(scroll));
    const searching = await longest(page, async () => {
      await search("stale", /^0 routes$/);
      await search("10.7.0.0/17 or-longer", /^128 routes$/);
      await search("announced", new RegExp(`^${wanted}$`));
    });
    const sorting = await longest(page, async () => {
      await page.getByRole("columnheader", { name: "Prefix" }).getByRole("button").click();
      await page.waitForFunction("!document.querySelector('.routes-table').ariaBusy");
    });
    return {
      first: Math.round(seen.first - seen.connected),
      all: Math.round(seen.all - seen.connected),
      load,
      scrolling,
      searching,
      sorting,
    };
  } finally {
    await browser.close();
    await relay.close();
    await server.close();
  }
}

/** Measures the page with tables of two sizes; the median of the rounds by the time until all is shown. */
export async function lookingGlassReport(quick: boolean): Promise<Record<string, unknown>> {
  const { buildPage } = await load<{ buildPage(folder: string): Promise<void> }>(
    "examples/looking-glass/setup/build.mjs",
  );
  await buildPage(resolve("build/looking-glass"));
  const report: Record<string, unknown> = {};
  for (const count of COUNTS) {
    const bgpd = await startBgpd({ statements: "allow from any\nallow to any\n" });
    try {
      await bgpd.bulkAdd(Array.from({ length: count }, (_, i) => prefix(i)));
      await until("bgpd has all routes", bgpd.program, async () => {
        const { memory } = (await bgpd.json("show", "rib", "memory")) as {
          memory: Record<string, { count: number }>;
        };
        return memory["IPv4 unicast"]?.count === count;
      });
      const rounds = [];
      for (let i = 0; i < (quick ? 1 : 3); i++) rounds.push(await measure(bgpd, count));
      const found = rounds.sort((a, b) => a.all! - b.all!)[rounds.length >> 1]!;
      const { first, all, load, scrolling, searching, sorting } = found;
      console.log(
        `looking-glass  ${count.toLocaleString("en-US").padStart(7)} routes  first ${first} ms, all ${all} ms after the connection; ` +
          `longest task while it loads ${load} ms, scrolls ${scrolling}, searches ${searching}, sorts ${sorting} (0: none above 50)`,
      );
      report[count] = found;
    } finally {
      await bgpd.stop();
    }
  }
  return report;
}
