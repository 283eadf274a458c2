import { createServer } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type RunningBgpd, startBgpd } from "../daemons/bgpd.ts";
import { temporaryFolder } from "../daemons/program.ts";
import {
  calm,
  cells,
  eventually,
  inState,
  loaded,
  openPage,
  startBrowser,
  table,
  view,
} from "./browser.ts";
import { type Glass, startGlass, TOKEN } from "./glass.ts";

const STATEMENTS = `
network 192.0.2.0/24
network 2001:db8::/32
neighbor 127.0.0.2 {
	descr "<img src=x onerror=alert(1)>"
	remote-as 65002
	passive
}
allow from any
allow to any
`;

let bgpd: RunningBgpd;
let browser: Browser;

beforeAll(async () => {
  bgpd = await startBgpd({ statements: STATEMENTS });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await bgpd?.stop();
});

async function glassTo(...args: Parameters<typeof startGlass>): Promise<Glass> {
  const glass = await startGlass(...args);
  onTestFinished(() => glass.stop());
  return glass;
}

describe("the page", () => {
  it("shows that it connects while bgpd has not answered, and gives up on a bgpd that never answers", async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, "s");
    let asked = 0;
    const silent = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => asked++);
      onTestFinished(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    onTestFinished(async () => {
      silent.close();
      await folder.remove();
    });
    const glass = await glassTo(path);
    const page = await openPage(browser, "about:blank");
    await page.clock.install();
    await page.goto(glass.url);
    await eventually(async () => asked).toBeGreaterThan(0);
    expect(await page.locator("body").getAttribute("data-state")).toBe("connecting");
    expect(await page.getByRole("status").first().textContent()).toBe("Connecting");
    await page.clock.fastForward(20_000);
    await inState(page, "lost");
    expect(await page.locator("#notice p").textContent()).toMatch(
      /bgpd did not answer within (15 s|10000 ms)/,
    );
  });

  it.each([
    ["without a token", "", "It wants a token."],
    ["with a wrong token", "#token=not-the-right-one", "It did not take the token."],
    ["with a token that is none", "#token=a(b)", "This is no token"],
  ])("is refused %s, asks for one, and connects with the right one", async (_how, hash, why) => {
    const glass = await glassTo(bgpd.restricted);
    const page = await openPage(browser, `${glass.origin}/${hash}`);
    await inState(page, "refused");
    const alert = page.locator("#notice[role=alert]");
    expect(await alert.locator("p").textContent()).toContain(`The relay refused this page: ${why}`);
    // the page does not try again by itself, because it cannot know when
    await page.getByLabel("Token of the relay").fill(TOKEN);
    await page.keyboard.press("Enter");
    await loaded(page, 2);
    expect(await alert.isVisible()).toBe(false);
    expect(new URL(page.url()).hash).toBe("");
    await page.reload();
    await loaded(page, 2);
  });

  it("does not leave the token in the address and sends it in no request's address", async () => {
    const glass = await glassTo(bgpd.restricted);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    expect(page.url()).toBe(`${glass.origin}/`);
    expect(page.asked.map((url) => url.replace(/#.*/, "")).join(" ")).not.toContain(TOKEN);
  });

  it("shows the relay's words when there are too many connections, and connects when there is room", async () => {
    const glass = await glassTo(bgpd.restricted, { maxConnections: 2 });
    const first = await openPage(browser, glass.url);
    await loaded(first, 2);
    const second = await openPage(browser, glass.url);
    await inState(second, "refused");
    expect(await second.locator("#notice").textContent()).toMatch(
      /refused this page: there are 2 connections already.*Next try in \d+ s.*Try now/,
    );
    await first.goto("about:blank");
    await eventually(async () => glass.relay.connections).toBe(0);
    // unless it has tried again by itself meanwhile, which hides the button
    const clicked = second.getByRole("button", { name: "Try now" }).click();
    await Promise.any([clicked, loaded(second, 2)]);
    await loaded(second, 2);
  });

  it.each([
    ["the first", [13, 16, 17], "#notice p", "messages of type 22 are not allowed"],
    ["a listing", [13, 17, 22], "#routes .error", "messages of type 16 are not allowed"],
  ])(
    "shows the relay's words when %s request is not allowed",
    async (_which, allowTypes, place, words) => {
      const glass = await glassTo(bgpd.restricted, { allowTypes });
      const page = await openPage(browser, glass.url);
      await page.locator(place, { hasText: words }).waitFor();
    },
  );

  it("keeps its rows when the relay stops, and connects again when the relay is back", async () => {
    const glass = await glassTo(bgpd.restricted);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    await calm(page);
    // the last answers are counted a little later
    await page.waitForTimeout(1000);
    const messages = await page.locator("[data-fact=messages] dd").textContent();
    const age = page.locator("#routes .as-of");
    expect(await age.textContent()).toMatch(/^as of [\d:]+$/);
    await glass.relay.close();
    await inState(page, "lost");
    expect(await page.locator("#notice").textContent()).toMatch(
      /The connection is lost: .*Next try in \d+ s/,
    );
    await eventually(() => age.textContent()).toMatch(/^as of [\d:]+, \d+ s ago$/);
    expect((await cells(table(page, "Routes"))).map(({ prefix }) => prefix)).toEqual([
      "192.0.2.0/24",
      "2001:db8::/32",
    ]);
    // tries in the meantime fail, each later than the one before
    const failures = (): Promise<number> =>
      page.evaluate(
        () =>
          performance.getEntriesByType("resource").filter(({ name }) => /relay$/.test(name)).length,
      );
    await eventually(failures).toBeGreaterThanOrEqual(2);
    // messages that could not be sent are not listed
    expect(await page.locator("[data-fact=messages] dd").textContent()).toBe(messages);
    await bgpd.bgpctl("network", "add", "198.51.100.0/24");
    onTestFinished(async () => {
      await bgpd.bgpctl("network", "delete", "198.51.100.0/24");
    });
    await glass.startRelay();
    await inState(page, "connected");
    await loaded(page, 3);
    expect(await page.locator("#notice").isVisible()).toBe(false);
  });

  it("says that the daemon is away, and shows it again after its restart", async () => {
    const own = await startBgpd({ statements: STATEMENTS });
    let again: RunningBgpd | undefined;
    onTestFinished(async () => {
      await own.stop();
      await again?.stop();
    });
    const glass = await glassTo(own.restricted);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    await own.stop();
    const words = page.locator("#notice p");
    await eventually(() => words.textContent()).toContain("the daemon cannot be reached");
    again = await startBgpd({ statements: `network 203.0.113.0/24\n${STATEMENTS}` });
    await glass.relay.close();
    await glass.startRelay({ to: `unix:${again.restricted}` });
    await loaded(page, 3);
  });

  it("shows the texts of neighbors as texts", async () => {
    const glass = await glassTo(bgpd.restricted);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    await view(page, "Neighbors");
    const [neighbor] = await cells(table(page, "Neighbors"));
    expect(neighbor!.description).toBe("<img src=x onerror=alert(1)>");
    await table(page, "Neighbors").locator(".body .row").click();
    const pane = page.getByRole("region", { name: "Selected neighbor" });
    expect(await pane.locator("h3").textContent()).toBe("<img src=x onerror=alert(1)>");
    expect(await page.locator("img").count()).toBe(0);
  });

  it("sends requests to its own server only, under a policy that allows no other", async () => {
    const glass = await glassTo(bgpd.restricted);
    const page = await openPage(browser, glass.url);
    await loaded(page, 2);
    const hosts = page.asked.map((url) => new URL(url).host);
    expect(new Set(hosts)).toEqual(new Set([new URL(glass.origin).host]));
    expect(page.asked.some((url) => url.startsWith("ws:"))).toBe(true);
    const { headers } = await fetch(glass.origin);
    const policy = (headers.get("content-security-policy") ?? "").split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
      ]),
    );
    // the policy is in force: another port is another origin
    const refused = await page.evaluate(async () => {
      const violated = new Promise((resolve) =>
        document.addEventListener("securitypolicyviolation", (event) =>
          resolve(event.effectiveDirective),
        ),
      );
      await fetch("http://127.0.0.1:9/").catch(() => {});
      return violated;
    });
    expect(refused).toBe("connect-src");
    page.troubles.length = 0; // that request was the test's own
  });
});
