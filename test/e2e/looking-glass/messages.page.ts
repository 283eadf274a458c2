import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ReferenceDecoder, type ReferenceMessage } from "../../oracle/reference/codec.ts";
import { calm, cells, eventually, loaded, openPage, table, view } from "./browser.ts";
import { demoStage } from "./stage.ts";

const stage = demoStage();

const NAMES: Record<number, string> = {
  1: "END",
  13: "SHOW_NEIGHBOR",
  16: "SHOW_RIB",
  17: "SHOW_RIB_PREFIX",
  18: "SHOW_RIB_COMMUNITIES",
  22: "SHOW_RIB_MEM",
};

interface Seen extends ReferenceMessage {
  sent: boolean;
  bytes: Uint8Array;
}

/** The frames that the browser reports, decoded by an independent codec. */
async function openWatched(): Promise<{ page: Page; seen: Seen[] }> {
  const seen: Seen[] = [];
  const page = await openPage(stage.browser, "about:blank");
  page.on("websocket", (socket) => {
    for (const [event, sent] of [
      ["framesent", true],
      ["framereceived", false],
    ] as const) {
      const decoder = new ReferenceDecoder({ maxSize: 131072 });
      const listen = ({ payload }: { payload: string | Buffer }): void => {
        // a text frame is credit
        if (typeof payload === "string") return;
        // payloads here are little messages, whole ones in each frame
        const bytes = Buffer.from(payload);
        let at = 0;
        for (const message of decoder.push(bytes)) {
          const length = 16 + message.data.length;
          seen.push({ ...message, sent, bytes: bytes.subarray(at, at + length) });
          at += length;
        }
      };
      if (event === "framesent") socket.on("framesent", listen);
      else socket.on("framereceived", listen);
    }
  });
  await page.goto(stage.glass.url);
  await loaded(page, 12);
  await calm(page);
  await view(page, "Messages");
  return { page, seen };
}

/** The bytes of a hexdump, in which * stands for any number of lines like the one before. */
function bytesOf(dump: string): number[] {
  const bytes: number[] = [];
  for (const line of dump.trimEnd().split("\n")) {
    if (line === "*") continue;
    const until = Number.parseInt(line.slice(0, 5), 16);
    const repeated = bytes.slice(-16);
    while (bytes.length < until) bytes.push(...repeated);
    const hex = line.slice(7, 56).trim();
    if (hex !== "") bytes.push(...hex.split(/\s+/).map((digits) => Number.parseInt(digits, 16)));
  }
  return bytes;
}

