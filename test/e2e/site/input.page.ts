import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { connectionBlock, packetBlock, sectionBlock } from "../../../ts/inspect/recording.ts";
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

const problem = (page: Page): Promise<string | null> => page.locator("#problem").textContent();

/** Drops something on the page, as the browser does: a text, or a file that repeats bytes in base64. */
const drop = (
  page: Page,
  dropped: { text?: string; file?: string; times?: number },
): Promise<void> =>
  page.evaluate(({ text, file, times = 1 }) => {
    const data = new DataTransfer();
    if (text !== undefined) data.setData("text/plain", text);
    if (file !== undefined) {
      const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
      const parts = Array.from({ length: times }, () => bytes);
      data.items.add(new File(parts, "dropped.bin"));
    }
    for (const type of ["dragenter", "dragover", "drop"]) {
      const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data });
      document.body.dispatchEvent(event);
    }
  }, dropped);

const paste = async (page: Page, text: string): Promise<void> => {
  await page.locator(".source").getByRole("button", { name: "Paste text…" }).click();
  await page.getByRole("textbox", { name: "Paste text" }).fill(text);
  await page.getByRole("button", { name: "Read it" }).click();
};

/** A recording of two connections, with times and directions, and a message without its payload. */
function recording(): Buffer {
  const codec = new ImsgCodec();
  const [ask, answer] = ["client", "server"].map(
    (side) => new Uint8Array(fixture(`bgpd88-show-rib-mem.${side}.bin`)),
  );
  const other = codec.encode({ type: 7, pid: 5, data: new Uint8Array(100) });
  codec.dispose();
  const packet = (
    connection: number,
    direction: "send" | "receive",
    bytes: Uint8Array,
    length = bytes.length,
  ) => packetBlock({ connection, direction, time: 1_700_000_000.25, bytes, length });
  return Buffer.concat([
    sectionBlock(),
    connectionBlock(1, "current"),
    packet(1, "send", ask!),
    packet(1, "receive", answer!),
    connectionBlock(2, "classic"),
    packet(2, "send", other.subarray(0, 16), other.length),
  ]);
}

