import { once } from "node:events";
import { createServer, connect as netConnect, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import { connect, fromSocket, listen } from "../../../ts/entry/node.ts";
import { type Conversation, defineProtocol, empty, raw } from "../../../ts/entry/protocol.ts";

const desk = defineProtocol({
  name: "desk",
  ends: ["END"],
  messages: {
    END: { type: 1, receive: empty },
    ASK: { type: 2, send: raw, receive: empty, reply: "ASK" },
    LIST: { type: 3, send: raw, lists: "ITEM" },
    ITEM: { type: 4, receive: raw },
    NO: { type: 5, send: empty, receive: empty, failure: () => "no" },
  },
});
type Desk = ReturnType<typeof typed>;
const typed = (channel: Conversation) => desk.on(channel);

const open: { abort(): void }[] = [];
const unhandled: string[] = [];
const note = (error: unknown): void => void unhandled.push(String(error));
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(async () => {
  for (const channel of open.splice(0)) channel.abort();
  await sleep(20);
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** A channel over TCP, and the plain socket at its other end. */
async function connected(): Promise<{ channel: ImsgChannel<number>; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const socket = netConnect({ port, host: "127.0.0.1" });
  const [peer] = (await once(server, "connection")) as [Socket];
  peer.on("error", () => {});
  server.close();
  const channel = fromSocket(socket, { lingerTimeout: 50 });
  open.push(channel, { abort: () => peer.destroy() });
  return { channel, peer };
}

const message = (type: number, ...data: number[]): Uint8Array =>
  new Uint8Array([...new Uint8Array(Uint32Array.of(type, 16 + data.length, 0, 1).buffer), ...data]);

const PEERS: Readonly<Record<string, (peer: Socket) => unknown>> = {
  resets: (peer) => peer.resetAndDestroy(),
  "half-closes": (peer) => peer.end(),
  goes: (peer) => peer.destroy(),
  "sends garbage": (peer) => peer.write(new Uint8Array(16).fill(0xff)),
  "answers with payloads of the wrong size": (peer) => peer.write(message(2, 1, 2)),
  "answers with a failure": (peer) => peer.write(message(5)),
  "stays silent": () => {},
};
const soon = { timeout: 5 };
const CALLS: Readonly<Record<string, (desk: Desk) => unknown>> = {
  send: (desk) => void desk.send("ASK", new Uint8Array(10_000)),
  receive: (desk) => void desk.receive(),
  request: (desk) => void desk.request("ASK"),
  "request with a time-out": (desk) => void desk.request("ASK", undefined, soon),
  "request with a signal": (desk) =>
    void desk.request("ASK", undefined, { signal: AbortSignal.timeout(5) }),
  "a request behind another one": (desk) => {
    void desk.request("ASK");
    void desk.request("ASK", undefined, soon);
  },
  list: (desk) => void desk.list("LIST").next(),
  "list with a time-out": (desk) => void desk.list("LIST", undefined, soon).next(),
  "a loop": (desk) => void desk[Symbol.asyncIterator]().next(),
  "end and close": (desk) => {
    void desk.end();
    void desk.close();
  },
};

describe.concurrent.each(Object.entries(PEERS))("beside a peer that %s", (_, behave) => {
  it.each(Object.entries(CALLS))(
    "%s of a typed channel that is not awaited causes no unhandled rejection",
    async (__, call) => {
      const { channel, peer } = await connected();
      call(typed(channel));
      await sleep(10);
      behave(peer);
      await sleep(30);
      call(typed(channel)); // the peer may be gone
      await sleep(10);
      expect(unhandled).toEqual([]);
    },
  );
});

/** Makes every further send wait for room. */
function fill(channel: ImsgChannel<number>): void {
  const data = new Uint8Array(16_000);
  for (let i = 0; i < 800; i++) void channel.send({ type: 9, data });
}

describe("the limits of a typed channel", () => {
  it.each(["request", "list"] as const)(
    "%s rejects in time while the peer does not read",
    async (method) => {
      const { channel, peer } = await connected();
      peer.pause();
      fill(channel);
      const ask = (options: object): Promise<unknown> =>
        method === "request"
          ? typed(channel).request("ASK", undefined, options)
          : typed(channel).list("LIST", undefined, options).next();
      await expect(ask(soon)).rejects.toMatchObject({ code: "ETIMEDOUT", fromPeer: true });
      await expect(ask({ signal: AbortSignal.timeout(5) })).rejects.toThrow(/timeout/);
    },
  );

  it("a request's time counts from the call, also while it waits for its turn", async () => {
    const { channel } = await connected();
    const desk = typed(channel);
    const first = desk.request("ASK", undefined, { timeout: 150 });
    const start = performance.now();
    await expect(desk.request("ASK", undefined, { timeout: 200 })).rejects.toThrow(/within 200 ms/);
    expect(performance.now() - start).toBeLessThan(300); // 350, if it counted from its turn
    await expect(first).rejects.toThrow(/within 150 ms/);
    await expect(desk.request("ASK", undefined, { timeout: Number.NaN })).rejects.toMatchObject({
      code: "EINVAL",
      fromPeer: false,
    });
  });

  it("a listing's time does not count while its loop is busy", async () => {
    const { channel, peer } = await connected();
    peer.write(Buffer.concat([message(4, 1), message(4, 2), message(1)]));
    const items: number[] = [];
    for await (const { payload } of typed(channel).list("LIST", undefined, { timeout: 60 })) {
      items.push(payload[0]!);
      await sleep(100);
    }
    expect(items).toEqual([1, 2]);
  });

  it("a listing that was given up while its request waited for room is skipped", async () => {
    const { channel, peer } = await connected();
    peer.pause();
    fill(channel);
    const desk = typed(channel);
    await expect(desk.list("LIST", undefined, soon).next()).rejects.toThrow("ETIMEDOUT");
    peer.resume();
    peer.write(Buffer.concat([message(4, 1), message(1)]));
    const reply = desk.request("ASK");
    await sleep(20);
    peer.write(message(2));
    expect((await reply).name).toBe("ASK");
  });
});

describe("the readers of a typed channel", () => {
  it("return settles a next that waits, and the next reader gets the message", async () => {
    const { channel, peer } = await connected();
    const desk = typed(channel);
    const loop = desk[Symbol.asyncIterator]();
    const waiting = loop.next();
    await loop.return!();
    expect((await waiting).done).toBe(true);
    expect((await loop.next()).done).toBe(true);
    peer.write(message(4, 7));
    expect((await desk.receive())?.payload).toEqual(Uint8Array.of(7));
  });

  it("return settles a listing's next that waits", async () => {
    const { channel, peer } = await connected();
    const desk = typed(channel);
    const listing = desk.list("LIST");
    const waiting = listing.next();
    await sleep(5);
    await listing.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    peer.write(Buffer.concat([message(4, 1), message(1)]));
    const reply = desk.request("ASK");
    await sleep(20);
    peer.write(message(2));
    expect((await reply).name).toBe("ASK");
  });

  it("a second reader is EBUSY, and a listing within a loop reads through the loop", async () => {
    const { channel, peer } = await connected();
    const desk = typed(channel);
    peer.write(Buffer.concat([message(2), message(4, 1), message(4, 2), message(1), message(5)]));
    const seen: unknown[] = [];
    for await (const { name } of desk) {
      seen.push(name);
      if (name === "NO") break;
      for await (const { payload } of desk.list("LIST")) seen.push(payload[0]);
      for (const second of [
        desk.receive(),
        channel.receive(),
        desk[Symbol.asyncIterator]().next(),
      ]) {
        await expect(second).rejects.toMatchObject({ code: "EBUSY" });
      }
    }
    expect(seen).toEqual(["ASK", 1, 2, "NO"]);
  });

  it("a loop may begin while the rest of a listing that was left is on its way", async () => {
    const { channel, peer } = await connected();
    const desk = typed(channel);
    peer.write(Buffer.concat([message(4, 1), message(4, 2)]));
    for await (const _ of desk.list("LIST")) break;
    const loop = desk[Symbol.asyncIterator]();
    const next = loop.next();
    peer.write(Buffer.concat([message(1), message(2)]));
    expect((await next).value?.name).toBe("ASK");
  });

  it("a payload of the wrong size ends the loop, and another one reads on", async () => {
    const { channel, peer } = await connected();
    const desk = typed(channel);
    peer.write(Buffer.concat([message(2, 1), message(4, 3)]));
    const read = async (): Promise<unknown> => {
      for await (const { payload } of desk) return payload;
    };
    await expect(read()).rejects.toMatchObject({ code: "EBADMSG" });
    expect(await read()).toEqual(Uint8Array.of(3));
  });

  it("a loop over an object without an iterator calls its receive", async () => {
    const { channel, peer } = await connected();
    const { send, receive, close } = channel;
    const plain: Conversation = {
      send: send.bind(channel),
      receive: receive.bind(channel),
      close: close.bind(channel),
    };
    peer.end(Buffer.concat([message(4, 1), message(4, 2)]));
    const items: unknown[] = [];
    for await (const { payload } of typed(plain)) items.push(payload);
    expect(items).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });
});

it("a server whose client answers with a failure drops the error, and serves on", async () => {
  const server = await listen({ port: 0, host: "127.0.0.1" }, async (channel) => {
    const { payload } = await typed(channel).request("ASK");
    await channel.send({ type: 9, data: payload as never });
  });
  for (let i = 0; i < 2; i++) {
    const client = await connect({ port: server.port, host: "127.0.0.1" });
    await client.receive();
    await client.send({ type: 5 });
    await expect(client.receive()).rejects.toMatchObject({ code: "ECONNRESET" });
  }
  await server.close();
});
