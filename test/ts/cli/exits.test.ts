/** The packed command's input and output: control characters, long lines, empty variables. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { linesOf, longestLine } from "../../../ts/cli/lines.ts";
import { peerBinary } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed, run, start } from "./command.ts";

let folder: string;
let small: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-exits-"));
  small = join(folder, "small.bin");
  await writeFile(small, encode({ type: 1, pid: 2 }));
  return () => rm(folder, { recursive: true, force: true });
});

const echo = (): string => `exec:exec '${peerBinary()}' --fd 3 --mode echo`;

const ESCAPES = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r";

describe("the output of the command has no control characters", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
  const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
  const sources: [string, string[], string?][] = [
    ["the name of a file that is not there", ["dump", `/nonexistent/${ESCAPES}`]],
    ["an unknown command", [ESCAPES]],
    ["an unknown option", ["dump", `--${ESCAPES}`]],
    ["a value of an option", ["dump", "--max-size", ESCAPES]],
    ["a target", ["connect", `unix:/nonexistent/${ESCAPES}`]],
    ["a target of no kind", ["connect", ESCAPES]],
    ["--send", ["connect", "unix:/x", "--send", `{"${ESCAPES}`]],
    ["--until", ["connect", "unix:/x", "--until", ESCAPES]],
    ["a name", ["dump", "--type", `A${ESCAPES}=1`]],
    ["a file of a token", ["relay", "--to", "unix:/x", "--token-file", `/x${ESCAPES}`]],
    ["an origin", ["relay", "--to", "unix:/x", "--allow-origin", ESCAPES]],
  ];

  test.each(sources)("from %s", async (_what, args) => {
    const { status, stderr } = await run(packed, args);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(/^imsg: /);
    expect(stderr).not.toMatch(CONTROL);
  });

  test.each([`{"type":1,"${ESCAPES}":2}\n`, `${ESCAPES}\n`, `{"type":"${ESCAPES}"}\n`])(
    "from the line %j of stdin",
    async (line) => {
      const { status, stderr } = await run(packed, ["connect", echo()], line);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^imsg: stdin, line 1: /);
      expect(stderr).not.toMatch(CONTROL);
    },
  );

  /** A module of a protocol with escapes in its texts. */
  async function moduleWith(text: string): Promise<string> {
    const file = join(folder, `${text.length}.mjs`);
    const library = join(packed.folder, "protocol.js");
    const head = `import { cString, defineProtocol, struct, u32 } from ${JSON.stringify(library)};\n`;
    await writeFile(file, `${head}const escapes = ${JSON.stringify(ESCAPES)};\n${text}`);
    return file;
  }
  const PROTOCOL = `export default defineProtocol({ name: escapes, version: escapes, messages: {
    [escapes]: { type: 1, send: cString, receive: cString, note: escapes },
    TWO: { type: 2, send: struct({ [escapes]: u32 }, { name: escapes }) },
  } });`;

  test.each([
    ["an error that it throws", "throw new Error(escapes);"],
    ["a syntax error", "export default \u001b[2J;"],
    ["no protocol", "export default { describe: escapes };"],
  ])("from a protocol's file with %s", async (_what, text) => {
    const file = await moduleWith(text);
    for (const args of [
      ["protocols", file],
      ["dump", "--protocol", file, small],
    ]) {
      const { status, stderr } = await run(packed, args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^imsg: /);
      expect(stderr).not.toMatch(CONTROL);
    }
  });

  test("from the names of a protocol, of its messages and fields, and from text in payloads", async () => {
    const file = await moduleWith(PROTOCOL);
    const two = new Uint8Array(Uint32Array.of(7).buffer);
    const input = Buffer.concat([
      encode({ type: 1, data: Buffer.from(`${ESCAPES}\0`) }),
      encode({ type: 2, data: two }),
      encode({ type: 2, data: new Uint8Array(3) }),
    ]);
    const outputs = [await run(packed, ["protocols", file])];
    for (const json of [[], ["--json"]]) {
      outputs.push(await run(packed, ["dump", "--protocol", file, ...json], input));
    }
    for (const { status, stdout, stderr } of outputs) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).not.toMatch(CONTROL);
    }
    const [first] = outputs[2]!.stdout.split("\n");
    expect(JSON.parse(first!)).toMatchObject({ name: ESCAPES, payload: ESCAPES });
  });

  test.each(["IMSG_TOKEN", "FORCE_COLOR", "NO_COLOR", "TERM", "COLUMNS"])(
    "from the environment variable %s",
    async (name) => {
      const env = { [name]: ESCAPES };
      const failing = await run(packed, ["connect", "ws://127.0.0.1:1"], "", env);
      expect(failing.status).toBeGreaterThan(0);
      expect(failing.stderr).not.toMatch(CONTROL);
      if (name === "FORCE_COLOR") return; // any value turns colours on
      expect((await run(packed, ["dump", small], "", env)).stdout).not.toMatch(CONTROL);
    },
  );
});

