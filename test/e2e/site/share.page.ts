import { randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { fromFragment } from "../../../site/src/fragment.ts";
import {
  BROWSERS,
  byteAt,
  eventually,
  fieldRows,
  fixture,
  litBytes,
  loadSample,
  messageRows,
  openFile,
  playground,
  range,
  siteIn,
} from "./browser.ts";

const hash = (page: Page): string => new URL(page.url()).hash;
const selected = (page: Page): Promise<string | null> =>
  page.locator(".messages [aria-selected=true] [data-column=n]").textContent();

describe.each(BROWSERS)("in %s, the address of the playground", (name) => {
  const site = siteIn(name);

  it("brings back bytes, settings, the selected message and the cursor in another browser", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: two neighbors");
    await page.locator(".messages .row").nth(2).click();
    await byteAt(page, 20).click();
    await eventually(async () => hash(page)).toMatch(/message=1&byte=20/);
    const fields = await fieldRows(page);
    const other = await playground(site, {}, hash(page));
    expect(await messageRows(other)).toEqual(await messageRows(page));
    expect(await selected(other)).toBe("1");
    expect(await fieldRows(other)).toEqual(fields);
    expect(await litBytes(other)).toEqual(range(16, 88));
    // no request contains the bytes: browsers do not send the fragment
    expect(other.asked.filter((url) => url.includes("data="))).toEqual([]);
  });

  it("brings back the form", async () => {
    const page = await playground(site);
    await page.getByLabel("Protocol").selectOption("bgpd");
    await page.getByRole("tab", { name: "Compose" }).click();
    await page.getByLabel("type", { exact: true }).fill("SHOW_RIB");
    await page.getByLabel("Payload as").selectOption("fields");
    await page.getByLabel("Payload", { exact: true }).fill('{"rib":"Loc-RIB"}');
    const saved = async () => (await fromFragment(hash(page)))?.compose?.payload;
    await eventually(saved).toBe('{"rib":"Loc-RIB"}');
    const length = await page.locator("#composed-title").textContent();
    const other = await playground(site, {}, hash(page));
    await other.locator("#composed-title", { hasText: length! }).waitFor();
    expect(await other.getByLabel("type", { exact: true }).inputValue()).toBe("SHOW_RIB");
    expect(await other.getByLabel("Payload", { exact: true }).inputValue()).toBe(
      '{"rib":"Loc-RIB"}',
    );
    expect(await other.getByRole("tab", { name: "Compose" }).getAttribute("aria-selected")).toBe(
      "true",
    );
  });

  it("follows a link that is opened in the same page, and going back", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: a route");
    await eventually(async () => hash(page)).toMatch(/data=/);
    const first = hash(page);
    await page.getByRole("button", { name: "Clear" }).click();
    await eventually(async () => hash(page)).not.toMatch(/data=/);
    await page.evaluate((text) => {
      location.hash = text;
    }, first);
    await eventually(() => messageRows(page)).toHaveLength(2);
    await page.goBack();
    await eventually(() => page.locator("body").getAttribute("data-state")).toBe("empty");
  });

  it("leaves out bytes that make it too long, and names the limit", async () => {
    const page = await playground(site);
    const noise = randomBytes(15_000); // cannot be packed
    noise.set(fixture("bgpd88-show-rib-mem.client.bin"));
    noise.writeUInt32LE(noise.length, 4);
    await openFile(page, "noise.bin", noise);
    expect(await messageRows(page)).toHaveLength(1);
    await eventually(() => page.locator("#link-note").textContent()).toMatch(
      /The link holds the settings only: with these bytes it would have [\d,]+ characters, and at most 16,384/,
    );
    expect(hash(page)).not.toContain("data=");
    await loadSample(page, "bgpd: a route");
    await eventually(() => page.locator("#link-note").textContent()).toBe("");
    expect(hash(page)).toContain("data=");
  });

  it.each([
    ["cut", (text: string) => text.slice(0, -40)],
    ["no base64", () => "data=%%%"],
    ["no deflated data", () => "data=AAAA"],
  ])("that is damaged (%s) is refused in plain words", async (_, damage) => {
    const page = await playground(site);
    await loadSample(page, "bgpd: a route");
    await eventually(async () => hash(page)).toMatch(/data=/);
    const other = await site.open(`playground/#${damage(hash(page).slice(1))}`);
    await eventually(() => other.locator("#problem").textContent()).toMatch(
      /^The link cannot be opened\. The link is damaged/,
    );
    await loadSample(other, "bgpd: a route");
    expect(await messageRows(other)).toHaveLength(2);
  });

  it("that unpacks to gigabytes is refused", async () => {
    const page = await playground(site);
    const bomb = await page.evaluate(async () => {
      const zeros = new Blob(Array.from({ length: 40 }, () => new Uint8Array(1 << 20)));
      const packed = zeros.stream().pipeThrough(new CompressionStream("deflate-raw"));
      const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    });
    const other = await site.open(`playground/#data=${bomb}`);
    await eventually(() => other.locator("#problem").textContent()).toMatch(
      /The link unpacks to more than 16777216 bytes/,
    );
  });
});
