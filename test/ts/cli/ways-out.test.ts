/**
 * Every way out of the packed command: each subcommand, with each stream full, closed or without a
 * reader. Success is decided after the last byte is written, and nothing ends in a stack trace.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, type OnTestFinishedHandler, test } from "vitest";
import { Output } from "../../../ts/cli/output.ts";
import { createProgram } from "../../../ts/cli/program.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { peerBinary } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed } from "./command.ts";

const cli = join(packed.folder, "cli.js");
const folder = await mkdtemp(join(tmpdir(), "imsg-ways-out-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const [small, large, cut] = ["small", "large", "cut"].map((name) =>
  join(folder, `${name}.bin`),
) as [string, string, string];
const one = encode({ type: 1, pid: 2, data: new Uint8Array(4000) });
await writeFile(small, encode({ type: 1, pid: 2 }));
await writeFile(large, Buffer.concat(Array(500).fill(one)));
await writeFile(cut, one.subarray(0, 100));

/** Runs a line of shell with the command as `imsg`. */
function shell(line: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, TERM: "xterm", IMSG: cli, NODE: process.execPath };
  const text = `imsg() { "$NODE" "$IMSG" "$@"; }\n${line}`;
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", text], { env, timeout: 50_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The subcommands, as the program itself knows them. */
const subcommands = (() => {
  const streams = {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  };
  const output = new Output(streams.stdout);
  const program = createProgram("0", { ...streams, env: {} }, output, () => {});
  return program.commands.map((each) => each.name());
})();

const target = `"exec:exec '${peerBinary()}' --fd 3 --mode echo"`;

/** Command lines that print to stdout and succeed, one of each kind. */
const kinds = [
  "--help",
  "protocols bgpd",
  `dump --json ${large}`,
  `connect ${target} --json --send '{"type":5}' --until 5`,
];

/** All the others. */
const printing = [
  "help",
  "help tap",
  "--version",
  ...subcommands.map((name) => `${name} --help`),
  "protocols",
  `dump ${small}`,
  `dump --json ${small}`,
  `dump --protocol bgpd ${small}`,
  `connect ${target} --send '{"type":5}' --until 5`,
];

/** Command lines that fail, with their status. */
const failing: [string, number][] = [
  ["", 2],
  ["frobnicate", 2],
  ["dump --frobnicate", 2],
  ["protocols nosuch", 2],
  ["dump /nonexistent", 1],
  [`dump ${folder}`, 1],
  [`dump ${cut}`, 1],
  ["connect unix:/nonexistent", 1],
  ["connect tcp:127.0.0.1:1", 1],
  ["connect ws://127.0.0.1:1", 1],
  ["tap exec:true 3<&-", 2],
  [`tap --listen unix:${folder}/t --to unix:/x --write /nonexistent/file`, 1],
  [`tap --listen unix:/nonexistent/t --to unix:/x`, 1],
];

test("there are subcommands", () => {
  expect(subcommands).toEqual(
    expect.arrayContaining(["dump", "connect", "tap", "protocols", "relay"]),
  );
});

/** Runs a line whose stdout has a reader that leaves, and prints the status to stderr. */
const leaving = (args: string, reader: string): string =>
  `{ imsg ${args} </dev/null; echo "status $?" >&2; } | ${reader}`;

describe.concurrent.each([...kinds, ...printing])("imsg %s", (args) => {
  test("exits with 1 and the reason when its output cannot be written", async ({ expect }) => {
    const { status, stderr } = await shell(`imsg ${args} </dev/null >/dev/full`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^imsg: [^\n]*ENOSPC[^\n]*\n$/),
    });
  });

  test("exits with 0 and no word when its output has no reader", async ({ expect }) => {
    expect((await shell(leaving(args, "true"))).stderr).toBe("status 0\n");
  });
});

describe.concurrent.each(kinds)("imsg %s", (args) => {
  test("exits with 0 and no word when the reader leaves after a line", async ({ expect }) => {
    expect((await shell(leaving(args, "head -1"))).stderr).toBe("status 0\n");
  });

  test("exits by itself when stderr cannot be written, and when streams are closed", async ({
    expect,
  }) => {
    const full = `{ imsg ${args} </dev/null 2>&3 >/dev/full; echo "status $?"; } 3>/dev/full`;
    expect((await shell(full)).stdout).toBe("status 1\n");
    const closed = await shell(`imsg ${args} </dev/null >&- 2>&-; echo "status $?"`);
    expect(closed.stdout).toBe("status 0\n");
  });
});

