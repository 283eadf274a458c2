import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { listen } from "../../../ts/entry/node.ts";
import { bgpd, CtlShowRib } from "../../../ts/protocols/bgpd/index.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed, run } from "./command.ts";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "imsg-protocols-"));
afterAll(() => rmSync(folder, { recursive: true }));

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** A module of a user's, which makes a protocol with the packed library. */
const mine = join(folder, "mine.mjs");
writeFileSync(
  mine,
  `import { defineProtocol, struct, u32, u64, bytes } from "${join(packed.folder, "protocol.js")}";
   const Point = struct({ x: u32, big: u64, raw: bytes(2) }, { name: "point" });
   export const other = 1;
   export const points = defineProtocol({ name: "points", messages: {
     POINT: { type: 7, send: Point, receive: Point },
   } });`,
);

describe("imsg protocols", () => {
  test("lists the protocols that ship", async () => {
    const { status, stdout } = await run(packed, ["protocols"]);
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "bgpd",
      "tmux",
      "smtpd",
      "smtpd74",
      "ntpd",
      "ldpd",
      "",
    ]);
  });

  test("prints the messages and layouts of one, also of a module's", async () => {
    const { stdout } = await run(packed, ["protocols", "bgpd"]);
    expect(stdout).toMatch(/^ +13 {2}SHOW_NEIGHBOR +> struct ctl_neighbor {2}< struct peer$/m);
    expect(stdout).toMatch(/^struct peer \(lp64\): 2144 bytes, aligned to 8$/m);
    expect(stdout).toMatch(/^ +2112 +4 {2}state: enum u32$/m);
    expect((await run(packed, ["protocols", mine])).stdout).toContain(
      "struct point (lp64): 24 bytes",
    );
  });

  test.each([
    ["nosuch", /nosuch: a protocol is bgpd, tmux, smtpd, smtpd74, ntpd, ldpd, or a module's file/],
    [join(folder, "absent.mjs"), /absent\.mjs: Cannot find module/],
    [
      fileURLToPath(new URL("../../../scripts/lib/run.mjs", import.meta.url)),
      /exports nothing that defineProtocol has made/,
    ],
  ])("refuses %s", async (name, why) => {
    const { status, stderr } = await run(packed, ["protocols", name]);
    expect(status).toBe(2);
    expect(stderr).toMatch(why);
  });
});

