import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { logLine } from "../../../ts/cli/relay/log.ts";
import type { RelayEvent } from "../../../ts/cli/relay/relay.ts";
import { listenPeer } from "../../helpers/peer.ts";
import { packed as bundle, type Running, run, start } from "./command.ts";

async function echoPeer(): Promise<string> {
  const peer = await listenPeer("--mode", "echo");
  onTestFinished(() => peer.stop());
  return `unix:${peer.path}`;
}

/** Starts a relay and waits until it prints its address. */
async function relay(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Running & { url: string }> {
  const command = start(bundle, ["relay", ...args], "", env);
  onTestFinished(() => void command.child.kill("SIGKILL"));
  for (;;) {
    const url = /ws:\/\/[^\s"]+/.exec(command.stdout() + command.stderr())?.[0];
    if (url !== undefined) return { ...command, url };
    const more = new Promise<boolean>((resolve) => {
      for (const stream of [command.child.stdout, command.child.stderr]) {
        stream?.once("data", () => resolve(true));
      }
    });
    if (!(await Promise.race([more, command.ended.then(() => false)]))) {
      throw new Error(`the relay ended: ${command.stderr()}`);
    }
  }
}

test("imsg relay and imsg connect exchange messages, the log shows it, and SIGTERM ends the relay with 0", async () => {
  const { url, child, ended } = await relay(["--to", await echoPeer(), "--allow-type", "all"]);
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/$/);
  const args = ["--json", "--send", '{"type":5,"pid":3,"text":"hi"}', "--until", "5"];
  const { status, stdout } = await run(bundle, ["connect", url, ...args]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ type: 5, pid: 3, data: "6869" });
  child.kill("SIGTERM");
  const result = await ended;
  expect(result.status).toBe(0);
  expect(result.stdout).toBe("");
  const lines = result.stderr.split("\n").map((line) => line.replace(/^\S+Z /, ""));
  expect(lines[0]).toBe(`listening on ${url}`);
  expect(lines[1]).toMatch(
    /^imsg: warning: there is no token: every user and program of this machine/,
  );
  expect(lines[2]).toMatch(/^#1 127\.0\.0\.1:\d+ opened, pid \d+ on the daemon$/);
  expect(lines[3]).toMatch(
    /^#1 .* closed \(1000\): the (?:client|daemon) has closed; 1 messages up, 1 down$/,
  );
  expect(lines[4]).toBe("stopped");
});

test("--json logs objects to stdout", async () => {
  const to = [
    "--to",
    await echoPeer(),
    "--listen",
    "0",
    "--json",
    "--allow-type",
    "ONE,3",
    "--type",
    "ONE=1",
  ];
  const { url, child, ended } = await relay(to);
  const refused = await run(bundle, ["connect", url, "--send", '{"type":2}']);
  expect(refused.stderr).toContain("messages of type 2 are not allowed");
  const fine = await run(bundle, [
    "connect",
    url,
    "--json",
    "--send",
    '{"type":3}',
    "--until",
    "3",
  ]);
  expect(fine.status).toBe(0);
  child.kill("SIGINT");
  const { stdout, stderr } = await ended;
  expect(stderr).toMatch(/^imsg: warning: there is no token: .*\n$/);
  const events = stdout
    .trim()
    .split("\n")
    .map((line): RelayEvent => JSON.parse(line));
  expect(events.map(({ event }) => event)).toEqual([
    "listening",
    "opened",
    "closed",
    "opened",
    "closed",
    "stopped",
  ]);
  expect(events[2]).toMatchObject({ code: 1008, why: "messages of type 2 are not allowed", up: 0 });
});

test("a token comes from the environment, a file or an argument, and is never printed", async () => {
  const to = await echoPeer();
  const token = "token-0123456789";
  const file = join(bundle.folder, "token");
  writeFileSync(file, `${token}\n`);
  onTestFinished(() => rmSync(file));
  const ways: [string[], Record<string, string>][] = [
    [[], { IMSG_TOKEN: token }],
    [["--token-file", file], {}],
    [["--token", token], {}],
  ];
  for (const [args, env] of ways) {
    const { url, child, ended } = await relay(["--to", to, "--allow-type", "all", ...args], env);
    expect((await run(bundle, ["connect", url])).stderr).toContain("401: a token is needed");
    const send = ["--send", '{"type":5}', "--until", "5"];
    expect((await run(bundle, ["connect", url, ...send, "--token", token])).status).toBe(0);
    child.kill();
    const { stdout, stderr } = await ended;
    expect(stdout + stderr).not.toContain(token);
  }
  for (const command of ["relay", "connect"]) {
    const args = command === "relay" ? ["--to", to] : ["ws://127.0.0.1:1"];
    const bad = await run(bundle, [command, ...args], "", { IMSG_TOKEN: "se cret" });
    expect(bad.status).toBe(2);
    expect(bad.stderr).toContain("a token has at least 8 characters");
    expect(bad.stderr).not.toContain("se cret");
  }
});

test("wrong arguments are 2, a port that is taken is 1", async () => {
  const wrong: [string[], string][] = [
    [[], "--to"],
    [["--to", "nowhere"], "a target is"],
    [["--to", "unix:/x", "--listen", "nowhere"], "not HOST:PORT"],
    [["--to", "unix:/x", "--listen", "127.0.0.1:70000"], "not HOST:PORT"],
    [["--to", "unix:/x", "--allow-origin", "*"], "an origin is such as"],
    [["--to", "unix:/x", "--allow-type", "SHOW"], "neither --type nor --protocol gives this name"],
    [["--to", "unix:/x", "--max-connections", "0"], "not a number from 1 up"],
    [["--to", "unix:/x", "--idle-timeout", "soon"], "not a number of seconds"],
    [["--to", "unix:/x", "--token-file", "/nonexistent"], "ENOENT"],
  ];
  for (const [args, why] of wrong) {
    const { status, stderr } = await run(bundle, ["relay", ...args]);
    expect({ args, status }).toEqual({ args, status: 2 });
    expect(stderr).toContain(why);
  }
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const taken = await run(bundle, ["relay", "--to", "unix:/x", "--listen", `127.0.0.1:${port}`]);
  expect(taken.status).toBe(1);
  expect(taken.stderr).toContain("EADDRINUSE");
});

test("warns who listens to the world without a token", async () => {
  const to = ["--to", "unix:/nonexistent", "--listen", "0.0.0.0:0"];
  const open = await relay(to);
  open.child.kill();
  expect((await open.ended).stderr).toContain(
    "warning: there is no token: everyone who reaches this address can talk to the daemon",
  );
  const guarded = await relay(to, { IMSG_TOKEN: "token-0123456789" });
  guarded.child.kill();
  expect((await guarded.ended).stderr).not.toContain("warning");
});

test("every event is one line of the log, whatever a client sends", () => {
  const event = {
    event: "refused",
    from: "[::1]:5",
    status: 403,
    why: "the Origin is not allowed",
  };
  expect(logLine({ ...event, host: 'a"\\b', origin: "x" } as RelayEvent)).toBe(
    '[::1]:5 refused (403): the Origin is not allowed, Host: "a\\"\\\\b", Origin: "x"',
  );
  const closed = {
    event: "closed",
    id: 1,
    from: "f",
    pid: 5,
    code: 1011,
    up: 1,
    down: 2,
    dropped: 0,
  } as const;
  expect(logLine({ ...closed, why: "w", cause: "c" })).toBe(
    "#1 f closed (1011): w (c); 1 messages up, 2 down",
  );
});
