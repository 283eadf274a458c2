// The tap between real programs.

import { type ChildProcess, spawn as spawnChild } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromSocket, spawn } from "../../../ts/entry/node.ts";
import { bgpd as bgpdProtocol } from "../../../ts/protocols/bgpd/index.ts";
import { rawSockets } from "../../ts/descriptors/made.ts";
import { prefixes, type RunningBgpd, startBgpd } from "./bgpd.ts";
import { output, temporaryFolder } from "./program.ts";
import { type RunningTmux, startTmux } from "./tmux.ts";
import { MAX_SIZE } from "./wire.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const cli = join(top, "dist/cli.js");

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
const taps: ChildProcess[] = [];
afterAll(async () => {
  for (const tap of taps) tap.kill("SIGKILL");
  await folder?.remove();
});

/** A tap in front of a daemon's socket. */
async function tapOf(real: string, protocol: string, file: string) {
  const path = join(folder.path, `${protocol}-${taps.length}.sock`);
  const where = ["--listen", `unix:${path}`, "--to", `unix:${real}`];
  const args = [cli, "tap", "--quiet", "--protocol", protocol, "--write", file, ...where];
  const child: ChildProcess = spawnChild(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
  });
  taps.push(child);
  let log = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  while (!log.includes("tapping")) {
    if (child.exitCode !== null) throw new Error(log);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    path,
    async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT") {
      child.kill(signal);
      await once(child, "exit");
    },
  };
}

/** The messages of each test that shows that a tap loses and changes nothing. */
const MANY = 100_000;

/** The connections to a Unix socket that are open. */
function connectionsTo(path: string): number {
  const lines = readFileSync("/proc/net/unix", "utf8").split("\n");
  return lines.filter((line) => / 0001 03 +\d+ /.test(line) && line.endsWith(` ${path}`)).length;
}