describe("a line of stdin", () => {
  test("that no message can need is an error, and little of it is kept", async () => {
    const { child, ended } = start(packed, ["connect", echo(), "--max-size", "1k"]);
    const limit = longestLine(1024);
    const block = Buffer.alloc(1 << 20, "x");
    let peak = 0;
    for (let i = 0; i < 64 && child.exitCode === null; i++) {
      await new Promise((resolve) => child.stdin!.write(block, resolve));
      peak = Math.max(peak, await residentOf(child.pid!));
    }
    const { status, stderr } = await ended;
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `imsg: stdin, line 1: the line is longer than ${limit} bytes\n`,
    });
    expect(peak).toBeLessThan(200e6);
  });

  test("may be as long as the largest message needs, written in the longest way", async () => {
    const text = "\\u0000".repeat(16368);
    const args = ["connect", echo(), "--json", "--until", "7"];
    const { status, stdout } = await run(packed, args, `{"type":7,"text":"${text}"}\n`);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 7, len: 16384 });
  });

  test("is the same however the bytes are cut", async () => {
    const bytes = Buffer.from('{"a":"é"}\n\n  x\r\nlast');
    const lines = ['{"a":"é"}', "", "  x\r", "last"];
    for (let size = 1; size <= bytes.length; size++) {
      const pieces = async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      };
      const found: string[] = [];
      for await (const line of linesOf(pieces(), 10)) found.push(line);
      expect(found).toEqual(lines);
      await expect(async () => {
        for await (const _ of linesOf(pieces(), 9)) {
          // the first line has ten bytes
        }
      }).rejects.toThrow("longer than 9 bytes");
    }
  });
});

/** Resident memory of a process in bytes; 0 once it has ended. */
async function residentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "0 0");
  return Number(text.split(" ")[1]) * 4096;
}

describe.concurrent("an exec target", () => {
  /** A command whose shell starts a process of the same group, writes its pid and acts. */
  const leader = (file: string, rest: string): string =>
    `exec:trap '' TERM; sleep 600 3>&- & echo $! > ${file}; ${rest}`;

  const alive = async (file: string): Promise<boolean> => {
    const pid = (await readFile(file, "utf8")).trim();
    if (!existsSync(`/proc/${pid}`)) return false;
    // a container's first process may collect no orphans
    return !/^State:\s+Z/m.test(
      await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State: Z"),
    );
  };

  test.for([
    ["whose leader exits at once", "exit 0", []],
    [
      "whose leader goes on",
      `exec '${peerBinary()}' --fd 3 --mode echo`,
      ["--send", '{"type":1}', "--until", "1"],
    ],
  ] as [string, string, string[]][])(
    "%s ends with its whole group",
    async ([name, rest, args], { expect }) => {
      const file = join(folder, `pid-${name.length}`);
      await run(packed, ["connect", leader(file, rest), ...args]);
      expect(await alive(file)).toBe(false);
    },
  );

  test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "ends with its whole group on %s",
    async (name, { expect, onTestFinished }) => {
      const file = join(folder, `pid-${name}`);
      const { child, ended } = start(packed, ["connect", leader(file, "sleep 600")]);
      onTestFinished(() => void child.kill("SIGKILL"));
      while (!existsSync(file) || (await readFile(file, "utf8")) === "")
        await new Promise((r) => setTimeout(r, 20));
      child.kill(name);
      expect((await ended).status).toBe(130);
      expect(await alive(file)).toBe(false);
    },
  );
});

describe("an environment variable that is empty counts as unset", () => {
  test.each(["IMSG_TOKEN", "FORCE_COLOR", "NO_COLOR"])("%s", async (name) => {
    for (const args of [["dump", small], ["connect", "ws://127.0.0.1:1"], ["--help"]]) {
      const [empty, unset] = [await run(packed, args, "", { [name]: "" }), await run(packed, args)];
      expect(empty).toEqual(unset);
    }
  });

  test("for the token of connect and relay", async () => {
    const args = ["connect", echo(), "--send", '{"type":1}', "--until", "1"];
    expect((await run(packed, args, "", { IMSG_TOKEN: "" })).status).toBe(0);
    const { status, stderr } = await run(packed, ["connect", "ws://127.0.0.1:1"], "", {
      IMSG_TOKEN: "",
    });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("for colours", async () => {
    const { stdout } = await run(packed, ["dump", small], "", { FORCE_COLOR: "" });
    expect(stdout).not.toContain("\u001b");
  });

  test("and a bad token is reported with the variable or the option that holds it", async () => {
    const target = ["connect", "ws://127.0.0.1:1"];
    const env = { IMSG_TOKEN: "no pe" };
    expect((await run(packed, target, "", env)).stderr).toMatch(/^imsg: IMSG_TOKEN: a token has/);
    for (const token of ["no pe", ""]) {
      const { status, stderr } = await run(packed, [...target, "--token", token], "", env);
      expect({ token, status }).toEqual({ token, status: 2 });
      expect(stderr).toMatch(/^imsg: --token: a token has/);
    }
    // a Unix socket takes no token
    const args = ["connect", echo(), "--send", '{"type":1}', "--until", "1"];
    expect((await run(packed, args, "", env)).status).toBe(0);
  });
});
