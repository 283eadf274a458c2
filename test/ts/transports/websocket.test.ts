import { once } from "node:events";
import type { Socket } from "node:net";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromWebSocket } from "../../../ts/entry/web.ts";
import { frame, rounds, seeded } from "./junk.ts";
import { Unpausable, webSockets } from "./pairs.ts";

/** A message of the type 1 with so many bytes of payload. */
function message(length: number): Uint8Array {
  const bytes = new Uint8Array(16 + length);
  bytes.set(new Uint8Array(Uint32Array.of(1, 16 + length, 0, 1).buffer));
  return bytes;
}
const MESSAGE = message(0);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A channel, and the bare socket at its other end. */
async function channelAndSocket(protocols: string[] = []): Promise<[ImsgChannel, WebSocket]> {
  const [ours, theirs] = await webSockets(protocols);
  theirs.on("error", () => {});
  theirs.resume();
  return [fromWebSocket(ours), theirs];
}

/** Sends messages that are not received, and counts the sends that are fulfilled. */
async function stalled(protocols: string[], Kind?: typeof WebSocket): Promise<number> {
  const [ours, theirs] = await webSockets(protocols, Kind);
  const a = fromWebSocket(ours);
  const b = fromWebSocket(theirs);
  let fulfilled = 0;
  for (let i = 0; i < 900; i++) {
    a.send({ type: i, data: new Uint8Array(16_000) }).then(
      () => fulfilled++,
      () => {},
    );
  }
  await sleep(200);
  const before = fulfilled;
  let next = 0;
  const all = (async () => {
    for await (const { type } of b) expect(type).toBe(next++);
  })();
  await a.close();
  await all;
  expect(next).toBe(900);
  return before;
}

describe("over a WebSocket, a reader that takes nothing", () => {
  it("stops the sender by credit under the subprotocol imsg.credit, and everything comes later", async () => {
    expect(await stalled(["imsg.credit"])).toBeLessThan(30);
    expect(await stalled(["imsg.credit"], Unpausable)).toBeLessThan(30);
  });

  it("stops the sender through ws's pause without credit, and everything comes later", async () => {
    expect(await stalled([])).toBeLessThan(900);
  });
});

describe("over a WebSocket whose bytes do not leave", () => {
  it("credit does not count as bytes that were lost, and messages count without their frames", async () => {
    const [ours, theirs] = await webSockets(["imsg.credit"]);
    const { _socket: below } = ours as unknown as { _socket: Socket };
    theirs.on("error", () => {});
    theirs.resume();
    const channel = fromWebSocket(ours, { maxSize: 65_536 });
    below.cork();
    theirs.send(message(40_000));
    expect((await channel.receive())?.data.length).toBe(40_000);
    expect(ours.bufferedAmount).toBeGreaterThan(0);
    expect(inspect(channel)).toContain("unsent: 0");
    await channel.send({ type: 2, data: new Uint8Array(84) });
    await sleep(1);
    expect(inspect(channel)).toContain("unsent: 100");
    below.uncork();
    await channel.close();
  });
});

describe("a WebSocket whose peer reads nothing for longer than the closing handshake may take", () => {
  /** A channel that has sent 20 MB of which most cannot leave, and the socket at its other end. */
  async function full(): Promise<[ImsgChannel, WebSocket, Uint8Array[]]> {
    const [ours, theirs] = await webSockets([], undefined, { closeTimeout: 50 });
    const got: Uint8Array[] = [];
    theirs.on("message", (data: Uint8Array) => void got.push(data));
    theirs.on("error", () => {});
    theirs.send(new Uint8Array(0)); // the peer's end
    const channel = fromWebSocket(ours, { maxSize: 1_000_016, maxQueued: 30_000_000 });
    await channel.peerEnded;
    for (let i = 0; i < 20; i++) void channel.send({ type: i, data: new Uint8Array(1_000_000) });
    return [channel, theirs, got];
  }

  it.each(["end", "close"] as const)("gets everything after %s()", async (end) => {
    const [channel, theirs, got] = await full();
    const ended = channel[end]();
    await sleep(200);
    theirs.resume();
    await ended;
    await channel.closed;
    await expect.poll(() => theirs.readyState).toBe(3);
    expect(got.reduce((sum, { length }) => sum + length, 0)).toBe(20 * 1_000_016);
  });

  it("and then dies, has lost bytes, which end(), close() and closed report", async () => {
    const [channel, theirs] = await full();
    const ended = channel.end();
    await sleep(20);
    theirs.terminate();
    const lost = { code: "ECONNRESET", lostBytes: expect.any(Number) };
    await expect(ended).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(channel.closed).rejects.toMatchObject(lost);
    await expect(channel.close()).rejects.toMatchObject(lost);
  });
});

describe("a WebSocket that the peer closes", () => {
  it.each([1000, undefined])(
    "with code %s ends the channel cleanly, after its messages",
    async (code) => {
      const [channel, socket] = await channelAndSocket();
      socket.send(MESSAGE);
      socket.close(code);
      expect((await channel.receive())!.type).toBe(1);
      expect(await channel.receive()).toBeUndefined();
      await channel.closed;
    },
  );

  it.each([1001, 1011, 4000, 4321])(
    "with code %d ends the channel with ECONNRESET of the peer",
    async (code) => {
      const [channel, socket] = await channelAndSocket();
      socket.close(code, "why");
      const reset = {
        code: "ECONNRESET",
        fromPeer: true,
        message: expect.stringContaining(`${code}: "why"`),
      };
      await expect(channel.closed).rejects.toMatchObject(reset);
    },
  );

  it("inside a message ends the channel with ERR_IMSG_TRUNCATED", async () => {
    const [channel, socket] = await channelAndSocket();
    socket.send(MESSAGE.subarray(0, 9));
    socket.close();
    await expect(channel.closed).rejects.toMatchObject({
      code: "ERR_IMSG_TRUNCATED",
      fromPeer: true,
    });
  });

  it("without a close frame ends the channel with ECONNRESET", async () => {
    const [channel, socket] = await channelAndSocket();
    socket.terminate();
    await expect(channel.closed).rejects.toMatchObject({ code: "ECONNRESET", fromPeer: true });
  });
});

