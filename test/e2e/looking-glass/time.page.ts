import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type RunningBgpd, startBgpd } from "../daemons/bgpd.ts";
import { END, startFake } from "../daemons/fake.ts";
import { temporaryFolder } from "../daemons/program.ts";
import { LAUNCH } from "../runtimes/browser/launch.ts";
import {
  cells,
  eventually,
  inState,
  loaded,
  openPage,
  search,
  shows,
  startBrowser,
  table,
  view,
} from "./browser.ts";
import { type Glass, startGlass } from "./glass.ts";

const STATEMENTS = `
network 192.0.2.0/24
network 198.51.100.0/24
neighbor 127.0.0.2 {
	descr "peer"
	remote-as 65002
	passive
}
allow from any
allow to any
`;
/** The page promises 5 s; a machine that runs all tests at once may take twice as long. */
const SOON = 10_000;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser?.close());

/** A bgpd that can be started again behind the same address. */
async function restartable() {
  const folder = await temporaryFolder();
  const link = join(folder.path, "socket");
  let running: RunningBgpd | undefined;
  const start = async (statements: string): Promise<RunningBgpd> => {
    running = await startBgpd({ statements });
    await rm(link, { force: true });
    await symlink(running.restricted, link);
    return running;
  };
  onTestFinished(async () => {
    running?.program.kill("SIGCONT");
    await running?.stop();
    await folder.remove();
  });
  return { link, start };
}

async function glassTo(...args: Parameters<typeof startGlass>): Promise<Glass> {
  const glass = await startGlass(...args);
  onTestFinished(() => glass.stop());
  return glass;
}

const asOf = (page: Page) => page.locator("#routes .as-of").textContent();

/** The milliseconds until the page is in a state. */
async function until(what: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await what;
  return performance.now() - began;
}

describe("the page", () => {
  it("shows a daemon's end, restart and changes soon after they happen, by itself", async () => {
    const { link, start } = await restartable();
    const bgpd = await start(STATEMENTS);
    const glass = await glassTo(link);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    await search(page, "192.0.2.0/24");
    await shows(page, 1);
    await bgpd.stop();
    expect(await until(inState(page, "lost"))).toBeLessThan(SOON);
    // the routes stay, and the page shows their age
    await eventually(() => asOf(page)).toMatch(/^as of [\d:]+, \d+ s ago$/);
    expect((await cells(table(page, "Routes"))).map(({ prefix }) => prefix)).toEqual([
      "192.0.2.0/24",
    ]);
    // for long enough that the tries have become rare
    await page.waitForTimeout(4000);
    const again = await start(`network 192.0.2.128/25\n${STATEMENTS}`);
    expect(await until(shows(page, 2))).toBeLessThan(SOON);
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("192.0.2.0/24");
    expect(await asOf(page)).toMatch(/^as of [\d:]+$/);
    // a neighbor that is shut down
    await view(page, "Neighbors");
    await again.bgpctl("neighbor", "127.0.0.2", "down");
    const state = table(page, "Neighbors").locator(".body [data-column=state]");
    const down = eventually(() => state.textContent()).toBe("Down");
    expect(await until(down)).toBeLessThan(SOON);
  });

  it("says that a daemon does not answer before it gives up, and takes an answer that comes late", async () => {
    const { link, start } = await restartable();
    const bgpd = await start(STATEMENTS);
    const glass = await glassTo(link);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    bgpd.program.kill("SIGSTOP");
    expect(await until(inState(page, "silent"))).toBeLessThan(SOON);
    expect(await page.locator("#notice p").textContent()).toMatch(
      /^bgpd has not answered since [\d:]+\./,
    );
    bgpd.program.kill("SIGCONT");
    await inState(page, "connected");
    expect(await page.locator("#notice").isVisible()).toBe(false);
  });

  it("looks after its connection when the computer has slept", async () => {
    const { link, start } = await restartable();
    const bgpd = await start(STATEMENTS);
    const glass = await glassTo(link);
    const page = await openPage(browser, "about:blank");
    await page.clock.install();
    await page.goto(glass.url);
    await loaded(page, 2);
    await search(page, "best");
    bgpd.program.kill("SIGSTOP");
    await page.clock.fastForward(300_000);
    await eventually(async () => {
      await page.clock.runFor(500);
      return page.locator("#notice p").textContent();
    }).toMatch(/the page slept for 30\d s|did not answer/);
    bgpd.program.kill("SIGCONT");
    await eventually(async () => {
      await page.clock.runFor(500);
      return page.locator("body").getAttribute("data-state");
    }).toBe("connected");
    await shows(page, 2);
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("best");
  });

  it("connects again when it was frozen meanwhile", async () => {
    const { link, start } = await restartable();
    const bgpd = await start(STATEMENTS);
    const glass = await glassTo(link);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    await search(page, "198.51.100.1");
    await shows(page, 1);
    const client = await page.context().newCDPSession(page);
    await client.send("Page.setWebLifecycleState", { state: "frozen" });
    await bgpd.stop();
    await start(`network 198.51.100.0/25\n${STATEMENTS}`);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await client.send("Page.setWebLifecycleState", { state: "active" });
    const grid = table(page, "Routes");
    const found = eventually(async () => (await cells(grid)).map(({ prefix }) => prefix)).toEqual([
      "198.51.100.0/25",
    ]);
    expect(await until(found)).toBeLessThan(SOON);
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("198.51.100.1");
  });

  it("comes back from the back-forward cache with the typed text, and connects again", async () => {
    const { link, start } = await restartable();
    await start(STATEMENTS);
    const glass = await glassTo(link);
    const caching = await chromium.launch({
      ...LAUNCH.chromium,
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    });
    onTestFinished(() => caching.close());
    const page = await openPage(caching, glass.url);
    await loaded(page, 2);
    await search(page, "198.51.100.1");
    await shows(page, 1);
    await page.evaluate(() => Object.assign(window, { kept: true }));
    await page.goto(`${glass.origin}/icon.svg`);
    await eventually(async () => glass.relay.connections).toBe(0);
    await page.goBack({ waitUntil: "commit" });
    // the very page, not one that was loaded again
    expect(await page.evaluate(() => (window as { kept?: boolean }).kept)).toBe(true);
    await eventually(async () => glass.relay.connections).toBeGreaterThan(0);
    await inState(page, "connected");
    await shows(page, 1);
    expect(await page.getByLabel("Search the routes").inputValue()).toBe("198.51.100.1");
    expect(await asOf(page)).toMatch(/^as of [\d:]+$/);
  });

  it("names a daemon of another version, and does not try again", async () => {
    const fake = await startFake();
    onTestFinished(() => fake.stop());
    // bgpd 7.7 has another type of this number
    fake.answers.set(22, [END]);
    const glass = await glassTo(fake.socket);
    const page = await openPage(browser, glass.url);
    await inState(page, "foreign");
    const notice = page.locator("#notice[role=alert]");
    expect(await notice.textContent()).toContain("this is no OpenBGPD 8.8");
    expect(await notice.textContent()).toContain("answers SHOW_RIB_MEM (22) with an empty listing");
    const sockets = () => page.asked.filter((url) => url.startsWith("ws:")).length;
    expect(sockets()).toBe(1);
    await page.waitForTimeout(4000);
    expect(sockets()).toBe(1);
    expect(await page.getByRole("status").first().textContent()).toBe("Other version");
  });
});