describe("the messages", () => {
  it("are those that went over the WebSocket, each with its header and in its order", async () => {
    const { page, seen } = await openWatched();
    const grid = table(page, "Messages");
    const counted = await page.locator("#messages .note").textContent();
    expect(counted).toBe(`${seen.length} messages`);
    // all messages, screen by screen
    const shown = new Map<string, Record<string, string>>();
    await grid.focus();
    await page.keyboard.press("Home");
    for (let last = ""; last !== String(seen.length); ) {
      const rows = await cells(grid);
      for (const row of rows) shown.set(row.n!, row);
      last = rows.at(-1)!.n!;
      await page.keyboard.press("PageDown");
    }
    const ours = [...shown.values()].map(({ n: _n, time: _time, ...rest }) => rest);
    const expected = (sent: boolean, ofPid: number) =>
      seen
        .filter((message) => message.sent === sent && message.pid === ofPid)
        .map(({ type, peerid, pid, bytes }) => ({
          direction: sent ? "→ sent" : "← received",
          type: NAMES[type],
          number: String(type),
          length: String(bytes.length),
          peerid: String(peerid),
          pid: String(pid),
        }));
    // the page has a connection for its listings, with a pid of its own
    const pids = new Set(seen.map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    for (const pid of pids) {
      for (const sent of [true, false]) {
        const direction = sent ? "→ sent" : "← received";
        const found = ours.filter((row) => row.direction === direction && row.pid === String(pid));
        expect(found).toEqual(expected(sent, pid));
      }
    }
    expect([...shown.keys()]).toEqual(seen.map((_, i) => String(i + 1)));
  });

  it("show every byte of the selected one", async () => {
    const { page, seen } = await openWatched();
    const grid = table(page, "Messages");
    const pane = page.getByRole("region", { name: "Selected message" });
    const received = seen.filter(({ sent }) => !sent);
    await page.getByLabel("Filter the messages").fill("received");
    await eventually(() => page.locator("#messages .note").textContent()).toBe(
      `${received.length} of ${seen.length} messages`,
    );
    await grid.focus();
    await page.keyboard.press("Home");
    // two connections: the page takes their messages in an order of its own
    const left = received.map(({ bytes }) => [...bytes].join());
    for (let i = 0; i < received.length; i++) {
      if (i > 0) await page.keyboard.press("ArrowDown");
      const more = pane.getByRole("button", { name: /Show the other/ });
      const size = Number(/len (\d+)/.exec((await pane.locator(".fields").textContent())!)?.[1]);
      expect(await more.count()).toBe(size > 2048 ? 1 : 0);
      if (size > 2048) {
        await more.click();
        await grid.focus();
      }
      const dump = (await pane.locator("pre").textContent()) ?? "";
      const at = left.indexOf(bytesOf(dump).join());
      expect(at).not.toBe(-1);
      left.splice(at, 1);
      if (size > 2048) expect(dump).toMatch(/\n\*\n/);
    }
    expect(left).toEqual([]);
    expect(received.some(({ bytes }) => bytes.length > 2048)).toBe(true);
  });

  it("show the sent messages byte for byte", async () => {
    const { page, seen } = await openWatched();
    const request = seen.find(({ sent, type }) => sent && type === 16);
    await page.getByLabel("Filter the messages").fill("sent show_rib");
    const requests = table(page, "Messages").getByText("SHOW_RIB", { exact: true });
    await eventually(() => requests.count()).toBe(1);
    await requests.click();
    const pane = page.getByRole("region", { name: "Selected message" });
    expect(bytesOf((await pane.locator("pre").textContent()) ?? "")).toEqual([...request!.bytes]);
    expect(await pane.locator(".fields").textContent()).toBe(
      `type 16len 744peerid 0pid ${request!.pid}`,
    );
  });

  it("show the names and values of the fields of a payload, in C's order", async () => {
    const { page, seen } = await openWatched();
    await page.getByLabel("Filter the messages").fill("received show_rib 16");
    const count = seen.filter(({ sent, type }) => !sent && type === 16).length;
    await eventually(() => page.locator("#messages .note").textContent()).toContain(`${count} of`);
    const grid = table(page, "Messages");
    await grid.focus();
    await page.keyboard.press("Home");
    const pane = page.getByRole("region", { name: "Selected message" });
    const lines = await pane.locator(".fields-of").first().locator(":scope > li").allTextContents();
    expect(lines).toEqual(
      expect.arrayContaining(["prefix 100.64.0.0", "prefixlen 10", "descr transit-north"]),
    );
    expect(lines[0]).toMatch(/^true_nexthop /);
    expect(lines.at(-1)).toBe("aspath 64500 64500 64500 64500");
    await page.getByLabel("Filter the messages").fill("sent show_rib_prefix");
    await eventually(async () => (await cells(grid)).length).toBe(1);
    await grid.locator(".body .row").click();
    const sent = await pane.locator(".fields-of").first().textContent();
    expect(sent).toContain("255.255.255.255");
  });

  it("follow new messages until one is selected, and can be cleared", async () => {
    const { page, seen } = await openWatched();
    const follow = page.getByRole("button", { name: "Follow" });
    const grid = table(page, "Messages");
    const last = async () => (await cells(grid)).at(-1)?.n;
    expect(await follow.getAttribute("aria-pressed")).toBe("true");
    const { length } = seen;
    const communities = seen.filter(({ type }) => type === 18).length;
    await view(page, "Routes");
    await page.getByRole("button", { name: "Reload" }).click();
    await view(page, "Messages");
    await eventually(async () => (await last()) === String(seen.length) && seen.length).toBe(
      length + 1 + 12 + communities + 1, // the request, the routes with their communities, the end
    );
    await grid.focus();
    await page.keyboard.press("Home");
    expect(await follow.getAttribute("aria-pressed")).toBe("false");
    expect((await cells(grid))[0]!.n).toBe("1");
    await page.getByRole("button", { name: "Clear" }).click();
    await grid.getByText("No messages.").waitFor();
    expect(await cells(grid)).toEqual([]);
  });
});
