import { expect, onTestFinished, test } from "vitest";
import { InstancePool } from "../../../ts/cli/instances.ts";
import { webSocketTransport } from "../../../ts/cli/relay/websocket.ts";
import { ImsgChannel, ImsgCodec } from "../../../ts/entry/index.ts";
import { listenPeer, PeerType, peerArguments, peerPayload } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { clientOf, type DaemonSide, relayTo, rememberingDaemon } from "./relay-client.ts";

async function peerRelay(...args: string[]) {
  const peer = await listenPeer(...args);
  onTestFinished(() => peer.stop());
  return relayTo(`unix:${peer.path}`);
}

test("messages come back from a native daemon as they were, pid included", async () => {
  const relay = await peerRelay("--mode", "echo");
  const client = await clientOf(relay);
  const sent = [0, 1, 5000, 16368].map((size, i) => ({
    type: 100 + i,
    peerid: 0xfffffff0 + i,
    pid: 4242,
    data: peerPayload(i, size),
  }));
  client.send(...sent.slice(0, 2));
  // one byte in each frame
  for (const byte of encode(sent[2]!)) client.socket.send(Uint8Array.of(byte));
  client.send(sent[3]!);
  const received = await client.receiveAll(4);
  expect(received).toEqual(sent.map((m) => ({ ...m, len: 16 + m.data.length, hasFd: false })));
});

test("two clients with the same pid have two pids on the daemon, and get their own replies", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const clients = [await clientOf(relay), await clientOf(relay)];
  for (const client of clients) {
    client.send({ type: 13, pid: 777 }, { type: 14, pid: 777 });
    await daemon.connection(clients.indexOf(client));
  }
  const sides = daemon.connections;
  const pids: number[] = [];
  for (const side of sides) {
    const [one, other] = (await side.has(2)).map(({ pid }) => pid);
    expect(one).toBe(other);
    pids.push(one!);
  }
  expect(new Set([...pids, 777, process.pid]).size).toBe(4);
  for (const pid of pids) {
    // above every pid of a process, and positive as a pid_t
    expect(pid).toBeGreaterThan(4194304);
    expect(pid).toBeLessThan(2 ** 31);
  }
  for (const [i, side] of sides.entries()) side.send({ type: 20 + i, pid: pids[i]! });
  for (const [i, client] of clients.entries()) {
    expect(await client.receive()).toMatchObject({ type: 20 + i, pid: 777 });
  }
});

test("a daemon's own pid passes as it is, and a reply for another client does not pass", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const sides: DaemonSide[] = [];
  const clients = [];
  for (let i = 0; i < 2; i++) {
    const client = await clientOf(relay);
    client.send({ type: 1, pid: 10 + i });
    clients.push(client);
    sides.push(await daemon.connection(i));
  }
  const [, other] = await Promise.all(sides.map(async (side) => (await side.has(1))[0]!.pid));
  sides[0]!.send({ type: 2, pid: other! });
  sides[0]!.send({ type: 3, pid: 29863 });
  sides[0]!.send({ type: 4, pid: 0xffffffff });
  const received = await clients[0]!.receiveAll(2);
  expect(received.map(({ type, pid }) => [type, pid])).toEqual([
    [3, 29863],
    [4, 0xffffffff],
  ]);
});

test("a client may leave pids out, or bring its own later", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const client = await clientOf(relay);
  client.send({ type: 1, pid: 0 }, { type: 2, pid: 50 }, { type: 3, pid: 0 }, { type: 4, pid: 50 });
  const side = await daemon.connection(0);
  const received = await side.has(4);
  const [{ pid }] = received as [{ pid: number }, ...unknown[]];
  expect(received.map((message) => message.pid)).toEqual([pid, pid, pid, pid]);
  side.send({ type: 5, pid });
  expect(await client.receive()).toMatchObject({ type: 5, pid: 50 });
});

test("the mark of a descriptor that a client writes does not reach the daemon", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const client = await clientOf(relay);
  client.send({ type: 43, pid: 5, hasFd: true, data: Uint8Array.of(1, 2) });
  const side = await daemon.connection(0);
  expect(await side.has(1)).toMatchObject([{ type: 43, len: 18, hasFd: false }]);
});

test("allowed types pass", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target, { allowTypes: [13, 16] });
  const client = await clientOf(relay);
  client.send({ type: 13, pid: 5 }, { type: 16, pid: 5 });
  const side = await daemon.connection(0);
  expect((await side.has(2)).map(({ type }) => type)).toEqual([13, 16]);
  // replies may have any type
  side.send({ type: 1, pid: 9 });
  expect(await client.receive()).toMatchObject({ type: 1, pid: 9 });
});

