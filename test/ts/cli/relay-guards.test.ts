/** Hostile neighbours of the relay: handshakes, silence, pids, logs, and how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Pids } from "../../../ts/cli/relay/pids.ts";
import { addressOf } from "../../../ts/cli/relay/strangers.ts";
import { freePort } from "../../helpers/port.ts";
import { packed, start } from "./command.ts";
import { clientOf, handshake, relayTo, rememberingDaemon, startRelay } from "./relay-client.ts";
import { sleep, stranger, UPGRADE } from "./relay-tools.ts";

describe("strangers", () => {
  test("that never end their handshake keep no client out, however many they are", async () => {
    const relay = await relayTo("unix:/nonexistent", { maxConnections: 2 });
    for (let i = 0; i < 400; i++) await stranger(relay, i % 2 === 0 ? "" : UPGRADE);
    const began = performance.now();
    expect((await handshake(relay)).status).toBe(101);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test("lose their connection after five seconds, whatever they send", async () => {
    const relay = await relayTo("unix:/nonexistent");
    const began = performance.now();
    const slow = await Promise.all(
      ["", "GET / HTTP/1.1\r\nX: ", "\u0016\u0003\u0001"].map((text) => stranger(relay, text)),
    );
    const drip = setInterval(() => slow[1]!.write("a"), 100);
    onTestFinished(() => clearInterval(drip));
    // a reset is an end, too, which once() would throw
    for (const socket of slow) socket.resume();
    await expect.poll(() => slow.every(({ closed }) => closed), { timeout: 8000 }).toBe(true);
    expect(performance.now() - began).toBeLessThan(8000);
  }, 15_000);

  test("that were turned away hold nothing for longer than two seconds, even if they never answer", async () => {
    const relay = await relayTo("unix:/nonexistent", { maxConnections: 1, allowTypes: [] });
    const daemon = await rememberingDaemon();
    const full = await relayTo(daemon.target, { maxConnections: 1 });
    await clientOf(full);
    const socket = await stranger(full, `${UPGRADE}Host: 127.0.0.1:${full.port}\r\n\r\n`);
    await full.event("refused");
    const began = performance.now();
    // reads the close frame and does not answer it
    socket.resume();
    if (!socket.closed) await once(socket, "close");
    expect(performance.now() - began).toBeLessThan(3000);
    expect(relay.connections).toBe(0);
  });

  test("that guess tokens wait a second for each answer", async () => {
    const relay = await relayTo("unix:/nonexistent", { token: "token-0123456789" });
    const offer = (token: string) =>
      handshake(relay, { "Sec-WebSocket-Protocol": `imsg, imsg.token.${token}` });
    const began = performance.now();
    expect((await offer("wrong-token")).status).toBe(401);
    expect(performance.now() - began).toBeGreaterThan(900);
    expect((await offer("token-0123456789")).status).toBe(101);
  });

  test("are counted by address, and by the first 64 bits of an IPv6 address", () => {
    const cases: [string | undefined, string][] = [
      ["10.1.2.3", "10.1.2.3"],
      ["::ffff:10.1.2.3", "10.1.2.3"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64"],
      ["::1", "0:0:0:0::/64"],
      [undefined, "unix"],
    ];
    for (const [remoteAddress, address] of cases) {
      expect(addressOf({ remoteAddress })).toBe(address);
    }
  });

  test("of one address get no more places than --max-per-address", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { maxPerAddress: 1 });
    await clientOf(relay);
    const reason = "there are 1 connections from this address already";
    expect(await (await clientOf(relay)).closed).toEqual({ code: 1013, reason });
  });
});

describe("pings", () => {
  test("find a client that has vanished, and free its daemon connection", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { ping: 200 });
    const socket = await stranger(relay, `${UPGRADE}Host: 127.0.0.1:${relay.port}\r\n\r\n`);
    socket.pause();
    await relay.event("opened");
    const began = performance.now();
    const why = "no pong for 0.2 s";
    expect(await relay.event("closed")).toMatchObject({ code: 4408, why });
    expect(performance.now() - began).toBeLessThan(4000);
    await (await daemon.connection(0)).ended;
  });

  test("never cut a client that only listens", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { ping: 50 });
    const client = await clientOf(relay);
    let pings = 0;
    client.socket.on("ping", () => pings++);
    await sleep(1000);
    expect(pings).toBeGreaterThan(5);
    (await daemon.connection(0)).send({ type: 3, pid: 9 });
    expect(await client.receive()).toMatchObject({ type: 3 });
  });

  test("never cut a client that reads slowly, although its pongs wait behind the bytes that it reads", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { ping: 300 });
    const client = await clientOf(relay);
    const side = await daemon.connection(0);
    const message = { type: 3, pid: 9, data: new Uint8Array(16000) };
    for (let i = 0; i < 1000; i++) side.send(message);
    // reads for a moment in each interval
    const timer = setInterval(() => {
      client.socket.resume();
      setTimeout(() => client.socket.pause(), 5);
    }, 100);
    await sleep(2000);
    clearInterval(timer);
    client.socket.resume();
    expect((await client.receiveAll(1000)).length).toBe(1000);
  });

  test("never cut a client whose requests the daemon does not read", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { ping: 100 });
    const client = await clientOf(relay);
    const side = await daemon.connection(0);
    side.socket.pause();
    for (let i = 0; i < 500; i++)
      client.send({ type: 1, pid: 1, peerid: i, data: new Uint8Array(16000) });
    await sleep(1000);
    side.socket.resume();
    expect((await side.has(500)).length).toBe(500);
  });
});

describe("pids", () => {
  test("of clients that have left reach no other client", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const left = await clientOf(relay);
    left.send({ type: 1, pid: 5 });
    const [gone] = await (await daemon.connection(0)).has(1);
    left.socket.close();
    await relay.event("closed");
    const other = await clientOf(relay);
    other.send({ type: 1, pid: 6 });
    const side = await daemon.connection(1);
    const [own] = await side.has(1);
    side.send({ type: 66, pid: gone!.pid });
    side.send({ type: 7, pid: own!.pid });
    expect(await other.receive()).toMatchObject({ type: 7, pid: 6 });
  });

  test("are given again only after all the others", () => {
    const pids = new Pids(0x7ffffffe);
    const first = [pids.take(), pids.take(), pids.take()];
    expect(first).toEqual([0x7ffffffe, 0x7fffffff, 0x40000000]);
    for (const pid of first) pids.giveBack(pid);
    const more = new Set(Array.from({ length: 10_000 }, () => pids.take()));
    expect(more.size).toBe(10_000);
    expect(first.some((pid) => more.has(pid))).toBe(false);
  });
});

test("without allowed types clients only listen", async () => {
  const daemon = await rememberingDaemon();
  const relay = await startRelay({ to: daemon.target });
  onTestFinished(() => relay.close());
  const client = await clientOf(relay);
  (await daemon.connection(0)).send({ type: 3, pid: 9 });
  expect(await client.receive()).toMatchObject({ type: 3 });
  client.send({ type: 3, pid: 1 });
  expect(await client.closed).toEqual({ code: 1008, reason: "messages of type 3 are not allowed" });
});

describe("the log", () => {
  /** Runs a relay with redirected streams, or pipes without a reader, and counts what its log lost. */
  async function serving(redirect: string, leave = false): Promise<void> {
    const daemon = await rememberingDaemon();
    const port = await freePort();
    const cli = join(packed.folder, "cli.js");
    const metrics = await freePort();
    const line = `exec '${process.execPath}' '${cli}' relay --json --listen ${port} --to ${daemon.target} --allow-type all --metrics ${metrics} ${redirect}`;
    const child = spawn("/bin/sh", ["-c", line], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    if (leave) {
      child.stdout.destroy();
      child.stderr.destroy();
    }
    onTestFinished(() => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // the process has ended
      }
    });
    const relay = { url: `ws://127.0.0.1:${port}/` } as Parameters<typeof clientOf>[0];
    for (let i = 0; i < 40; i++) {
      const client = await retry(() => clientOf(relay));
      client.send({ type: i, pid: 1 });
      await (await daemon.connection(i)).has(1);
      client.socket.close();
      await client.closed;
    }
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    const lost = Number(/^imsg_relay_lost_log_lines_total (\d+)$/m.exec(text)![1]);
    expect(lost).toBeGreaterThan(40);
    const began = performance.now();
    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
    expect(performance.now() - began).toBeLessThan(3000);
  }

  test("may be on a full disk", () => serving(">/dev/full 2>/dev/full"));
  test("may be closed", () => serving(">&- 2>/dev/null 1>/dev/full"));
  test("may have a reader that has left", () => serving("", true));
});

test.each([
  ["ignore the closing handshake", `${UPGRADE}Host: 127.0.0.1:PORT\r\n\r\n`],
  ["never end their handshake", UPGRADE],
])("SIGTERM ends the relay within three seconds while clients %s", async (_what, text) => {
  const daemon = await rememberingDaemon();
  const port = await freePort();
  const args = ["relay", "--listen", String(port), "--to", daemon.target, "--max-connections", "3"];
  const { child, ended, stderr } = start(packed, args);
  onTestFinished(() => void child.kill("SIGKILL"));
  while (!stderr().includes("listening on")) await sleep(20);
  for (let i = 0; i < 6; i++) {
    (await stranger({ host: "127.0.0.1", port }, text.replace("PORT", String(port)))).pause();
  }
  await sleep(200);
  const began = performance.now();
  child.kill("SIGTERM");
  expect((await ended).status).toBe(0);
  expect(performance.now() - began).toBeLessThan(3000);
});

async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await work();
    } catch (error) {
      if (i === 100) throw error;
      await sleep(50);
    }
  }
}
