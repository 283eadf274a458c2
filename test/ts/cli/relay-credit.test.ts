/** The subprotocol imsg.credit between the relay and a page, which cannot stop its WebSocket. */
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromWebSocket } from "../../../ts/entry/web.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { Unpausable } from "../transports/pairs.ts";
import { clientOf, handshake, relayTo, rememberingDaemon } from "./relay-client.ts";
import { sleep } from "./relay-tools.ts";

const CREDIT = ["imsg", "imsg.credit"];
const SIZE = 16_000;
/** The bytes that sockets may hold between daemon, relay and page, estimated generously. */
const KERNEL = 8 << 20;

/** A channel over a WebSocket that cannot be paused, as those of browsers. */
async function page(url: string, protocols: string[]): Promise<ImsgChannel> {
  const socket = new Unpausable(url, protocols, { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const channel = fromWebSocket(socket as never);
  channel.closed.catch(() => {});
  await once(socket, "open");
  return channel;
}

test("the relay answers with imsg.credit if it is offered, with imsg if not, never with a token", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target, { token: "token-0123456789" });
  for (const [offer, protocol] of [
    ["imsg.token.token-0123456789, imsg.credit, imsg", "imsg.credit"],
    ["imsg, imsg.credit, imsg.token.token-0123456789", "imsg.credit"],
    ["imsg, imsg.token.token-0123456789", "imsg"],
    ["imsg.token.token-0123456789", undefined],
  ] as const) {
    expect(await handshake(relay, { "Sec-WebSocket-Protocol": offer })).toMatchObject({
      status: 101,
      protocol,
    });
  }
});

describe("a page that stops reading", () => {
  const COUNT = 3000; // 48 MB

  test("stops the daemon by credit, holds no more than its mark, and gets everything when it reads on", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const channel = await page(relay.url, CREDIT);
    const { socket } = await daemon.connection(0);
    const resident = process.memoryUsage.rss();
    const message = { pid: 9, data: new Uint8Array(SIZE) };
    let sent = 0;
    const sending = (async () => {
      for (; sent < COUNT; sent++) {
        if (socket.write(encode({ ...message, type: sent }))) continue;
        await once(socket, "drain");
      }
    })();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await sleep(200);
    }
    expect(sent * SIZE).toBeGreaterThan(65536);
    expect(sent * SIZE).toBeLessThan(KERNEL);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(64 << 20);
    let next = 0;
    for await (const { type } of channel) {
      expect(type).toBe(next++);
      if (next === COUNT) break;
    }
    await sending;
    await channel.close();
    expect(await relay.event("closed")).toMatchObject({ code: 1000, down: COUNT });
  }, 60_000);

  test("overflows without credit, as a WebSocket that cannot be stopped does", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const channel = await page(relay.url, ["imsg"]);
    const { socket } = await daemon.connection(0);
    socket.write(Buffer.concat(Array(400).fill(encode({ type: 1, data: new Uint8Array(SIZE) }))));
    await expect(channel.closed).rejects.toMatchObject({ code: "ERR_IMSG_OVERFLOW" });
  });
});

describe("a daemon that stops reading", () => {
  test("stops the page by credit, and gets everything when it reads on", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const channel = await page(relay.url, CREDIT);
    const side = await daemon.connection(0);
    side.socket.pause();
    let fulfilled = 0;
    const sends = Array.from({ length: 800 }, (_, type) =>
      channel.send({ type, data: new Uint8Array(SIZE) }).then(() => fulfilled++),
    );
    await sleep(500);
    expect(fulfilled * SIZE).toBeLessThan(KERNEL);
    side.socket.resume();
    await Promise.all(sends);
    expect((await side.has(800)).map(({ type }) => type)).toEqual([...Array(800).keys()]);
    await channel.close();
  }, 60_000);

  test("does not let a page that ignores credit fill the relay: it is closed with 1008", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const client = await clientOf(relay, {}, ["imsg.credit"]);
    const side = await daemon.connection(0);
    side.socket.pause();
    const resident = process.memoryUsage.rss();
    const frame = encode({ type: 1, pid: 1, data: new Uint8Array(SIZE) });
    const flood = setInterval(() => {
      for (let i = 0; i < 100 && client.socket.bufferedAmount < 1 << 20; i++) {
        if (client.socket.readyState === WebSocket.OPEN) client.socket.send(frame);
      }
    }, 1);
    onTestFinished(() => clearInterval(flood));
    const reason = "more bytes came than credit was granted for";
    expect(await client.closed).toEqual({ code: 1008, reason });
    expect(process.memoryUsage.rss() - resident).toBeLessThan(64 << 20);
  });
});

test.each(["0", "-1", "1e3", "text", "9999999999", "1".repeat(40), ""])(
  "the text %j is no credit, and closes with 1007",
  async (text) => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const client = await clientOf(relay, {}, ["imsg.credit"]);
    await daemon.connection(0);
    client.socket.send(text);
    expect(await client.closed).toMatchObject({ code: 1007 });
  },
);

test("a page that has half-closed still grants credit for its answers", async () => {
  const daemon = await rememberingDaemon({ lingers: true });
  const relay = await relayTo(daemon.target);
  const channel = await page(relay.url, CREDIT);
  await channel.send({ type: 1 });
  await channel.end();
  const side = await daemon.connection(0);
  await side.ended;
  for (let i = 0; i < 100; i++) side.send({ type: i, data: new Uint8Array(SIZE) });
  side.socket.end();
  let next = 0;
  for await (const { type } of channel) expect(type).toBe(next++);
  expect(next).toBe(100);
});