describe.concurrent.each(failing)("imsg %s", (args, status) => {
  test(`exits with ${status} and a reason, and without a trace`, async ({ expect }) => {
    const { stdout, stderr } = await shell(`imsg ${args} </dev/null; echo "status $?"`);
    expect(stdout.split("\n").at(-2)).toBe(`status ${status}`);
    expect(stderr).toMatch(/^(imsg: |Usage: )/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  test(`exits with ${status} although stderr cannot be written`, async ({ expect }) => {
    const { stdout } = await shell(`imsg ${args} </dev/null 2>/dev/full; echo "status $?"`);
    expect(stdout.split("\n").at(-2)).toBe(`status ${status}`);
  });
});

/** One message, and then silence while stdin stays open: no other message would show the error. */
describe.concurrent("imsg connect to a peer that falls silent", () => {
  const args = `connect ${target} --json --send '{"type":5}'`;

  test("exits with 1 and the reason when its output cannot be written", async ({ expect }) => {
    const { status, stderr } = await shell(`sleep 1 | { imsg ${args} >/dev/full; exit $?; }`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^imsg: standard output: ENOSPC[^\n]*\n$/),
    });
  });

  test("exits with 0 and no word when its output has no reader", async ({ expect }) => {
    const line = `sleep 1 | { imsg ${args}; echo "status $?" >&2; } | true`;
    expect((await shell(line)).stderr).toBe("status 0\n");
  });
});

type Finished = (fn: OnTestFinishedHandler) => void;

/** Sends messages through a tap with an output of its own; returns how it ends after SIGINT. */
async function tapped(finished: Finished, stdout: "pipe" | number, ...args: string[]) {
  const path = await mkdtemp(join(folder, "tap-"));
  const server = await listen({ path: `${path}/real` }, async (channel) => {
    for await (const { type, data } of channel) await channel.send({ type, data });
    await channel.close();
  });
  finished(() => void server.close());
  const where = ["--listen", `unix:${path}/tap`, "--to", `unix:${path}/real`];
  const child = spawn(process.execPath, [cli, "tap", ...args, ...where], {
    stdio: ["ignore", stdout, "pipe"],
  });
  finished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout?.destroy();
  while (!stderr.includes("tapping")) await once(child.stderr!, "data");
  const client = await connect({ path: `${path}/tap` });
  const data = new Uint8Array(1000);
  let passed = 0;
  for (let i = 0; i < 500; i++) {
    await client.send({ type: i, data });
    if ((await client.receive())?.type === i) passed++;
  }
  await client.close();
  child.kill("SIGINT");
  const [status] = await once(child, "close");
  return { status, passed, stderr };
}

describe.concurrent("imsg tap", () => {
  test("passes every message although its output cannot be written, and exits with 1", async ({
    expect,
    onTestFinished,
  }) => {
    for (const args of [[], ["--json"]]) {
      const full = openSync("/dev/full", "w");
      const { status, passed, stderr } = await tapped(onTestFinished, full, ...args);
      expect({ status, passed }).toEqual({ status: 1, passed: 500 });
      expect(stderr).toMatch(/^imsg: standard output: ENOSPC/m);
    }
  });

  test("passes every message although the reader of its output has left", async ({
    expect,
    onTestFinished,
  }) => {
    const { status, passed, stderr } = await tapped(onTestFinished, "pipe", "--json");
    expect({ status, passed }).toEqual({ status: 130, passed: 500 });
    expect(stderr).not.toContain("EPIPE");
  });

  test("passes every message although it cannot record, reports that once, and exits with 1", async ({
    expect,
    onTestFinished,
  }) => {
    const args = ["--quiet", "--write", "/dev/full"];
    const { status, passed, stderr } = await tapped(onTestFinished, "pipe", ...args);
    expect({ status, passed }).toEqual({ status: 1, passed: 500 });
    expect(stderr.match(/ENOSPC/g)).toHaveLength(1);
    expect(stderr).toMatch(/^imsg: \/dev\/full: ENOSPC.*: nothing more is recorded$/m);
  });
});

test("nothing but Output writes to stdout", () => {
  const top = fileURLToPath(new URL("../../../ts/cli", import.meta.url));
  const sources = readdirSync(top, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  expect(sources.length).toBeGreaterThan(30);
  const found = sources.filter((name) =>
    /stdout\.(write|end)\(/.test(readFileSync(join(top, name), "utf8")),
  );
  expect(found).toEqual([]);
});
