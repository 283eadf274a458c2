import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { OLD_BGPD, type RunningBgpd, startBgpd } from "./bgpd.ts";
import { startCutter } from "./cutter.ts";
import { every, wrong } from "./every.ts";
import { commands } from "./examples.ts";
import { type RunningTmux, startTmux } from "./tmux.ts";

// many processes, one after the other on a busy machine
vi.setConfig({ testTimeout: 240_000 });

const NEIGHBORS = `
network 192.0.2.0/24
neighbor 127.0.0.2 {
	descr "peer"
	remote-as 65002
	passive
}
neighbor 127.1.0.0/16 {
	descr "template"
	passive
}
flowspec inet proto 6 from any to 10.0.0.0/8 port 80
allow from any
allow to any
`;

const SHOWS = `
show
show summary terse
show neighbor
show neighbor peer timers
show rib
show rib 192.0.2.1 detail
show rib detail ssv
show rib memory
show fib
show fib 127.0.0.1
show interfaces
show nexthop
show sets
show rtr
show tables
show metrics
show network
show flowspec
neighbors
rib
rib-mem
tables
`
  .trim()
  .split("\n");
const CHANGES = `
neighbor peer up
neighbor peer down reason
neighbor peer clear
network add 10.1.0.0/16 community 65001:1
network delete 10.1.0.0/16
network bulk add < /dev/null
network bulk delete < /dev/null
network flush
flowspec add inet proto 17 to 10.2.0.0/16
flowspec delete inet proto 17 to 10.2.0.0/16
flowspec flush
fib decouple
log brief
reload
`
  .trim()
  .split("\n")
  .map((line) => `-y ${line}`);
const ALL = [
  ...SHOWS,
  ...["show rib detail", "show neighbor", "show rib memory", "show fib"].map(
    (line) => `-j ${line}`,
  ),
  ...CHANGES,
  "watch neighbors",
  "-j watch neighbors",
];
/** One of each kind, where the client fails before it comes to the command. */
const FEW = [
  "show",
  "-j show rib detail",
  "show rib memory",
  "show metrics",
  "-y neighbor peer up",
  "-y network bulk add < /dev/null",
  "-y flowspec flush",
  "watch neighbors",
];
/** Without reading or writing the socket, too. */
const PRINTING = [...ALL, "--help"];

/** One line of error, and nothing of a stack. */
const IS_LINE = /^[a-z]+\.mjs: [^\n]+\n$/;
const STATUS = `exit "\${PIPESTATUS[0]}"`;

let bgpd: RunningBgpd;
let tmux: RunningTmux;

beforeAll(async () => {
  bgpd = await startBgpd({ statements: NEIGHBORS });
  chmodSync(dirname(bgpd.socket), 0o755);
  tmux = await startTmux();
});

afterAll(async () => {
  await tmux?.stop();
  await bgpd?.stop();
});

const clientOf = (socket: string, more = ""): string =>
  `"${process.execPath}" "${commands.bgpctl}" -s "${socket}" ${more}`;