test("a client that reads nothing stalls only its own daemon connection", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const stalled = await clientOf(relay);
  stalled.socket.pause();
  stalled.send({ type: 1, pid: 1 });
  const side = await daemon.connection(0);
  await side.has(1);
  // until the relay takes no more: the bytes that it holds are bounded
  const message = encode({ type: 2, pid: 9, data: peerPayload(0, 16000) });
  let given = 0;
  while (side.socket.writableLength < 1 << 20) {
    side.socket.write(message);
    given++;
    await new Promise((resolve) => setImmediate(resolve));
    expect(given * message.length).toBeLessThan(64 << 20);
  }
  // its requests wait as well, so that it cannot make the daemon's queue grow
  for (let i = 0; i < 50; i++) stalled.send({ type: 3, pid: 1 });

  const other = await clientOf(relay);
  const pings = 200;
  for (let i = 0; i < pings; i++) {
    other.send({ type: 4, pid: 2, peerid: i });
    const otherSide = await daemon.connection(1);
    const [last] = (await otherSide.has(i + 1)).slice(-1);
    otherSide.send({ type: 5, pid: last!.pid, peerid: i });
    expect(await other.receive()).toMatchObject({ type: 5, peerid: i });
  }
  expect(side.received.length).toBe(1);

  // and it loses no byte when it reads again
  stalled.socket.resume();
  const received = await stalled.receiveAll(given);
  expect(received.every(({ data }) => data.length === 16000)).toBe(true);
  await side.has(51);
});

test("a stalled client is closed when it is idle too long, even if it never reads that", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target, { idleTimeout: 500 });
  const stalled = await clientOf(relay);
  stalled.socket.pause();
  const side = await daemon.connection(0);
  const message = encode({ type: 2, pid: 9, data: peerPayload(0, 16000) });
  while (side.socket.writableLength < 1 << 20) {
    side.socket.write(message);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await relay.event("closed")).toMatchObject({ code: 4408 });
  expect(relay.connections).toBe(0);
});

test("a daemon that reads nothing stalls only its client", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const stalled = await clientOf(relay);
  const side = await daemon.connection(0);
  side.socket.pause();
  const message = encode({ type: 2, pid: 9, data: peerPayload(0, 16000) });
  let given = 0;
  while (stalled.socket.bufferedAmount < 1 << 20) {
    stalled.socket.send(message);
    given++;
    await new Promise((resolve) => setImmediate(resolve));
    expect(given * message.length).toBeLessThan(64 << 20);
  }
  const other = await clientOf(relay);
  other.send({ type: 4, pid: 2 });
  await (await daemon.connection(1)).has(1);
  side.socket.resume();
  await side.has(given);
});

test("a client gets everything a daemon says before it closes, then a clean close", async () => {
  const relay = await peerRelay();
  const client = await clientOf(relay);
  const count = 300;
  client.send({ type: PeerType.send, pid: 7, data: peerArguments(count, 4000) });
  client.send({ type: PeerType.quit, pid: 7 });
  const received = await client.receiveAll(count);
  expect(received.map(({ peerid }) => peerid)).toEqual(received.map((_, i) => i));
  expect(received[299]!.data).toEqual(peerPayload(299, 4000));
  expect((await client.closed).code).toBe(1000);
  expect(await relay.event("closed")).toMatchObject({ code: 1000, why: "the daemon has closed" });
});

test("a daemon gets everything a client says before it closes", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const client = await clientOf(relay);
  for (let i = 0; i < 100; i++)
    client.send({ type: 1, pid: 7, peerid: i, data: peerPayload(i, 9000) });
  client.socket.close();
  const side = await daemon.connection(0);
  await side.ended;
  expect(side.received.map(({ peerid }) => peerid)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
  expect(await relay.event("closed")).toMatchObject({
    code: 1000,
    why: "the client has closed",
    up: 100,
  });
});

test("an empty frame ends the client's side, and it still gets its answers", async () => {
  const relay = await peerRelay("--mode", "sum");
  const client = await clientOf(relay);
  client.send({ type: 50, pid: 7, data: Uint8Array.of(1, 2, 3) });
  client.socket.send(new Uint8Array(0));
  expect(await client.receive()).toMatchObject({ type: PeerType.sum });
  expect((await client.closed).code).toBe(1000);
});

test("a channel of the library talks through the relay", async () => {
  const relay = await peerRelay("--mode", "echo");
  const { socket } = await clientOf(relay);
  const channel = new ImsgChannel(webSocketTransport(socket), { pid: 31 });
  const reply = await channel.request({ type: 9, peerid: 5, data: peerPayload(1, 12000) });
  expect(reply).toMatchObject({ type: 9, pid: 31, data: peerPayload(1, 12000) });
  await channel.end();
  expect(await channel.receive()).toBeUndefined();
});

