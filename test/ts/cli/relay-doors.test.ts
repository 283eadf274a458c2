/** The relay's admission of clients and its addresses: Host, Origin, path, Unix sockets, metrics. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { packed, run, start } from "./command.ts";
import { clientOf, handshake, relayTo, rememberingDaemon, startRelay } from "./relay-client.ts";
import { sleep, stranger, temporary, UPGRADE } from "./relay-tools.ts";

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

test("the metrics count the events, and health is never 503 while clients are accepted", async () => {
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

test.runIf(process.getuid?.() === 0)(
  "imsg relay --user gives up root's rights and groups for good, and names the option if it may not",
  async () => {
    const args = ["relay", "--to", "unix:/x", "--token", "0123456789abcdef", "--user"];
    const { child, stderr, ended } = start(packed, [...args, "nobody"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    await expect.poll(stderr, { timeout: 10_000 }).toContain("listening");
    const status = (): string => readFileSync(`/proc/${child.pid}/status`, "utf8");
    await expect.poll(status).toMatch(/^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m);
    expect(status()).toMatch(/^Gid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m);
    expect(status()).toMatch(/^CapEff:\t0+$/m);
    expect(status()).not.toMatch(/^Groups:.*\b0\b/m);
    child.kill("SIGTERM");
    expect((await ended).status).toBe(0);
    const cli = `${packed.folder}/cli.js`;
    const nobody = ["--reuid=65534", "--clear-groups", process.execPath, cli, ...args, "root"];
    const refused = spawnSync("setpriv", nobody, { encoding: "utf8", timeout: 10_000 });
    expect(refused.stderr).toMatch(/^imsg: --user root: EPERM/m);
    expect(refused.status).toBe(1);
  },
);