describe.each(BROWSERS)("in %s, the playground", (name) => {
  const site = siteIn(name);

  it("reads a recording with its times, directions, connections and dialects", async () => {
    const page = await playground(site);
    await openFile(page, "tap.pcapng", recording());
    await page.getByLabel("Protocol").selectOption("bgpd");
    await eventually(() => messageRows(page)).toMatchObject([
      { time: "22:13:20.250000", way: "→ client", type: "SHOW_RIB_MEM", length: "16" },
      { time: "22:13:20.250000", way: "← daemon", type: "SHOW_RIB_MEM", length: "304" },
      { time: "22:13:20.250000", way: "→ client 2", number: "7", length: "116" },
    ]);
    await page.locator(".messages .row").nth(2).click();
    expect(await fieldRows(page)).toContain("path_cnt=2");
    await page.locator(".messages .row").nth(3).click();
    expect(await page.locator("#title").textContent()).toMatch(
      /116 bytes, of which the recording has 16/,
    );
  });

  it("shows the good packets of a recording before the one that is damaged", async () => {
    const page = await playground(site);
    const whole = recording();
    await openFile(page, "cut.pcapng", whole.subarray(0, -10));
    expect(await messageRows(page)).toHaveLength(2);
    expect(await problem(page)).toMatch(
      /The 2 messages before it are shown\. Details: the recording is cut/,
    );
    // a packet whose header promises another length than it has
    const lying = Buffer.from(whole);
    lying[lying.indexOf(fixture("bgpd88-show-rib-mem.server.bin")) + 5]!++;
    await openFile(page, "lying.pcapng", lying);
    expect(await messageRows(page)).toHaveLength(1);
    expect(await problem(page)).toMatch(/packet 1 has 304 bytes, and its header says 560/);
  });

  it("keeps the good messages before a bad header, and names the byte, the reason and a way out", async () => {
    const page = await playground(site);
    const good = fixture("bgpd88-show-rib-prefix.server.bin");
    const bad = Buffer.from("010000000500000000000000000000000000", "hex");
    await openFile(page, "bad.bin", Buffer.concat([good, bad]));
    expect(await messageRows(page)).toHaveLength(2);
    expect(await problem(page)).toMatch(
      /^At byte 424, no message begins.* The 2 messages before it are shown\..* message 2, at byte 424.* len 5/,
    );
    const large = Buffer.from("01000000000003000000000000000000", "hex");
    await openFile(page, "large.bin", large);
    expect(await problem(page)).toMatch(
      /No message comes before it\..*at most 16384; a largest message of 196608 bytes would accept it/,
    );
    await page.getByLabel("Largest message").fill("200000");
    await page.getByLabel("Largest message").press("Enter");
    await eventually(() => problem(page)).toMatch(
      /The input ends inside the message that begins at byte 0/,
    );
    await openFile(page, "cut.bin", good.subarray(0, 100));
    expect(await problem(page)).toMatch(
      /The input ends inside the message that begins at byte 0\..*cut at byte 100/,
    );
  });

  it("refuses a limit that no message can have, and keeps the one before", async () => {
    const page = await playground(site);
    await page.getByLabel("Largest message").fill("15");
    await page.getByLabel("Largest message").press("Enter");
    await eventually(() => problem(page)).toMatch(
      /The largest message cannot be “15”.*from 16 to 2,147,483,647/,
    );
    expect(await page.getByLabel("Largest message").inputValue()).toBe("16384");
  });

  it("survives any bytes: it names bytes that are no message, and reads the next input", async () => {
    const page = await playground(site);
    let seed = 1;
    for (let n = 0; n < 20; n++) {
      const bytes = Uint8Array.from({ length: 1 + ((n * 37) % 300) }, () => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        return seed >> 16;
      });
      await openFile(page, `garbage${n}.bin`, bytes);
      expect(await problem(page)).toMatch(/byte 0/);
    }
    await loadSample(page, "bgpd: a route");
    await eventually(() => page.locator("#problem").isVisible()).toBe(false);
    await eventually(() => messageRows(page)).toHaveLength(2);
  });

  it.each([
    ["hex digits", (hex: string) => hex],
    ["hex digits in pairs, with commas and 0x", (hex: string) => hex.replace(/../g, "0x$&, ")],
    ["base64", (hex: string) => Buffer.from(hex, "hex").toString("base64")],
  ])("reads pasted %s", async (_, write) => {
    const page = await playground(site);
    const bytes = fixture("bgpd88-show-rib-prefix.server.bin");
    await paste(page, write(bytes.toString("hex")));
    await eventually(() => messageRows(page)).toHaveLength(2);
    expect((await messageRows(page)).map(({ number }) => number)).toEqual(["16", "1"]);
  });

  it("says which line of a pasted text is no hex", async () => {
    const page = await playground(site);
    await paste(page, "0d 00 00 00\n10 00 00 0g");
    await eventually(() => problem(page)).toMatch(/holds no bytes\. Line 2 holds “g”/);
  });

  it("takes a file or a text that is dropped on it", async () => {
    const page = await playground(site);
    const bytes = fixture("bgpd88-startup-parent-fd8.client.bin");
    await drop(page, { file: bytes.toString("base64") });
    await eventually(() => messageRows(page)).toHaveLength(4);
    await drop(page, { text: fixture("bgpd88-show-rib-mem.client.bin").toString("hex") });
    await eventually(() => messageRows(page)).toHaveLength(1);
    expect(await page.locator("body").getAttribute("class")).toBe("");
  });

  it("lists a megabyte of empty messages in parts, with the few rows that are seen", async () => {
    const page = await playground(site);
    const empty = fixture("bgpd88-show-rib-mem.client.bin");
    const count = 65_536;
    // counts the frames and tasks that the page has for others while it reads
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(window, { seen });
      new MutationObserver(() =>
        seen.push(document.querySelector("#status")!.textContent!),
      ).observe(document.querySelector("#status")!, { childList: true });
    });
    await openFile(page, "large.bin", Buffer.alloc(16 * count, empty));
    expect(await page.locator("#status").textContent()).toContain(
      "65,536 messages in 1,048,576 bytes",
    );
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen.filter((text) => text.endsWith("so far…")).length).toBeGreaterThan(8);
    const grid = page.getByRole("grid", { name: "Messages" });
    expect(await grid.getAttribute("aria-rowcount")).toBe(String(count + 1));
    expect((await messageRows(page)).length).toBeLessThan(60);
    await grid.focus();
    await page.keyboard.press("End");
    await eventually(async () => (await messageRows(page)).at(-1)?.offset).toBe("1,048,560");
    expect((await messageRows(page)).length).toBeLessThan(60);
  });

  it("reads another input at once while a large one is being read", async () => {
    const page = await playground(site);
    const empty = fixture("bgpd88-show-rib-mem.client.bin");
    await drop(page, { file: empty.toString("base64"), times: 2 ** 18 });
    await page.waitForSelector("[data-state=reading]");
    await loadSample(page, "bgpd: a route");
    await page.waitForTimeout(300);
    expect(await messageRows(page)).toHaveLength(2);
    expect(await page.locator("#status").textContent()).toContain("2 messages in 424 bytes");
  });

  it("refuses a file that is too large, and says which command reads it", async () => {
    const page = await playground(site);
    const kibibyte = Buffer.alloc(1024).toString("base64");
    await drop(page, { file: kibibyte, times: 16 * 1024 + 1 });
    await eventually(() => problem(page)).toMatch(/dropped\.bin is too large\..*imsg dump/);
  });
});
