/** Hostile neighbours of the relay: handshakes, silence, pids, logs, and how it ends. */
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Pids } from "../../../ts/cli/relay/pids.ts";
import { addressOf } from "../../../ts/cli/relay/strangers.ts";
import { packed, run, start } from "./command.ts";
import { clientOf, handshake, relayTo, rememberingDaemon, startRelay } from "./relay-client.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "imsg-guards-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A connection that has sent `text` and nothing more. */
async function stranger(
  relay: { host: string; port: number },
  text = "GET / HTTP/1.1\r\n",
): Promise<Socket> {
  const socket = connect({ host: relay.host, port: relay.port });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

const UPGRADE = [
  "GET / HTTP/1.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "",
].join("\r\n");

describe("strangers", () => {
  test("that never end their handshake lock nobody out, however many they are", async () => {
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
    await Promise.all(
      slow.map((socket) => (socket.closed ? undefined : once(socket.resume(), "close"))),
    );
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

  test("never cut a client that reads slowly, though its pongs wait behind what it reads", async () => {
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

describe("Host and Origin", () => {
  test("take the scheme's default port, as proxies write it", async () => {
    const relay = await relayTo("unix:/nonexistent", {
      allowOrigins: ["https://lg.example", "http://a.example:80"],
    });
    const good: [string, string][] = [
      ["lg.example:443", "https://lg.example"],
      ["LG.example", "https://lg.example"],
      ["a.example:80", "http://a.example"],
      ["a.example", "http://a.example"],
      [`127.0.0.1:${relay.port}`, "https://lg.example"],
    ];
    for (const [Host, Origin] of good) {
      expect({ Host, status: (await handshake(relay, { Host, Origin })).status }).toEqual({
        Host,
        status: 101,
      });
    }
    for (const Host of ["lg.example:80", "lg.example:8443", "a.example:443", "lg.example.:443"]) {
      expect({ Host, status: (await handshake(relay, { Host })).status }).toEqual({
        Host,
        status: 403,
      });
    }
  });

  test("are refused with 400 if there is not one Host", async () => {
    const relay = await relayTo("unix:/nonexistent");
    const own = `127.0.0.1:${relay.port}`;
    for (const hosts of [[], [own, "evil.example"], [own, own]]) {
      const socket = await stranger(
        relay,
        `${UPGRADE}${hosts.map((host) => `Host: ${host}\r\n`).join("")}\r\n`,
      );
      const [answer] = await once(socket, "data");
      expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  test.each([
    "https://*.example.net",
    "https://user@a.example",
    "https://a.example?x",
    "https://a.example/x",
    "https://a.example#x",
    "https://a b",
    "*",
    "",
    "a.example",
    "ftp://a.example",
  ])("of --allow-origin %j are refused at start, since they match nothing", async (origin) => {
    await expect(startRelay({ to: "unix:/x", allowOrigins: [origin] })).rejects.toThrow(
      "an origin is such as",
    );
  });

  test.each(["relay", "/a?b", "/a#b", "/a/../b", "/ä", "/a b", ""])(
    "a --path %j is refused at start",
    async (path) => {
      await expect(startRelay({ to: "unix:/x", path })).rejects.toThrow("a path is such as");
    },
  );

  test("another path than --path is 404", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { path: "/relay" });
    expect(relay.url).toMatch(/\/relay$/);
    await clientOf(relay);
    await clientOf({ ...relay, url: `${relay.url}?a=b` });
    for (const path of ["/", "/relay/", "/relayx"]) {
      const url = relay.url.replace("/relay", path);
      await expect(clientOf({ ...relay, url })).rejects.toThrow("404");
    }
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

describe("a Unix socket", () => {
  test("has its mode, needs no Host, is replaced when it is stale, and goes with the relay", async () => {
    const daemon = await rememberingDaemon();
    const path = join(temporary(), "relay");
    const listen = { kind: "unix", path, mode: 0o660 } as const;
    const relay = await relayTo(daemon.target, { listen });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const client = await clientOf(relay);
    client.send({ type: 1, pid: 4 });
    await (await daemon.connection(0)).has(1);
    await expect(clientOf(relay, { origin: "https://evil.example" })).rejects.toThrow("403");
    await expect(startRelay({ to: daemon.target, listen })).rejects.toThrow("EADDRINUSE");
    await relay.close();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "not a socket");
    await expect(startRelay({ to: daemon.target, listen })).rejects.toThrow("EADDRINUSE");
    expect(readFileSync(path, "utf8")).toBe("not a socket");
  });

  test("that a killed relay left behind is replaced", async () => {
    const path = join(temporary(), "relay");
    const args = ["relay", "--listen", `unix:${path}`, "--to", "unix:/x", "--socket-mode", "666"];
    for (let i = 0; i < 2; i++) {
      const { child, ended, stderr } = start(packed, args);
      onTestFinished(() => void child.kill("SIGKILL"));
      while (!stderr().includes("listening on")) await sleep(20);
      expect(stderr()).not.toContain("warning");
      child.kill("SIGKILL");
      await ended;
      expect(existsSync(path)).toBe(true);
    }
    chmodSync(path, 0o600);
  });
});

test("the metrics count what has happened, and health is 503 never while clients are accepted", async () => {
  const daemon = await rememberingDaemon();
  const metrics = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  const relay = await relayTo(daemon.target, { metrics });
  const client = await clientOf(relay);
  client.send({ type: 1, pid: 4 }, { type: 2, pid: 4 });
  const side = await daemon.connection(0);
  await side.has(2);
  side.send({ type: 1, pid: 0x50000000 });
  side.send({ type: 1, pid: 7 });
  await client.receive();
  await handshake(relay, { Origin: "https://evil.example" });
  const text = await (await fetch(`${relay.metricsUrl}metrics`)).text();
  for (const line of [
    "imsg_relay_connections 1",
    'imsg_relay_messages_total{direction="up"} 2',
    'imsg_relay_messages_total{direction="down"} 1',
    "imsg_relay_dropped_total 1",
    'imsg_relay_refused_total{status="403"} 1',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  expect((await fetch(`${relay.metricsUrl}health`)).status).toBe(200);
  expect((await fetch(`${relay.metricsUrl}other`)).status).toBe(404);
});

describe("the log", () => {
  /** Runs a relay with redirected streams, or pipes without a reader, and counts what its log lost. */
  async function serving(redirect: string, leave = false): Promise<void> {
    const daemon = await rememberingDaemon();
    const port = await freePort();
    const cli = join(packed.folder, "cli.js");
    const { spawn } = await import("node:child_process");
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
        // it has ended
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

test.each([
  [["--allow-type", "all,3"], "--allow-type all excludes other types"],
  [["--allow-type", "1,,2"], "It has an empty item"],
  [["--allow-type", ""], "It has an empty item"],
  [["--allow-origin", ""], "It has an empty item"],
  [["--cert", "/nonexistent"], "--cert and --key belong together"],
  [["--socket-mode", "660"], "are for --listen unix:PATH"],
  [["--listen", "unix:/x", "--cert", "a", "--key", "b"], "--cert is for TCP addresses"],
  [["--user", "no-such-user"], "there is no user no-such-user"],
  [["--socket-mode", "9"], "a mode has three octal digits"],
])("imsg relay %j is a usage error", async (args, why) => {
  const { status, stderr } = await run(packed, ["relay", "--to", "unix:/x", ...args]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(why) });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

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
