import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReferenceDecoder, type ReferenceMessage } from "../../oracle/reference/codec.ts";
import { calm, cells, eventually, loaded, openPage, startBrowser, table } from "./browser.ts";
import { type Glass, startGlass, startRouters } from "./glass.ts";

let routers: Awaited<ReturnType<typeof startRouters>>;
let glass: Glass;
let browser: Browser;

beforeAll(async () => {
  routers = await startRouters(0);
  glass = await startGlass(routers.bgpd.restricted);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await glass?.stop();
  await routers?.stop();
});

const NAMES: Record<number, string> = {
  1: "END",
  13: "SHOW_NEIGHBOR",
  16: "SHOW_RIB",
  22: "SHOW_RIB_MEM",
};

interface Seen extends ReferenceMessage {
  sent: boolean;
  bytes: Uint8Array;
}

/** The frames that the browser reports, decoded by an independent codec. */
async function openWatched(): Promise<{ page: Page; seen: Seen[] }> {
  const seen: Seen[] = [];
  const page = await openPage(browser, "about:blank");
  page.on("websocket", (socket) => {
    for (const [event, sent] of [
      ["framesent", true],
      ["framereceived", false],
    ] as const) {
      const decoder = new ReferenceDecoder({ maxSize: 131072 });
      const listen = ({ payload }: { payload: string | Buffer }): void => {
        // payloads here are little messages, whole ones in each frame
        const bytes = Buffer.from(payload as Buffer);
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
  await page.goto(glass.url);
  await loaded(page, 12);
  await calm(page);
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
    const view = await page.locator("#messages .note").textContent();
    expect(Number(view)).toBe(seen.length);
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
    const ours = [...shown.values()].map(({ n, time, ...rest }) => rest);
    const expected = (sent: boolean) =>
      seen
        .filter((message) => message.sent === sent)
        .map(({ type, peerid, pid, bytes }) => ({
          direction: sent ? "→ sent" : "← received",
          type: NAMES[type],
          number: String(type),
          length: String(bytes.length),
          peerid: String(peerid),
          pid: String(pid),
        }));
    for (const sent of [true, false]) {
      const direction = sent ? "→ sent" : "← received";
      expect(ours.filter((row) => row.direction === direction)).toEqual(expected(sent));
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
      `${received.length} of ${seen.length}`,
    );
    await grid.focus();
    await page.keyboard.press("Home");
    for (const [i, message] of received.entries()) {
      if (i > 0) await page.keyboard.press("ArrowDown");
      const more = pane.getByRole("button", { name: /Show the other/ });
      const isLong = message.bytes.length > 2048;
      expect(await more.count()).toBe(isLong ? 1 : 0);
      if (isLong) {
        await more.click();
        await grid.focus();
      }
      const dump = await pane.locator("pre").textContent();
      expect(bytesOf(dump ?? "")).toEqual([...message.bytes]);
      if (message.type === 13) expect(dump).toMatch(/\n\*\n/);
    }
    expect(received.some(({ bytes }) => bytes.length > 2048)).toBe(true);
  });

  it("show what was sent as it was sent", async () => {
    const { page, seen } = await openWatched();
    const request = seen.find(({ sent, type }) => sent && type === 16);
    await page.getByLabel("Filter the messages").fill("sent show_rib");
    await table(page, "Messages").getByText("SHOW_RIB", { exact: true }).click();
    const pane = page.getByRole("region", { name: "Selected message" });
    expect(bytesOf((await pane.locator("pre").textContent()) ?? "")).toEqual([...request!.bytes]);
    expect(await pane.locator(".fields").textContent()).toBe(
      `type 16len 744peerid 0pid ${request!.pid}`,
    );
  });

  it("follow what comes until one is selected, and can be cleared", async () => {
    const { page, seen } = await openWatched();
    const follow = page.getByRole("button", { name: "Follow" });
    const grid = table(page, "Messages");
    const last = async () => (await cells(grid)).at(-1)?.n;
    expect(await follow.getAttribute("aria-pressed")).toBe("true");
    const { length } = seen;
    await page.getByRole("button", { name: "Reload" }).click();
    await eventually(async () => (await last()) === String(seen.length) && seen.length).toBe(
      length + 1 + 12 + 1 + 2, // the listing with its request and its end, the memory again
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
