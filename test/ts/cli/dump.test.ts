import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { supports } from "../../../ts/cli/dialect.ts";
import { progressText } from "../../../ts/cli/progress.ts";
import { peerPayload } from "../../helpers/peer.ts";
import { concat, decode, encode, type ReferenceMessage } from "../../oracle/reference/codec.ts";
import { packed as bundle, run, start, temporaryFile } from "./command.ts";

const fixtures = fileURLToPath(new URL("../../fixtures", import.meta.url));
const captures = readdirSync(fixtures).filter((name) => name.endsWith(".bin"));
const path = (name: string) => join(fixtures, name);

interface Line {
  n: number;
  offset: number;
  type: number;
  name?: string;
  len: number;
  peerid: number;
  pid: number;
  data: string;
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** The messages that the independent decoder reads, in the command's format. */
function expected(messages: readonly ReferenceMessage[]) {
  let offset = 0;
  return messages.map(({ type, len, peerid, pid, data }, n) => {
    const at = offset;
    offset += len;
    return { n, offset: at, type, len, peerid, pid, data: Buffer.from(data).toString("hex") };
  });
}

const good = [0, 3, 16, 100].map((size, i) =>
  encode({ type: 10 + i, peerid: i, pid: 99, data: peerPayload(i, size) }),
);
const goodBytes = concat(good);

describe("imsg dump --json", () => {
  test("there are captures", () => {
    expect(captures.length).toBeGreaterThan(10);
  });

  test.each(captures)("reads %s as the independent decoder does", async (name) => {
    const { status, stdout, stderr } = await run(bundle, ["dump", "--json", path(name)]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { messages, rest } = decode(readFileSync(path(name)));
    expect(rest).toBe(0);
    const lines = linesOf(stdout).map(({ fd: _fd, ...line }: Line & { fd?: boolean }) => line);
    expect(lines).toEqual(expected(messages));
  });

  test("reads stdin, named or not, and names types", async () => {
    const names = ["--type", "TEN=10,ELEVEN=0xb", "--type=THIRTEEN=13"];
    for (const args of [["-"], []]) {
      const { status, stdout } = await run(
        bundle,
        ["dump", "--json", ...names, ...args],
        goodBytes,
      );
      expect(status).toBe(0);
      const shown = linesOf(stdout).map(({ type, name }) => [type, name]);
      expect(shown).toEqual([
        [10, "TEN"],
        [11, "ELEVEN"],
        [12, undefined],
        [13, "THIRTEEN"],
      ]);
    }
  });

  test("reads nothing as nothing", async () => {
    expect(await run(bundle, ["dump", "--json"])).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test("lets longer messages through if asked", async () => {
    const long = encode({ type: 1, pid: 5, data: peerPayload(0, 131072 - 16) });
    const refused = await run(bundle, ["dump", "--json"], long);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("--max-size 131072 would accept it");
    const { status, stdout } = await run(bundle, ["dump", "--json", "--max-size", "128k"], long);
    expect(status).toBe(0);
    expect(linesOf(stdout)[0]!.len).toBe(131072);
  });

  test("recognizes the classic mark of a descriptor", async () => {
    const marked = encode({ type: 1, pid: 5, hasFd: true }, "classic");
    const { status, stderr } = await run(bundle, ["dump"], marked);
    expect(status).toBe(1);
    expect(stderr).toContain("descriptor's mark in the classic dialect");
    const classic = await run(bundle, ["dump", "--json", "--dialect", "classic"], marked);
    // the library either supports the dialect or refuses it
    if (supports("classic")) expect(linesOf(classic.stdout)).toMatchObject([{ type: 1, len: 16 }]);
    else
      expect(classic).toMatchObject({ status: 2, stderr: /classic dialect is not supported yet/ });
  });
});

describe("a stream that is", () => {
  const header = (len: number) => {
    const bytes = encode({ type: 7, peerid: 8, pid: 9 });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, len, true);
    return bytes;
  };
  const cases: [string, Uint8Array, string[]][] = [
    [
      "cut in a header",
      good[1]!.subarray(0, 5),
      [
        `cut at byte ${goodBytes.length + 5}, inside message 4, at byte ${goodBytes.length}:`,
        "5 of 16",
      ],
    ],
    [
      "cut in a payload",
      good[3]!.subarray(0, 50),
      [
        `cut at byte ${goodBytes.length + 50}, inside message 4, at byte ${goodBytes.length}:`,
        "50 of 116",
      ],
    ],
    [
      "bad with a length too short",
      concat([header(15), new Uint8Array(5000)]),
      [`bad header of message 4, at byte ${goodBytes.length}:`, "ERANGE", "len 15"],
    ],
    [
      "bad with a length too long",
      header(16385),
      [`bad header of message 4, at byte ${goodBytes.length}:`, "ERANGE", "len 16385"],
    ],
  ];

  test.each(cases)(
    "%s shows every good message, then where and why",
    async (_what, rest, words) => {
      const bytes = concat([goodBytes, rest]);
      const { status, stdout, stderr } = await run(bundle, ["dump", "--json"], bytes);
      expect(status).toBe(1);
      expect(linesOf(stdout)).toEqual(expected(decode(goodBytes).messages));
      for (const word of words) expect(stderr).toContain(word);
      // the header itself, as far as there is one
      const hex = Buffer.from(rest.subarray(0, 5)).toString("hex").match(/../g)!.join(" ");
      expect(stderr).toContain(`00000000  ${hex}`);
    },
  );

  test("bad in its second chunk prints the place in the stream", async () => {
    const many = concat(Array.from({ length: 2000 }, () => good[3]!));
    const bytes = concat([many, header(3), many]);
    const file = temporaryFile("bad.bin", bytes);
    const { status, stdout, stderr } = await run(bundle, ["dump", "--json", file]);
    expect(status).toBe(1);
    expect(linesOf(stdout).length).toBe(2000);
    expect(stderr).toContain(`bad header of message 2000, at byte ${many.length}:`);
    expect(stderr).toContain("00000000  07 00 00 00 03 00 00 00  08 00 00 00 09 00 00 00");
  });

  test("cut at any byte is an error with the place", async () => {
    // in this process: 17 starts of the command would only take time
    const { Position } = await import("../../../ts/inspect/position.ts");
    const { ImsgCodec } = await import("../../../ts/entry/index.ts");
    const bytes = concat([good[1]!, good[1]!]);
    const codec = new ImsgCodec();
    const position = new Position();
    for (let i = 0; i < bytes.length; i++) {
      const chunk = bytes.slice(i, i + 1);
      position.advance(chunk, codec.push(chunk));
      const into = (i + 1) % 19;
      expect(position).toMatchObject({
        end: i + 1,
        messages: Math.floor((i + 1) / 19),
        start: i + 1 - into,
        header: good[1]!.slice(0, Math.min(into, 16)),
      });
    }
    codec.dispose();
  });
});

describe("the table", () => {
  const table = `       #          offset  type                                 len      peerid         pid  fd
       0               0  10 TEN                                16           0          99
       1              16  11                                    19           1          99
          00000000  1f 26 2d                                          |.&-|
       2              35  12                                    32           2          99
          00000000  3e 45 4c 53 5a 61 68 6f  76 7d 84 8b 92 99 a0 a7  |>ELSZahov}......|
       3              67  13                                   116           3          99
          00000000  5d 64 6b 72 79 80 87 8e  95 9c a3 aa b1 b8 bf c6  |]dkry...........|
          00000010  cd d4 db e2                                       |....|
          … 80 more bytes
`;

  test("has a line for each message and a hexdump, and no colours for a file", async () => {
    const args = ["dump", "--type", "TEN=10", "--bytes", "20"];
    const { status, stdout } = await run(bundle, args, goodBytes);
    expect(stdout).toBe(table);
    expect(status).toBe(0);
    expect((await run(bundle, args, goodBytes, { FORCE_COLOR: "0" })).stdout).toBe(table);
  });

  test("cuts no cell: one that is wider than its column moves the others", async () => {
    const name = `WIDE_${"W".repeat(40)}`;
    const args = ["dump", "--type", `${name}=11`, "--bytes", "1"];
    const lines = (await run(bundle, args, goodBytes)).stdout.split("\n");
    const before = table.split("\n");
    expect(lines[0]).toBe(before[0]);
    expect(lines[2]).toBe(
      `       1              16  11 ${name}          19           1          99`,
    );
  });

  test.each([
    ["--color", ["--color"], {}, true],
    ["FORCE_COLOR", [], { FORCE_COLOR: "1" }, true],
    ["--no-color over FORCE_COLOR", ["--no-color"], { FORCE_COLOR: "1" }, false],
    ["nothing", [], {}, false],
  ] as const)("has colours or not with %s", async (_what, args, env, colours) => {
    const { stdout } = await run(bundle, ["dump", ...args], goodBytes, env);
    expect(stdout.includes("\u001b[1m")).toBe(colours);
    const plain = stripVTControlCharacters(stdout);
    expect(plain).toContain("  1f 26 2d    ");
  });

  test("has colours on a terminal, unless NO_COLOR says no", async () => {
    for (const [NO_COLOR, colours] of [
      ["", true],
      ["1", false],
    ] as const) {
      const command = `'${process.execPath}' '${join(bundle.folder, "cli.js")}' dump '${path("ntpd62-status.client.bin")}'`;
      const script = spawn("script", ["-qec", command, "/dev/null"], {
        env: { PATH: process.env.PATH, TERM: "xterm", NO_COLOR },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let seen = "";
      script.stdout.setEncoding("utf8").on("data", (text: string) => {
        seen += text;
      });
      const status = await new Promise((resolve, reject) => {
        script.once("error", reject);
        script.once("close", resolve);
      });
      expect(status).toBe(0);
      expect(seen).toContain("19195");
      expect(seen.includes("\u001b[1m")).toBe(colours);
    }
  });

  test("is safe for a terminal, whatever the payload is", async () => {
    const evil = encode({
      type: 1,
      pid: 2,
      data: Buffer.from("\u001b]0;owned\u0007\u009b2J\n\r\t"),
    });
    const { stdout } = await run(bundle, ["dump"], evil);
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

describe("imsg dump", () => {
  test("names the input that it cannot read", async () => {
    for (const file of ["/nonexistent/x.bin", fixtures]) {
      const { status, stderr } = await run(bundle, ["dump", file]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^imsg: .*(ENOENT|EISDIR)/);
    }
  });

  test("stops quietly when the reader of its output has gone", async () => {
    const file = temporaryFile("long.bin", concat(Array.from({ length: 20000 }, () => good[3]!)));
    const command = start(bundle, ["dump", "--json", file]);
    await new Promise((resolve) => command.child.stdout!.once("data", resolve));
    command.child.stdout!.destroy();
    const { status, stderr } = await command.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("shows the progress of a long input on stderr only, and erases it at the end", async () => {
    const command = start(bundle, ["dump", "--json", "--progress", "-"]);
    const { stdin } = command.child;
    // long in time
    while (!command.stderr().includes("messages")) {
      stdin!.write(good[3]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stdin!.end();
    const { status, stdout, stderr } = await command.ended;
    expect(status).toBe(0);
    expect(stderr).toMatch(/\d+ kB, \d+ messages/);
    expect(stderr.endsWith("\r\u001b[K")).toBe(true);
    expect(linesOf(stdout).length).toBeGreaterThan(0);
    expect(progressText(2_500_000, 1234, 10_000_000)).toBe("25 % of 10.0 MB, 1,234 messages");
    const quiet = await run(bundle, ["dump", "--json"], goodBytes);
    expect(quiet.stderr).toBe("");
  });
});