test.each([
  [
    "die",
    ["--mode", "die", "--good", "2"],
    "the daemon's side failed",
    /40 of 80 bytes|ERR_IMSG_TRUNCATED/,
  ],
  [
    "send a bad header",
    ["--mode", "bad", "--good", "2", "--len", "9"],
    "the daemon's side failed",
    /len 9/,
  ],
] as const)(
  "a client gets the error of daemons that %s, after the earlier messages",
  async (_what, args, why, cause) => {
    const relay = await peerRelay(...args);
    const client = await clientOf(relay);
    expect((await client.receiveAll(2)).map(({ peerid }) => peerid)).toEqual([0, 1]);
    expect(await client.closed).toEqual({ code: 1011, reason: why });
    const event = await relay.event("closed");
    expect(event).toMatchObject({ code: 1011, why });
    expect(event.cause).toMatch(cause);
  },
);

test("a daemon that is not there is a reason to close, without its address", async () => {
  const relay = await relayTo("unix:/nonexistent/socket");
  const client = await clientOf(relay);
  expect(await client.closed).toEqual({ code: 1011, reason: "the daemon cannot be reached" });
  expect((await relay.event("closed")).cause).toContain("ENOENT");
});

test("a client that is cut off frees its place and its daemon connection", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  for (let i = 0; i < 30; i++) {
    const client = await clientOf(relay);
    client.send({ type: 1, pid: 1 });
    const side = await daemon.connection(i);
    await side.has(1);
    client.socket.terminate();
    await side.ended;
  }
  while (relay.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(relay.events.filter(({ event }) => event === "closed").length).toBe(30);
});

test("close ends clients and daemon connections, and the port is free", async () => {
  const daemon = await rememberingDaemon();
  const relay = await relayTo(daemon.target);
  const client = await clientOf(relay);
  const side = await daemon.connection(0);
  const closing = relay.close();
  expect(await client.closed).toEqual({ code: 1001, reason: "the relay is closing" });
  await side.ended;
  await closing;
  expect(relay.events.at(-1)).toEqual({ event: "stopped" });
  await relayTo(daemon.target, { port: relay.port });
});

test("every connection to an exec target has a process of its own, which ends with it", async () => {
  const relay = await relayTo("exec:exec build/native/peer --fd 3 --mode echo");
  const client = await clientOf(relay);
  client.send({ type: 5, pid: 1, data: Uint8Array.of(1) });
  expect(await client.receive()).toMatchObject({ type: 5, pid: 1 });
  client.socket.close();
  expect(await relay.event("closed")).toMatchObject({ code: 1000, up: 1, down: 1 });
});

test("a relay in front of a relay works", async () => {
  const inner = await peerRelay("--mode", "echo");
  const outer = await relayTo(inner.url);
  const client = await clientOf(outer);
  client.send({ type: 5, pid: 77, data: peerPayload(0, 16000) });
  expect(await client.receive()).toMatchObject({ type: 5, pid: 77, len: 16016 });
});

test("messages of hostile clients do not disturb another client", async () => {
  const relay = await peerRelay("--mode", "echo");
  const good = await clientOf(relay);
  let seed = 1;
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  for (let round = 0; round < 60; round++) {
    const bad = await clientOf(relay);
    const noise = Uint8Array.from({ length: random(3000) }, () => random(256));
    // half of them send imsgs first, some break WebSocket's own rules, some vanish
    if (round % 2 === 0) bad.send({ type: 1, pid: 5, data: noise });
    if (round % 3 === 0) bad.socket.send(noise);
    else if (round % 3 === 1) {
      const { _socket: raw } = bad.socket as unknown as { _socket: import("node:net").Socket };
      raw.write(noise);
    }
    if (round % 5 === 0) bad.socket.terminate();
    const message = { type: round, peerid: round, pid: 9, data: peerPayload(round, 2000) };
    good.send(message);
    expect(await good.receive()).toMatchObject(message);
    bad.socket.terminate();
  }
  while (relay.connections > 1) await new Promise((resolve) => setImmediate(resolve));
});

test("no two clients share an instance of the module at the same time", () => {
  const pool = new InstancePool();
  const [one, other] = [pool.take(), pool.take()];
  expect(one).not.toBe(other);
  pool.giveBack(one);
  expect(pool.take()).toBe(one);
  // an instance with live bytes is not used for another client
  const left = new ImsgCodec({ instance: other });
  pool.giveBack(other);
  expect(pool.take()).not.toBe(other);
  left.dispose();
});
