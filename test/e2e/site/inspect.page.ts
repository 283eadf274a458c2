import { describe, expect, it } from "vitest";
import {
  BROWSERS,
  byteAt,
  eventually,
  fieldRows,
  fixture,
  litBytes,
  litField,
  loadSample,
  messageRows,
  openFile,
  playground,
  range,
  siteIn,
} from "./browser.ts";

interface Golden {
  dialect: "current" | "classic";
  messages: { type: number; peerid: number; pid: number; len: number; hasFd: boolean }[];
}

describe.each(BROWSERS)("in %s, the playground", (name) => {
  const site = siteIn(name);

  it("lists the messages of recorded sessions with names, lengths and the descriptor's mark", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: a descriptor");
    expect(await messageRows(page)).toMatchObject([
      { n: "0", offset: "0", type: "SOCKET_CONN_RTR", number: "43", length: "16", fd: "fd" },
      { n: "1", offset: "16", type: "RECONF_CONF", number: "46", length: "256", fd: "" },
      { n: "2", offset: "272", type: "RECONF_DRAIN", number: "70", length: "16", fd: "" },
      { n: "3", offset: "288", type: "RECONF_DONE", number: "71", length: "16", fd: "" },
    ]);
    await loadSample(page, "tmux: list-sessions");
    expect((await messageRows(page)).map(({ type }) => type)).toEqual([
      "WRITE_OPEN",
      "WRITE",
      "EXIT",
    ]);
    expect(await page.locator("[name=dialect]:checked").getAttribute("value")).toBe("classic");
  });

  it("reads each recorded session as the reference decoder does", async () => {
    const page = await playground(site);
    const golden = Object.entries(
      JSON.parse(fixture("golden.json").toString()) as Record<string, Golden>,
    );
    expect(golden.length).toBeGreaterThan(8);
    for (const [session, { dialect, messages }] of golden) {
      await page.getByText(dialect, { exact: true }).click();
      await openFile(page, `${session}.bin`, fixture(`${session}.bin`));
      const found = (await messageRows(page)).map(({ number, peerid, pid, length, fd }) => ({
        type: Number(number),
        len: Number(length!.replaceAll(",", "")),
        peerid: Number(peerid),
        pid: Number(pid),
        hasFd: fd === "fd",
      }));
      const wanted = messages.map(({ type, len, peerid, pid, hasFd }) => ({
        ...{ type, len, peerid, pid, hasFd },
      }));
      expect(found, session).toEqual(wanted);
    }
  });

  it("shows the fields of a message by the protocol that is chosen, and none without", async () => {
    const page = await playground(site);
    await openFile(page, "a.bin", fixture("bgpd88-show-rib-prefix.server.bin"));
    expect(await fieldRows(page)).toContain("payload=392 bytes");
    await page.getByLabel("Protocol").selectOption("bgpd");
    await eventually(() => fieldRows(page)).toContain("prefix=198.51.100.0");
    await page.getByLabel("Protocol").selectOption("none");
    await eventually(() => fieldRows(page)).toContain("payload=392 bytes");
  });

  it("lights the field of a byte under the pointer, and all bytes of that field", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: two neighbors");
    expect(await litField(page)).toBe("type");
    expect(await litBytes(page)).toEqual([0, 1, 2, 3]);
    await byteAt(page, 17).hover();
    expect(await litField(page)).toBe("remote_addr");
    expect(await litBytes(page)).toEqual(range(16, 88));
    expect(await page.locator("#light").textContent()).toContain(
      "byte 17 (0x11) is 00. conf.remote_addr = 127.0.0.2 (72 bytes at 16",
    );
    // the pointer has left: the cursor's field is lit again
    await page.getByRole("heading", { name: "Bytes" }).hover();
    expect(await litField(page)).toBe("type");
    expect(await litBytes(page)).toEqual([0, 1, 2, 3]);
  });

  it("lights the bytes of a field under the pointer, and scrolls to them", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: a route");
    const field = page.locator(".fields .row", { hasText: "local_pref" });
    await field.scrollIntoViewIfNeeded();
    await field.hover();
    const lit = await litBytes(page);
    expect(lit).toHaveLength(4);
    const value = Number(await field.locator(".value").textContent());
    expect(value).toBeGreaterThan(0);
    const bytes = await page
      .locator("#bytes .hex .lit")
      .evaluateAll((cells) => cells.map((cell) => cell.textContent));
    expect(bytes).toEqual([value.toString(16), "00", "00", "00"]);
    await expect.poll(() => byteAt(page, lit[0]!).isVisible()).toBe(true);
  });

  it("keeps the cursor on a clicked byte, and lists the readings of its bytes", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: two neighbors");
    await byteAt(page, 16).click();
    await page.getByRole("heading", { name: "Bytes" }).hover();
    expect(await litField(page)).toBe("remote_addr");
    const numbers = await page.locator("#numbers").textContent();
    expect(numbers).toContain("IPv4127.0.0.2");
    expect(numbers).toContain("be322130706434");
    expect(numbers).toContain(`u32${0x0200007f}`);
  });

  it("hides fields that are zero if asked to", async () => {
    const page = await playground(site);
    await loadSample(page, "bgpd: two neighbors");
    expect(await fieldRows(page)).toContain("timeout=0");
    await page.getByRole("button", { name: "Hide zeros" }).click();
    const rows = await fieldRows(page);
    expect(rows).not.toContain("timeout=0");
    expect(rows).toContain("remote_addr=127.0.0.2");
    // a byte of a hidden field highlights the structure around it
    await byteAt(page, 232)
      .scrollIntoViewIfNeeded()
      .catch(() => {});
    await page.locator("#bytes .scroller").evaluate((pane) => {
      pane.scrollTop = 200;
    });
    await byteAt(page, 233).hover();
    expect(await litField(page)).toBe("grestart");
  });

  it("says why a protocol does not fit, and shows the bytes all the same", async () => {
    const page = await playground(site);
    await openFile(page, "a.bin", fixture("bgpd88-show-rib-mem.server.bin"));
    await page.getByLabel("Protocol").selectOption("bgpd");
    await eventually(() => fieldRows(page)).toContain("path_cnt=2");
    // the same type with 4 bytes less
    const bytes = new Uint8Array(fixture("bgpd88-show-rib-mem.server.bin")).slice(0, -4);
    new DataView(bytes.buffer).setUint32(4, bytes.length, true);
    await openFile(page, "short.bin", bytes);
    expect(await page.locator("#fields-problem").textContent()).toMatch(
      /struct rde_memstats has 288 bytes .* and the payload 284/,
    );
    expect(await fieldRows(page)).toContain("payload=284 bytes");
    expect(await litBytes(page)).toEqual([0, 1, 2, 3]);
  });
});
