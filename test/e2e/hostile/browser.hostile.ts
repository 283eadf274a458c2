/**
 * Mutated frames at real data channels of Chromium, with the packed library at the other end. Only
 * the attacked channel may fail, with an ImsgError of the peer.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { LAUNCH } from "../runtimes/browser/launch.ts";
import { attempts, note, seeds } from "./figures.ts";

const dist = new URL("../../../dist/", import.meta.url);

type Web = typeof import("../../../ts/entry/web.ts");
/** Vite would rewrite an import in a function that runs in the page. */
const PAGE = `<!doctype html>
<script type="module">import * as web from "/web.js"; globalThis.imsg = web;</script>`;

/** Serves the packed files and a page that loads them. */
async function serve(): Promise<string> {
  const server = createServer(async ({ url = "/" }, response) => {
    if (url === "/") {
      response.setHeader("Content-Type", "text/html").end(PAGE);
      return;
    }
    const file = await readFile(new URL(`.${url}`, dist)).catch(() => undefined);
    response.statusCode = file === undefined ? 404 : 200;
    response.setHeader("Content-Type", "text/javascript").end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The figures that the page reports. */
interface Outcome {
  frames: number;
  failed: number;
  odd: string[];
}

/** Runs in the page: attacks a new data channel of one connection until the frames are used up. */
async function attack([seed, count]: readonly [number, number]): Promise<Outcome> {
  const { fromRTCDataChannel } = (globalThis as unknown as { imsg: Web }).imsg;
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
  let arrive: (channel: RTCDataChannel) => void = () => {};
  b.ondatachannel = ({ channel }) => arrive(channel);
  const open = async (): Promise<[RTCDataChannel, RTCDataChannel]> => {
    const accepted = new Promise<RTCDataChannel>((resolve) => {
      arrive = resolve;
    });
    const protocol = random() < 0.5 ? "imsg.credit" : "";
    const offered = a.createDataChannel("imsg", { protocol });
    if (a.localDescription === null) {
      await a.setLocalDescription(await a.createOffer());
      await b.setRemoteDescription(a.localDescription!);
      await b.setLocalDescription(await b.createAnswer());
      await a.setRemoteDescription(b.localDescription!);
    }
    if (offered.readyState !== "open") {
      await new Promise((resolve) => {
        offered.onopen = resolve;
      });
    }
    return [offered, await accepted];
  };
  const frame = (): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(16 + Math.floor(random() * 200));
    const length = random() < 0.03 ? random() * 2 ** 32 : bytes.length;
    new DataView(bytes.buffer).setUint32(4, length, true);
    return random() < 0.02 ? bytes.subarray(0, random() * bytes.length) : bytes;
  };
  const odd: string[] = [];
  let [frames, failed] = [0, 0];
  while (frames < count) {
    const [peer, ours] = await open();
    const channel = fromRTCDataChannel(ours);
    const enough = new Error("enough");
    const over = channel.closed.catch((error) => {
      if (error === enough) return;
      failed++;
      if (error?.name !== "ImsgError" || error.fromPeer !== true) odd.push(String(error));
    });
    const disturbed = random();
    if (disturbed < 0.2) void channel.end().catch(() => {});
    else if (disturbed < 0.3) void channel.close().catch(() => {});
    else if (disturbed < 0.6) void channel.receive().catch(() => {});
    for (let i = 0; i < 200 && peer.readyState === "open"; i++, frames++) {
      if (random() < 0.98) peer.send(frame());
      else peer.send(String(Math.floor(random() * 1000)));
    }
    if (random() < 0.5) peer.close();
    await new Promise((resolve) => setTimeout(resolve, 2));
    channel.abort(enough);
    peer.close();
    await over;
  }
  a.close();
  b.close();
  return { frames, failed, odd };
}

test.each(seeds)(
  "frames at data channels of Chromium harm only their channel (seed %i)",
  async (seed) => {
    const browser = await chromium.launch(LAUNCH.chromium);
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(await serve());
    await page.waitForFunction("globalThis.imsg !== undefined");
    const outcome = await page.evaluate(attack, [seed, attempts] as const);
    expect(errors).toEqual([]);
    expect(outcome.odd).toEqual([]);
    expect(outcome.failed).toBeGreaterThan(0);
    note(
      `data channels of Chromium, seed ${seed}: ${outcome.frames} frames, ${outcome.failed} channels failed`,
    );
  },
);