/** The processes that another one has started, and that have not ended. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/status`) &&
  !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

interface Line {
  from: "client" | "daemon";
  name?: string;
  fd?: true;
  problem?: string;
  connection: number;
}

/** A recording, as the command reads it. */
async function recorded(file: string, protocol: string): Promise<Line[]> {
  const { stdout, stderr } = await output(process.execPath, [
    cli,
    "dump",
    "--json",
    "--protocol",
    protocol,
    file,
  ]);
  expect(stderr).toBe("");
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

describe("a tap between bgpctl and bgpd", () => {
  let bgpd: RunningBgpd;
  beforeAll(async () => {
    bgpd = await startBgpd({
      statements:
        "network 192.0.2.0/24\nneighbor 127.0.0.2 {\n\tremote-as 65002\n\tpassive\n}\nallow from any\n",
    });
  });
  afterAll(() => bgpd?.stop());

  it("changes nothing in the output of bgpctl, and reads every field of every message", async () => {
    await bgpd.bulkAdd(prefixes(5000));
    const file = join(folder.path, "bgpd.pcapng");
    const tap = await tapOf(bgpd.socket, "bgpd", file);
    const requests = [
      ["show", "rib"],
      ["show", "tables"],
      ["show", "rib", "memory"],
      ["show", "interfaces"],
      ["show", "sets"],
      ["show", "fib"],
    ];
    // ages grow between the two queries
    const still = (text: string) => text.replace(/"last_\w+":\s*("[^"]*"|-?\d+)/g, "");
    for (const args of requests) {
      const direct = await output("bgpctl", ["-s", bgpd.socket, "-j", ...args]);
      const tapped = await output("bgpctl", ["-s", tap.path, "-j", ...args]);
      expect({ ...tapped, stdout: still(tapped.stdout) }).toEqual({
        ...direct,
        stdout: still(direct.stdout),
      });
    }
    await output("bgpctl", ["-s", tap.path, "show", "neighbor"]);
    await tap.stop();
    const lines = await recorded(file, "bgpd");
    expect(
      lines.filter(({ problem, name }) => problem !== undefined || name === undefined),
    ).toEqual([]);
    expect(
      lines.filter(({ name, from }) => name === "SHOW_RIB" && from === "daemon").length,
    ).toBeGreaterThan(5000);
    expect(new Set(lines.map(({ connection }) => connection)).size).toBe(requests.length + 1);
  });

  it(`passes ${MANY} messages, half of them each way, and none is lost or changed`, async () => {
    const file = join(folder.path, "many.pcapng");
    const tap = await tapOf(bgpd.socket, "bgpd", file);
    const all = prefixes(MANY / 2);
    const added = await output(
      "bgpctl",
      ["-s", tap.path, "network", "bulk", "add"],
      all.join("\n"),
    );
    expect(added).toMatchObject({ code: 0 });
    const direct = await output("bgpctl", ["-s", bgpd.socket, "show", "rib"]);
    const tapped = await output("bgpctl", ["-s", tap.path, "show", "rib"]);
    await tap.stop();
    expect(tapped.code).toBe(0);
    expect(tapped.stdout.split("\n").length).toBeGreaterThan(MANY / 2);
    expect(tapped.stdout === direct.stdout).toBe(true);
    const lines = await recorded(file, "bgpd");
    const count = (which: string, side: string): number =>
      lines.filter(({ name, from }) => name === which && from === side).length;
    expect(count("NETWORK_ADD", "client")).toBe(MANY / 2);
    expect(count("SHOW_RIB", "daemon")).toBeGreaterThanOrEqual(MANY / 2);
  }, 120_000);

  it("shows both sides the end if it is killed in the middle of a listing", async () => {
    await bgpd.bulkAdd(prefixes(20_000));
    await expect.poll(() => connectionsTo(bgpd.socket)).toBe(0);
    const file = join(folder.path, "killed.pcapng");
    const tap = await tapOf(bgpd.socket, "bgpd", file);
    // its output is not read at first, so that the listing cannot end
    const bgpctl = spawnChild("bgpctl", ["-s", tap.path, "show", "rib"]);
    const exited = once(bgpctl, "exit");
    await expect.poll(() => statSync(file).size).toBeGreaterThan(100_000);
    expect(connectionsTo(bgpd.socket)).toBe(1);
    await tap.stop("SIGKILL");
    bgpctl.stdout.resume();
    expect((await exited)[0]).not.toBe(0);
    await expect.poll(() => connectionsTo(bgpd.socket)).toBe(0);
    expect((await bgpd.bgpctl("show", "summary")).code).toBe(0);
  });
});

describe("a tap between tmux and its server", () => {
  let tmux: RunningTmux;
  beforeAll(async () => {
    tmux = await startTmux();
  });
  afterAll(() => tmux?.stop());

  it("passes the client's descriptors, on which the server then talks to it", async () => {
    const file = join(folder.path, "tmux.pcapng");
    const tap = await tapOf(tmux.socket, "tmux", file);
    const { code, stdout } = await output(
      "tmux",
      ["-S", tap.path, "-C", "attach"],
      "display-message -p through-the-tap\ndetach-client\n",
    );
    await tap.stop();
    expect(code).toBe(0);
    expect(stdout).toContain("through-the-tap");
    const lines = await recorded(file, "tmux");
    expect(lines.filter(({ fd }) => fd).map(({ name }) => name)).toEqual([
      "IDENTIFY_STDIN",
      "IDENTIFY_STDOUT",
    ]);
    expect(lines.at(-1)).toMatchObject({ from: "daemon", name: "EXITED" });
    expect(lines.filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  it(`passes ${MANY} messages of many clients, and none is lost or changed`, async () => {
    const each = 2000; // tmux needs time in the square of this number
    const script = join(folder.path, "print.conf");
    const numbers = Array.from({ length: each }, (_, i) => `${i}`);
    await writeFile(script, numbers.map((n) => `display-message -p ${n}\n`).join(""));
    const file = join(folder.path, "tmux-many.pcapng");
    const tap = await tapOf(tmux.socket, "tmux", file);
    for (let i = 0; i < MANY / each; i++) {
      const { code, stdout } = await output("tmux", ["-S", tap.path, "source-file", script]);
      expect(code).toBe(0);
      expect(stdout === `${numbers.join("\n")}\n`).toBe(true);
    }
    await tap.stop();
    const lines = await recorded(file, "tmux");
    expect(lines.length).toBeGreaterThan(MANY);
    expect(lines.filter(({ fd }) => fd).length).toBe((2 * MANY) / each);
    expect(lines.filter(({ problem }) => problem !== undefined)).toEqual([]);
  }, 180_000);

  it("shows both sides the end if it is killed under an attached client", async () => {
    const clients = async () => (await tmux.tmux("list-clients")).stdout;
    const tap = await tapOf(tmux.socket, "tmux", join(folder.path, "tmux-killed.pcapng"));
    const client = spawnChild("tmux", ["-S", tap.path, "-C", "attach"]);
    client.stdout.resume();
    await expect.poll(clients).toContain("demo");
    const exited = once(client, "exit");
    await tap.stop("SIGKILL");
    expect((await exited)[0]).not.toBe(0);
    await expect.poll(clients).toBe("");
  });
});

/** A tap in the place of bgpd's RTR engine, with the ends of the parent and of the decision engine. */
async function tappedEngine(file: string) {
  const command = "exec:exec /usr/sbin/bgpd -T -d -v";
  const args = [cli, "tap", "--quiet", "--protocol", "bgpd", "--write", file, command];
  const { child, channel } = await spawn(process.execPath, args, {
    allowFdPass: true,
    maxSize: MAX_SIZE,
    spawn: { stdio: ["ignore", "ignore", "ignore"] },
  });
  const [theirs, ours] = rawSockets();
  const rde = fromSocket(new Socket({ fd: ours }), { maxSize: MAX_SIZE });
  await channel.send({ type: bgpdProtocol.messages.SOCKET_CONN_RTR.type, fd: theirs });
  return { child, channel, rde, exited: once(child, "exit") };
}

const { RECONF_CONF, RECONF_DONE } = bgpdProtocol.messages;

describe("a tap in the place of bgpd's RTR engine", () => {
  it("passes descriptors from the parent to the child, and ends with it", async () => {
    const file = join(folder.path, "engine.pcapng");
    const { channel, rde, exited } = await tappedEngine(file);
    await channel.send({ type: RECONF_CONF.type, data: new Uint8Array(240) });
    await channel.send({ type: RECONF_DONE.type });
    expect((await channel.receive())?.type).toBe(RECONF_DONE.type);
    expect((await rde.receive())?.type).toBeDefined();
    await rde.close();
    await channel.end();
    await exited;
    const lines = await recorded(file, "bgpd");
    expect(lines.slice(0, 4).map(({ from, name, fd }) => [from, name, fd ?? false])).toEqual([
      ["client", "SOCKET_CONN_RTR", true],
      ["client", "RECONF_CONF", false],
      ["client", "RECONF_DONE", false],
      ["daemon", "RECONF_DONE", false],
    ]);
  });

  it(`passes ${MANY} messages, and none is lost`, async () => {
    const file = join(folder.path, "engine-many.pcapng");
    const { channel, rde, exited } = await tappedEngine(file);
    const drained = (async () => {
      for await (const _ of rde) {
        // the engine stops if its decision engine reads nothing
      }
    })();
    const rounds = Math.ceil(MANY / 3);
    const data = new Uint8Array(240);
    const sending = (async () => {
      for (let i = 0; i < rounds; i++) {
        await channel.send({ type: RECONF_CONF.type, data });
        await channel.send({ type: RECONF_DONE.type });
      }
    })();
    for (let i = 0; i < rounds; i++) {
      if ((await channel.receive())?.type !== RECONF_DONE.type) throw new Error(`answer ${i}`);
    }
    await sending;
    await channel.end();
    await exited;
    await drained.catch(() => {}); // the engine may go with bytes unread
    const names = (await recorded(file, "bgpd")).map(({ from, name }) => `${from} ${name}`);
    const count = (what: string): number => names.filter((name) => name === what).length;
    expect(count("client RECONF_CONF")).toBe(rounds);
    expect(count("client RECONF_DONE")).toBe(rounds);
    expect(count("daemon RECONF_DONE")).toBe(rounds);
  }, 120_000);

  it("shows the parent and the child the end if it is killed", async () => {
    const { child, channel, rde, exited } = await tappedEngine(join(folder.path, "dead.pcapng"));
    await channel.send({ type: RECONF_CONF.type, data: new Uint8Array(240) });
    await channel.send({ type: RECONF_DONE.type });
    expect((await channel.receive())?.type).toBe(RECONF_DONE.type);
    const [engine] = childrenOf(child.pid!);
    expect(isAlive(engine!)).toBe(true);
    child.kill("SIGKILL");
    await exited;
    expect(await channel.receive().catch(() => undefined)).toBeUndefined();
    await expect.poll(() => isAlive(engine!)).toBe(false);
    await rde.close().catch(() => {});
  });
});