describe("every command of bgpctl.mjs", () => {
  it("ends with 0 when its reader has closed the output", async () => {
    const ends = await every(clientOf(bgpd.socket), PRINTING, (c) => `$C ${c} | true; ${STATUS}`);
    expect(wrong(ends, ({ code, stderr }) => code === 0 && stderr === "")).toEqual([]);
  });

  it("ends with 1 and the reason when its output cannot be written", async () => {
    const ends = await every(clientOf(bgpd.socket), PRINTING, (c) => `$C ${c} > /dev/full`);
    const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
      code === 1 && IS_LINE.test(stderr) && stderr.includes("standard output: ENOSPC");
    expect(wrong(ends, isRight)).toEqual([]);
  });

  // the three answers about the version have 624 bytes
  it.each([
    [0, FEW],
    [100, FEW],
    [624, FEW],
    [634, ALL],
  ])("ends with 1 and one line when bgpd closes after %i bytes", async (bytes, some) => {
    const cut = await startCutter(bgpd.socket, bytes);
    const ends = await every(clientOf(cut.socket, "--timeout 5"), some, (c) => `$C ${c}`);
    expect(wrong(ends, ({ code, stderr }) => code === 1 && IS_LINE.test(stderr))).toEqual([]);
    await cut.stop();
  });

  it.each([
    [0, FEW],
    [100, FEW],
    [634, ALL],
  ])("ends with 1 after its limit when bgpd says nothing after %i bytes", async (bytes, some) => {
    const silent = await startCutter(bgpd.socket, bytes, "stall");
    const ends = await every(clientOf(silent.socket, "--timeout 0.3"), some, (c) => `$C ${c}`);
    const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
      code === 1 && IS_LINE.test(stderr) && stderr.includes("within 300 ms");
    expect(wrong(ends, isRight)).toEqual([]);
    await silent.stop();
  });

  it("ends with 1 and the version when bgpd is another one", async () => {
    const old = await startBgpd({
      programs: OLD_BGPD,
      statements: NEIGHBORS.replace(/flow.*/, ""),
    });
    const ends = await every(clientOf(old.socket), FEW, (c) => `$C ${c}`);
    const isRight = ({ code, stdout, stderr }: (typeof ends)[number]): boolean =>
      code === 1 && stdout === "" && IS_LINE.test(stderr) && stderr.includes("no OpenBGPD 8.8");
    expect(wrong(ends, isRight)).toEqual([]);
    await old.stop();
  });

  it("ends with 1 and one line at another daemon's socket", async () => {
    const ends = await every(clientOf(tmux.socket, "--timeout 2"), FEW, (c) => `$C ${c}`);
    const isRight = ({ code, stdout, stderr }: (typeof ends)[number]): boolean =>
      code === 1 && stdout === "" && IS_LINE.test(stderr);
    expect(wrong(ends, isRight)).toEqual([]);
  });

  it("ends with 1 and the reason when the user may not connect", async () => {
    const client = `setpriv --reuid=65534 --regid=65534 --clear-groups ${clientOf(bgpd.socket)}`;
    const ends = await every(client, FEW, (c) => `$C ${c}`);
    const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
      code === 1 && IS_LINE.test(stderr) && stderr.includes("EACCES");
    expect(wrong(ends, isRight)).toEqual([]);
  });

  it("has no stack to print when standard output or errors are closed", async () => {
    const closed = ["show rib", "-j show rib", "show nonsense", "--help", "-y network flush"];
    for (const how of [">&-", "2>&-", ">&- 2>&-", "< /dev/null >&-"]) {
      const ends = await every(clientOf(bgpd.socket), closed, (c) => `$C ${c} ${how}`);
      const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
        code !== null && code <= 2 && !/^ +at /m.test(stderr);
      expect(wrong(ends, isRight), how).toEqual([]);
    }
  });

  it("ends with 1 after its limit when bgpd is stopped, as a change does", async () => {
    const stopped = await startBgpd({ statements: NEIGHBORS });
    try {
      stopped.program.kill("SIGSTOP");
      // few: bgpd's queue of connections is short
      const some = ["show rib", "-y neighbor peer up", "show metrics"];
      const ends = await every(clientOf(stopped.socket, "--timeout 0.3"), some, (c) => `$C ${c}`);
      const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
        code === 1 && IS_LINE.test(stderr);
      expect(wrong(ends, isRight)).toEqual([]);
    } finally {
      stopped.program.kill("SIGCONT");
      await stopped.stop();
    }
  });
});

const TMUX = [
  "list-sessions",
  "list-commands",
  "list-panes -a",
  "capture-pane -p -t demo",
  "show-options -g",
  "display-message -p hello",
  "--run 'echo out'",
];

describe.each(["installed", "3.5a"] as const)("every command of tmux.mjs, tmux %s,", (version) => {
  let server: RunningTmux;
  let client: string;

  beforeAll(async () => {
    server = await startTmux(version);
    client = `"${process.execPath}" "${commands.tmux}" -S "${server.socket}"`;
    // a pane that shows something
    await server.tmux("send-keys", "-t", "demo", "hello", "Enter");
  });

  afterAll(() => server?.stop());

  it("ends with 0 when its reader has closed the output, and with 1 when that is full", async () => {
    const closed = await every(client, TMUX, (c) => `$C ${c} | true; ${STATUS}`);
    expect(wrong(closed, ({ code, stderr }) => code === 0 && stderr === "")).toEqual([]);
    const full = await every(client, TMUX, (c) => `$C ${c} > /dev/full`);
    const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
      code === 1 && IS_LINE.test(stderr) && stderr.includes("ENOSPC");
    expect(wrong(full, isRight)).toEqual([]);
  });

  it.each([0, 8, 40])("ends with 1 and one line when tmux closes after %i bytes", async (bytes) => {
    const cut = await startCutter(server.socket, bytes);
    const line = client.replace(server.socket, cut.socket);
    const ends = await every(line, [...TMUX, "--output demo"], (c) => `$C ${c}`);
    expect(wrong(ends, ({ code, stderr }) => code === 1 && IS_LINE.test(stderr))).toEqual([]);
    await cut.stop();
  });

  it("ends with 1 and one line at bgpd's socket, and for a user without the right", async () => {
    const line = client.replace(server.socket, bgpd.socket);
    // the client asks twice, for ten seconds each, whether tmux is there
    const others = await every(line, ["list-sessions", "--output demo"], (c) => `$C ${c}`, 40);
    expect(wrong(others, ({ code, stderr }) => code === 1 && IS_LINE.test(stderr))).toEqual([]);
    chmodSync(dirname(server.socket), 0o755);
    const denied = await every(
      `setpriv --reuid=65534 --regid=65534 --clear-groups ${client}`,
      [...TMUX, "--output demo"],
      (c) => `$C ${c}`,
    );
    const isRight = ({ code, stderr }: { code: number | null; stderr: string }): boolean =>
      code === 1 && IS_LINE.test(stderr) && stderr.includes("EACCES");
    expect(wrong(denied, isRight)).toEqual([]);
  });
});