describe("closing a channel over a WebSocket", () => {
  it("resolves when the closing handshake is done", async () => {
    const [channel, socket] = await channelAndSocket();
    const seen: number[] = [];
    socket.on("close", (code) => seen.push(code));
    void channel.send({ type: 1, data: new Uint8Array(1000) });
    await channel.close();
    await expect.poll(() => seen).toEqual([1000]);
  });

  it("resolves after lingerTimeout if the peer does not answer, and cuts the connection", async () => {
    const [ours, theirs] = await webSockets();
    theirs.on("error", () => {});
    const channel = fromWebSocket(ours, { lingerTimeout: 50 });
    await channel.close(); // the peer's socket is paused
    await expect.poll(() => ours.readyState).toBe(3);
    theirs.terminate();
  });

  it.each(["close", "abort"] as const)(
    "leaves no listener on the socket after %s()",
    async (end) => {
      const [ours, theirs] = await webSockets();
      theirs.resume();
      const channel = fromWebSocket(ours);
      expect(ours.eventNames()).not.toEqual([]);
      await channel[end]();
      await expect.poll(() => ours.readyState).toBe(3);
      await expect.poll(() => ours.eventNames()).toEqual([]);
    },
  );

  it("works before the socket is open, and is no uncaught error if the socket never opens", async () => {
    const socket = new WebSocket("ws://127.0.0.1:9");
    const channel = fromWebSocket(socket as never);
    channel.abort(new Error("enough"));
    await expect(channel.closed).rejects.toThrow("enough");
    await expect.poll(() => socket.readyState).toBe(3);
    await expect.poll(() => socket.eventNames()).toEqual([]);
  });

  it("by abort() closes with code 4000, or with what the option closing returns", async () => {
    const [channel, socket] = await channelAndSocket();
    const closed = once(socket, "close");
    channel.abort(new Error("secret"));
    expect((await closed).map(String)).toEqual(["4000", ""]);
    const [ours, theirs] = await webSockets();
    theirs.resume();
    const told = once(theirs, "close");
    const closing = (error: unknown) => ({
      code: 1008,
      reason: `${(error as Error).message}${"é".repeat(99)}`,
    });
    fromWebSocket(ours, { closing }).abort(new Error("no"));
    const [code, reason] = await told;
    expect([code, reason.length]).toEqual([1008, 122]);
  });
});

describe("a WebSocket gets", () => {
  it.each([
    [[], "17", "EINVAL"],
    [[], "text", "EINVAL"],
    [["imsg.credit"], "text", "EBADMSG"],
    [["imsg.credit"], "0", "EBADMSG"],
    [["imsg.credit"], "-5", "EBADMSG"],
    [["imsg.credit"], "1e3", "EBADMSG"],
    [["imsg.credit"], "9999999999", "EBADMSG"],
    [["imsg.credit"], "1".repeat(40), "EBADMSG"],
  ])(
    "under %j the text %s, which ends the channel with %s of the peer",
    async (protocols, text, code) => {
      const [channel, socket] = await channelAndSocket(protocols);
      socket.send(text);
      await expect(channel.closed).rejects.toMatchObject({ code, fromPeer: true });
    },
  );

  it("a frame after the peer's end, which ends the channel with EBADMSG", async () => {
    const [channel, socket] = await channelAndSocket();
    socket.send(new Uint8Array(0));
    socket.send(MESSAGE);
    await expect(channel.closed).rejects.toMatchObject({ code: "EBADMSG", fromPeer: true });
  });

  it("mutated frames, which cause no uncaught error and only errors of the peer", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", note).on("unhandledRejection", note);
    try {
      for (const seed of [1, Date.now() >>> 0]) {
        const odd = await fuzz(seeded(seed), rounds(10_000) / 2);
        expect(odd, `seed ${seed}`).toEqual([]);
      }
      expect(uncaught).toEqual([]);
    } finally {
      process.off("uncaughtException", note).off("unhandledRejection", note);
    }
  }, 3_600_000);
});

/** Sends random frames, 50 to a connection. Returns the errors that no peer may cause. */
async function fuzz(random: () => number, count: number): Promise<unknown[]> {
  const odd: unknown[] = [];
  for (let i = 0; i < count; i += 50) {
    const [channel, socket] = await channelAndSocket(random() < 0.5 ? ["imsg.credit"] : []);
    const closed = once(socket, "close");
    const state = random();
    if (state < 0.1) void channel.end();
    for (let j = 0; j < 50; j++) {
      const kind = random();
      if (kind < 0.9) socket.send(frame(random).subarray(kind < 0.8 ? 0 : 3));
      else if (kind < 0.95) socket.send(String(Math.floor(random() * 100)));
      else socket.ping();
    }
    if (state > 0.5) socket.close(state > 0.8 ? 1000 : 3999);
    else if (state > 0.4) socket.terminate();
    else await channel.receive().catch(() => {});
    channel.closed.catch((error) => {
      if (error?.name !== "ImsgError" || error.fromPeer !== true) odd.push(error);
    });
    await Promise.race([channel.closed.catch(() => {}), sleep(5)]);
    if (state < 0.2) await channel.close().catch(() => {});
    socket.terminate();
    await closed;
  }
  return odd;
}
