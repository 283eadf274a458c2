import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { bgpd } from "../../../ts/entry/protocols/bgpd.ts";
import {
  BROWSERS,
  eventually,
  fieldRows,
  fixture,
  loadSample,
  messageRows,
  openFile,
  playground,
  siteIn,
} from "./browser.ts";

/** The bytes that the form has made, by the button that downloads them. */
async function download(page: Page): Promise<Buffer> {
  // the driver of Firefox has no event for downloads, so this sees the file that the page makes
  await page.evaluate(() => {
    const make = URL.createObjectURL;
    URL.createObjectURL = (file) => {
      Object.assign(window, { made: file });
      return make.call(URL, file);
    };
  });
  await page.getByRole("button", { name: "Download" }).click();
  const bytes = await page.evaluate(async () => {
    const { made } = window as unknown as { made: Blob };
    return [...new Uint8Array(await made.arrayBuffer())];
  });
  return Buffer.from(bytes);
}

/** Waits until the form's message has so many bytes. */
const composed = (page: Page, length: number): Promise<void> =>
  page.locator("#composed-title", { hasText: new RegExp(`^${length} bytes$`) }).waitFor();

const compose = async (page: Page): Promise<void> => {
  await page.getByRole("tab", { name: "Compose" }).click();
};

describe.each(BROWSERS)("in %s, the form of the playground", (name) => {
  const site = siteIn(name);

  it("composes the same bytes as the library, with a payload in hex or as text", async () => {
    const page = await playground(site);
    await compose(page);
    await page.getByLabel("type", { exact: true }).fill("0x10");
    await page.getByLabel("peerid").fill("9");
    await page.getByLabel("pid", { exact: true }).fill("4294967295");
    await page.getByLabel("Payload", { exact: true }).fill("c0 00 02 01");
    await composed(page, 20);
    const codec = new ImsgCodec();
    const message = { type: 16, peerid: 9, pid: 0xffffffff };
    const data = Uint8Array.of(192, 0, 2, 1);
    expect(await download(page)).toEqual(Buffer.from(codec.encode({ ...message, data })));
    await page.getByLabel("Payload as").selectOption("text");
    await page.getByLabel("Payload", { exact: true }).fill("grüße");
    await composed(page, 23);
    const text = new TextEncoder().encode("grüße");
    expect(await download(page)).toEqual(Buffer.from(codec.encode({ ...message, data: text })));
    codec.dispose();
  });

  it("composes the fields of a protocol's structure, and shows them in the inspector", async () => {
    const page = await playground(site);
    await page.getByLabel("Protocol").selectOption("bgpd");
    await compose(page);
    await page.getByLabel("type", { exact: true }).fill("SHOW_RIB_PREFIX");
    await page.getByLabel("pid", { exact: true }).fill("77");
    await page.getByLabel("Payload as").selectOption("fields");
    const fields = { prefix: "10.0.0.0", prefixlen: 8, flags: ["CTL_DETAIL"] };
    await page.getByLabel("Payload", { exact: true }).fill(JSON.stringify(fields));
    await composed(page, 744);
    const codec = new ImsgCodec(bgpd.options);
    const data = bgpd.encode("SHOW_RIB_PREFIX", fields);
    const wanted = Buffer.from(codec.encode({ type: 17, pid: 77, data }));
    codec.dispose();
    expect(await download(page)).toEqual(wanted);
    await page.getByRole("button", { name: "Inspect it" }).click();
    await eventually(() => messageRows(page)).toMatchObject([
      { type: "SHOW_RIB_PREFIX", pid: "77" },
    ]);
    await page.getByRole("button", { name: "Hide zeros" }).click();
    const rows = await fieldRows(page);
    expect(rows).toEqual(
      expect.arrayContaining(["prefix=10.0.0.0", "prefixlen=8", "flags=CTL_DETAIL"]),
    );
  });

  it.each([
    ["bgpd: two neighbors", "bgpd88-show-neighbor.server.bin", 2160],
    ["bgpd: a route", "bgpd88-show-rib-prefix.server.bin", 408],
    ["ntpd: status", "ntpd62-status.server.bin", 72],
  ])(
    "makes the same fields of a copy of a message that a daemon sent (%s)",
    async (title, file, length) => {
      const page = await playground(site);
      await loadSample(page, title);
      const before = await fieldRows(page);
      await page.getByRole("button", { name: "Edit a copy" }).click();
      await composed(page, length);
      const made = await download(page);
      expect(made.length).toBe(length);
      expect(made.subarray(0, 16)).toEqual(fixture(file).subarray(0, 16));
      await page.getByRole("button", { name: "Inspect it" }).click();
      await eventually(() => messageRows(page)).toHaveLength(1);
      const after = await fieldRows(page);
      // as many as both screens had room for
      const count = Math.min(before.length, after.length);
      expect(after.slice(0, count)).toEqual(before.slice(0, count));
    },
  );

  it("appends messages to the input, and selects each", async () => {
    const page = await playground(site);
    await openFile(page, "one.bin", fixture("bgpd88-show-rib-mem.client.bin"));
    await compose(page);
    await page.getByLabel("type", { exact: true }).fill("3");
    await composed(page, 16);
    for (const count of [2, 3]) {
      await page.getByRole("button", { name: "Append" }).click();
      await eventually(() => messageRows(page)).toHaveLength(count);
      const selected = page.locator(".messages [aria-selected=true] [data-column=n]");
      expect(await selected.textContent()).toBe(String(count - 1));
      await compose(page);
    }
  });

  it("fills in all fields of a message with zeros", async () => {
    const page = await playground(site);
    await page.getByLabel("Protocol").selectOption("bgpd");
    await compose(page);
    await page.getByLabel("type", { exact: true }).fill("NEIGHBOR_DOWN");
    await page.getByRole("button", { name: "All fields, zero" }).click();
    const text = await page.getByLabel("Payload", { exact: true }).inputValue();
    expect(JSON.parse(text)).toEqual({
      addr: "",
      descr: "",
      reason: "",
      show_timers: 0,
      is_group: 0,
    });
    await composed(page, 16 + bgpd.encode("NEIGHBOR_DOWN", {}).length);
  });

  it.each([
    ["type", "x", "type is a number from 0 to 4294967295"],
    ["peerid", "4294967296", "peerid is a number from 0 to 4294967295"],
    ["pid", "-1", "pid is a number from 0 to 4294967295"],
    ["Payload", "0g", "holds “g”, which is no hexadecimal digit"],
    ["Payload", "00".repeat(16369), "16385"],
  ])("names what is wrong with %s, and marks it", async (label, value, message) => {
    const page = await playground(site);
    await compose(page);
    const field = page.getByLabel(label, { exact: true });
    await field.fill(value);
    await eventually(() => page.locator("#compose-problem").textContent()).toContain(message);
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByRole("button", { name: "Copy hex" }).isVisible()).toBe(false);
    await field.fill(label === "Payload" ? "" : "1");
    await eventually(() => field.getAttribute("aria-invalid")).toBe("false");
    await composed(page, 16);
  });

  it("names the field of a structure that a value does not fit", async () => {
    const page = await playground(site);
    await page.getByLabel("Protocol").selectOption("bgpd");
    await compose(page);
    await page.getByLabel("type", { exact: true }).fill("SHOW_RIB");
    await page.getByLabel("Payload as").selectOption("fields");
    const problem = page.locator("#compose-problem");
    await page.getByLabel("Payload", { exact: true }).fill('{"prefixlen": 300}');
    await eventually(() => problem.textContent()).toMatch(/ctl_show_rib_request\.prefixlen: 300/);
    await page.getByLabel("Payload", { exact: true }).fill('{"prefixlen": ');
    await eventually(() => problem.textContent()).toMatch(/The fields are no JSON/);
    await page.getByLabel("Payload", { exact: true }).fill('{"nonsense": 1}');
    await eventually(() => problem.textContent()).toMatch(/there is no field "nonsense"/);
  });

  it("copies the bytes as hex and as base64, which can be pasted again", async () => {
    const page = await playground(site);
    await compose(page);
    await page.getByLabel("pid", { exact: true }).fill("1");
    await page.getByLabel("Payload", { exact: true }).fill("ff");
    await composed(page, 17);
    const hex = "01000000110000000000000001000000ff";
    const pasted = async (): Promise<string> => {
      const text = page.getByLabel("Payload", { exact: true });
      await text.fill("");
      await text.press("Control+v");
      const value = await text.inputValue();
      await text.fill("ff");
      await composed(page, 17);
      return value;
    };
    await page.getByRole("button", { name: "Copy hex" }).click();
    await page.locator("#copy-hex", { hasText: "Copied" }).waitFor();
    expect(await pasted()).toBe(hex);
    await page.getByRole("button", { name: "Copy base64" }).click();
    await page.locator("#copy-base64", { hasText: "Copied" }).waitFor();
    expect(await pasted()).toBe(Buffer.from(hex, "hex").toString("base64"));
  });
});