describe("--protocol", () => {
  test.each([
    [
      "bgpd",
      "bgpd88-show-neighbor.server.bin",
      "SHOW_NEIGHBOR",
      { conf: { remote_addr: "127.0.0.2", descr: "peer-a", remote_as: 65002 } },
    ],
    ["bgpd", "bgpd88-show-neighbor.client.bin", "SHOW_NEIGHBOR", undefined],
    [
      "bgpd",
      "bgpd88-show-rib-prefix.client.bin",
      "SHOW_RIB_PREFIX",
      { prefix: "198.51.100.0", prefixlen: 24 },
    ],
    [
      "bgpd",
      "bgpd88-show-rib-prefix.server.bin",
      "SHOW_RIB",
      { prefix: "198.51.100.0", prefixlen: 24, origin: "IGP", aspath: "" },
    ],
    ["bgpd", "bgpd88-show-rib-mem.server.bin", "SHOW_RIB_MEM", {}],
    ["ntpd", "ntpd62-status.server.bin", "SHOW_STATUS", { peercnt: 0, synced: 0 }],
    [
      "smtpd",
      "smtpd68-show-stats.server.bin",
      "GET_STATS",
      { key: "control.session", val: { type: "COUNTER", u: { counter: 1 } } },
    ],
    ["tmux", "tmux33a-list-sessions.server.bin", "WRITE_OPEN", { stream: 1, fd: 1 }],
  ])("%s shows the fields of %s", async (protocol, file, name, payload) => {
    const { status, stdout, stderr } = await run(packed, [
      "dump",
      "--json",
      "--protocol",
      protocol,
      fixture(file),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [first] = linesOf(stdout);
    expect(first).toMatchObject({ name, ...(payload && { payload }) });
    expect(linesOf(stdout).filter((line) => "problem" in line)).toEqual([]);
  });

  test("prints fields as a tree, and bytes where they do not fit, with the reason", async () => {
    const data = CtlShowRib.encode({
      prefix: "10.0.0.0",
      prefixlen: 8,
      flags: ["BEST"],
      aspath: "1 { 2 3 }",
    });
    const good = encode({ type: 16, pid: 5, data });
    const bad = encode({ type: 16, pid: 5, data: new Uint8Array(3) });
    const { stdout } = await run(
      packed,
      ["dump", "--protocol", "bgpd"],
      Buffer.concat([good, bad]),
    );
    expect(stdout.split("\n").slice(2, 13)).toEqual([
      "          prefix: 10.0.0.0",
      "          flags: BEST",
      "          prefixlen: 8",
      "          origin: IGP",
      "          roa_validation_state: NOTFOUND",
      "          aspa_validation_state: UNKNOWN",
      "          aspath: 1 { 2 3 }",
      expect.stringMatching(/^ +1 +424 +16 SHOW_RIB +19 +0 +5$/),
      expect.stringContaining(
        "SHOW_RIB of OpenBGPD 8.8: struct ctl_show_rib has at least 392 bytes (lp64), and the payload 3",
      ),
      "          00000000  00 00 00                                          |...|",
      "",
    ]);
  });

  test("connect sends payloads by their fields, absent ones as zero, and shows the answers", async () => {
    const got: unknown[] = [];
    const path = join(folder, "daemon.sock");
    const server = await listen(
      { path },
      async (channel) => {
        const typed = bgpd.on(channel, { side: "server" });
        for await (const message of typed) {
          got.push([message.name, message.payload, message.pid]);
          await typed.send("SHOW_RIB", { prefix: "10.0.0.0", prefixlen: 8, age: 7, aspath: "1 2" });
          await typed.send("END");
        }
        await channel.close();
      },
      bgpd.options,
    );
    const requests = join(folder, "requests.jsonl");
    writeFileSync(
      requests,
      '{"type":"SHOW_RIB_PREFIX","payload":{"prefix":"10.0.0.0","prefixlen":8}}\n\n',
    );
    const { status, stdout } = await run(packed, [
      ...["connect", `unix:${path}`, "--json", "--protocol", "bgpd", "--timestamps", "--pid", "77"],
      ...["--send", `@${requests}`, "--until", "END"],
    ]);
    await server.close();
    expect(status).toBe(0);
    expect(got).toMatchObject([
      ["SHOW_RIB_PREFIX", { prefix: "10.0.0.0", prefixlen: 8, rib: "", aid: "UNSPEC" }, 77],
    ]);
    expect(linesOf(stdout)).toMatchObject([
      {
        name: "SHOW_RIB",
        payload: { prefix: "10.0.0.0", age: 7, aspath: "1 2" },
        time: expect.stringMatching(/^20\d\d-.*Z$/),
      },
      { name: "END" },
    ]);
  });

  test("sends lines that dump prints of a module's protocol, with exact 64-bit numbers and bytes", async () => {
    const message = { type: 7, peerid: 0, pid: 3 };
    const data = Buffer.alloc(24);
    data.writeUInt32LE(1, 0);
    data.writeBigUInt64LE(2n ** 63n + 1n, 8);
    data.set([0xab, 0xcd], 16);
    const wire = encode({ ...message, data });
    const { stdout } = await run(packed, ["dump", "--json", "--protocol", mine], wire);
    const [line] = linesOf(stdout);
    expect(line!.payload).toEqual({ x: 1, big: "9223372036854775809", raw: "abcd" });
    const { parseMessage } = await import("../../../ts/cli/message.ts");
    const { TypeNames } = await import("../../../ts/cli/values.ts");
    const { points } = await import(mine);
    const { data: _bytes, ...fields } = line!;
    const again = parseMessage(JSON.stringify(fields), new TypeNames(), points);
    expect(Buffer.from(again.data as Uint8Array)).toEqual(data);
  });

  test("a message may be written as its name and the fields of its payload", async () => {
    const { parseMessage } = await import("../../../ts/cli/message.ts");
    const { TypeNames } = await import("../../../ts/cli/values.ts");
    const names = new TypeNames();
    names.addProtocol(bgpd);
    for (const [short, long] of [
      ["SHOW_RIB_MEM", '{"type":"SHOW_RIB_MEM"}'],
      ["SHOW_RIB", '{"type":"SHOW_RIB"}'],
      ['SHOW_RIB {"rib":"x"}', '{"type":"SHOW_RIB","payload":{"rib":"x"}}'],
      ['16{"rib":"x"} ', '{"type":16,"payload":{"rib":"x"}}'],
    ] as const) {
      expect(parseMessage(short, names, bgpd)).toEqual(parseMessage(long, names, bgpd));
    }
  });

  test.each([
    [
      '{"type":"SHOW_RIB","payload":{"prefx":"10.0.0.0"}}',
      /ctl_show_rib_request: there is no field "prefx"/,
    ],
    [
      '{"type":"SHOW_RIB","payload":{"prefixlen":256}}',
      /ctl_show_rib_request\.prefixlen: 256 is not within 0 and 255/,
    ],
    ['{"type":"SHOW_RIB","payload":{"prefix":"10.0.0"}}', /prefix: "10\.0\.0" is no IP address/],
    ['{"type":"SHOW_TIMER","payload":{}}', /bgpd: clients do not send SHOW_TIMER/],
    ['{"type":999,"payload":{}}', /bgpd has no message of type 999/],
  ])("refuses %s before it connects", async (message, why) => {
    const { status, stderr } = await run(packed, [
      "connect",
      "unix:/nonexistent",
      "--protocol",
      "bgpd",
      "--send",
      message,
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(why);
  });
});

test("the mark of a descriptor in a header is shown, in either dialect", async () => {
  for (const dialect of ["current", "classic"] as const) {
    const wires = [true, false].map((hasFd) => encode({ type: 1, pid: 5, hasFd }, dialect));
    const args = ["dump", "--dialect", dialect];
    const { stdout } = await run(packed, [...args, "--json"], Buffer.concat(wires));
    expect(linesOf(stdout).map(({ fd }) => fd ?? false)).toEqual([true, false]);
    const table = (await run(packed, args, Buffer.concat(wires))).stdout.split("\n");
    expect(table.slice(1, 3).map((line) => line.endsWith("  fd"))).toEqual([true, false]);
  }
});

/** The lines of the hexdump of 20 bytes. */
async function hexdumpOf(...args: string[]): Promise<string[]> {
  const data = Uint8Array.from({ length: 20 }, (_, i) => 65 + i);
  const { stdout } = await run(packed, ["dump", ...args], encode({ type: 1, pid: 5, data }));
  return stdout.split("\n").slice(2, -1);
}

describe("--width", () => {
  test.each([
    [[], 88, 2],
    [["--width", "88"], 88, 2],
    [["--width", "87"], 80, 2], // the margin is narrower
    [["--width", "80"], 80, 2],
    [["--width", "79"], 55, 3], // 8 bytes a line
    [["--width", "1"], 55, 3],
    [["--width", "200"], 187, 1],
  ])("%j makes lines of %i columns", async (args, columns, lines) => {
    const found = await hexdumpOf(...args);
    expect(found.length).toBe(lines);
    const longest = Math.max(...found.map((line) => line.length));
    // 20 bytes do not fill a line of 40
    expect(longest).toBe(columns === 187 ? 187 - 20 : columns);
  });
});

test("repeated lines of a hexdump are folded, and the last one is always there", async () => {
  const data = Buffer.concat([Buffer.alloc(64), Buffer.from("end"), Buffer.alloc(61)]);
  const { stdout } = await run(packed, ["dump"], encode({ type: 1, pid: 5, data }));
  expect(
    stdout
      .split("\n")
      .slice(2)
      .map((line) => line.trim().slice(0, 8)),
  ).toEqual(["00000000", "*", "00000040", "00000050", "*", "00000070", ""]);
});
