// The tap between real programs, and its recordings in Wireshark.

import { type ChildProcess, execFileSync, spawn as spawnChild } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionBlock, packetBlock, sectionBlock } from "../../../ts/cli/recording.ts";
import { fromSocket, spawn } from "../../../ts/entry/node.ts";
import { bgpd as bgpdProtocol } from "../../../ts/protocols/bgpd/index.ts";
import { ldpd } from "../../../ts/protocols/ldpd.ts";
import { ntpd } from "../../../ts/protocols/ntpd.ts";
import { smtpd68, smtpd74 } from "../../../ts/protocols/smtpd/index.ts";
import { tmux as tmuxProtocol } from "../../../ts/protocols/tmux.ts";
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
afterAll(() => folder?.remove());

/** A tap in front of a daemon's socket. */
async function tapOf(real: string, protocol: string, file: string) {
  const path = join(folder.path, `${protocol}.sock`);
  const where = ["--listen", `unix:${path}`, "--to", `unix:${real}`];
  const args = [cli, "tap", "--quiet", "--protocol", protocol, "--write", file, ...where];
  const child: ChildProcess = spawnChild(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
  });
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
    async stop() {
      child.kill("SIGINT");
      await once(child, "exit");
    },
  };
}

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

  it("changes nothing of what bgpctl prints, and reads every field of every message", async () => {
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
});

describe("a tap in the place of bgpd's RTR engine", () => {
  it("passes descriptors from the parent to the child, and ends with it", async () => {
    const file = join(folder.path, "engine.pcapng");
    const command = "exec:exec /usr/sbin/bgpd -T -d -v";
    const args = [cli, "tap", "--quiet", "--protocol", "bgpd", "--write", file, command];
    const { child, channel } = await spawn(process.execPath, args, {
      allowFdPass: true,
      maxSize: MAX_SIZE,
      spawn: { stdio: ["ignore", "ignore", "ignore"] },
    });
    const exited = once(child, "exit");
    const parent = bgpdProtocol.on(channel);
    const [theirs, ours] = rawSockets();
    const rde = fromSocket(new Socket({ fd: ours }), { maxSize: MAX_SIZE });
    const { SOCKET_CONN_RTR, RECONF_CONF, RECONF_DONE } = bgpdProtocol.messages;
    await channel.send({ type: SOCKET_CONN_RTR.type, fd: theirs });
    await channel.send({ type: RECONF_CONF.type, data: new Uint8Array(240) });
    await channel.send({ type: RECONF_DONE.type });
    expect((await parent.receive())?.type).toBe(RECONF_DONE.type);
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
});

describe("the dissector for Wireshark", () => {
  const protocols = [bgpdProtocol, tmuxProtocol, smtpd68, smtpd74, ntpd, ldpd];

  it.each(protocols.map(({ name }) => name))(
    "names every message of %s as the command does",
    (name) => {
      const { messages, dialect } = protocols.find((each) => each.name === name)!;
      const all = Object.entries(messages as Record<string, { type: number }>);
      const file = join(folder.path, `${name}-all.pcapng`);
      const packets = all.map(([, { type }], i) => {
        const bytes = new Uint8Array(16 + (i % 5));
        const view = new DataView(bytes.buffer);
        view.setUint32(0, type, true);
        const marked = i % 3 === 0;
        const mark = dialect === "classic" ? 0x10000 : 0x80000000;
        view.setUint32(4, (bytes.length | (marked ? mark : 0)) >>> 0, true);
        view.setUint32(8, 77, true);
        view.setUint32(12, i, true);
        const direction = i % 2 === 0 ? ("send" as const) : ("receive" as const);
        return {
          bytes,
          marked,
          block: packetBlock({ connection: 1, direction, time: i, bytes, length: bytes.length }),
        };
      });
      writeFileSync(
        file,
        Buffer.concat([
          sectionBlock(),
          connectionBlock(1, dialect),
          ...packets.map(({ block }) => block),
        ]),
      );
      const fields = [
        "imsg.name",
        "imsg.type",
        "imsg.len",
        "imsg.fd",
        "imsg.peerid",
        "imsg.pid",
        "frame.packet_flags_direction",
      ];
      const script = join(top, "docs/wireshark/imsg.lua");
      const args = [
        "-X",
        `lua_script:${script}`,
        "-o",
        `imsg.protocol:${name}`,
        "-r",
        file,
        "-T",
        "fields",
      ];
      const printed = execFileSync(
        "tshark",
        [...args, ...fields.flatMap((field) => ["-e", field])],
        {
          encoding: "utf8",
          env: { ...process.env, HOME: folder.path },
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
      const rows = printed
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split("\t"));
      const expected = all.map(([each, { type }], i) => {
        const { bytes, marked } = packets[i]!;
        return [
          each,
          `${type}`,
          `${bytes.length}`,
          marked ? "1" : "0",
          "77",
          `${i}`,
          i % 2 === 0 ? "0x00000002" : "0x00000001",
        ];
      });
      expect(rows).toEqual(expected);
    },
  );
});
