import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as netConnect, type Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import { connect, fromSocket, type ImsgServer, listen } from "../../../ts/entry/node.ts";
import { peerBinary } from "../../helpers/peer.ts";
import { rawPipe } from "../descriptors/made.ts";
import { packed, type Running, run, start } from "./command.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "imsg-tap-"));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A tap between two sockets of a folder, with its output. */
async function tap(path: string, ...args: string[]): Promise<Running & { path: string }> {
  const where = ["--listen", `unix:${path}/tap`, "--to", `unix:${path}/real`];
  const running = start(packed, ["tap", ...where, ...args]);
  cleanups.push(async () => {
    running.child.kill("SIGKILL");
    await running.ended;
  });
  while (!running.stderr().includes("tapping")) {
    if (running.child.exitCode !== null) throw new Error(running.stderr());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { ...running, path: `${path}/tap` };
}

const interrupt = (running: Running) => {
  running.child.kill("SIGINT");
  return running.ended;
};

/** A daemon that echoes every message, with its descriptor. */
async function echo(path: string, allowFdPass: boolean): Promise<ImsgServer> {
  const server = await listen(
    { path: `${path}/real` },
    async (channel: ImsgChannel) => {
      try {
        for await (const message of channel) {
          const { type, peerid, pid, data } = message;
          const fd = message.takeFd();
          await channel.send({ type, peerid, pid, data, ...(fd === undefined ? {} : { fd }) });
        }
        await channel.end();
      } catch {
        // the client has gone
      }
    },
    { allowFdPass },
  );
  cleanups.push(() => void server.close());
  return server;
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test("100,000 messages pass unchanged, and the recording has each of them twice", async () => {
  const path = await folder();
  await echo(path, false);
  const running = await tap(path, "--quiet", "--write", `${path}/all.pcapng`);
  const client = await connect({ path: running.path });
  const total = 50_000;
  const data = (n: number) => new Uint8Array(n % 100).fill(n);
  const sending = (async () => {
    for (let n = 0; n < total; n++)
      await client.send({ type: n, peerid: 3, pid: 9, data: data(n) });
    await client.end();
  })();
  let n = 0;
  for await (const message of client) {
    if (message.type !== n || message.peerid !== 3 || !Buffer.from(message.data).equals(data(n))) {
      throw new Error(`message ${n} is another one`);
    }
    n++;
  }
  await sending;
  expect(n).toBe(total);
  const { status } = await interrupt(running);
  expect(status).toBe(130);
  const { stdout, stderr } = await run(packed, ["dump", "--json", `${path}/all.pcapng`]);
  expect(stderr).toBe("");
  const sent = { client: 0, daemon: 0 };
  for (const line of stdout.split("\n").slice(0, -1)) {
    const { from, type, connection } = JSON.parse(line) as {
      from: "client" | "daemon";
      type: number;
      connection: number;
    };
    if (type !== sent[from] || connection !== 1) throw new Error(`not in order: ${line}`);
    sent[from]++;
  }
  expect(sent).toEqual({ client: total, daemon: total });
}, 120_000);

test("descriptors pass, and the output marks them", async () => {
  const path = await folder();
  await echo(path, true);
  const running = await tap(path, "--json");
  const client = await connect({ path: running.path }, { allowFdPass: true });
  const [read, write] = rawPipe();
  await client.send({ type: 1, fd: write });
  await client.send({ type: 2 });
  const back = (await client.receive())!.takeFd() as number;
  const pipe = new Socket({ fd: back, readable: false, writable: true });
  pipe.end("through four sockets");
  const bytes = Buffer.alloc(100);
  await once(pipe, "close");
  expect(bytes.subarray(0, (await import("node:fs")).readSync(read, bytes)).toString()).toBe(
    "through four sockets",
  );
  closeSync(read);
  expect((await client.receive())?.type).toBe(2);
  await client.close();
  const { stdout } = await interrupt(running);
  const shown = linesOf(stdout).map(({ from, type, fd }) => [from, type, fd ?? false]);
  expect(shown.filter(([from]) => from === "client")).toEqual([
    ["client", 1, true],
    ["client", 2, false],
  ]);
  expect(shown.filter(([from]) => from === "daemon")).toEqual([
    ["daemon", 1, true],
    ["daemon", 2, false],
  ]);
});

/** A plain server of bytes. */
async function plain(path: string, connected: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, connected);
  await new Promise<void>((resolve) => server.listen(`${path}/real`, resolve));
  cleanups.push(() => server.close());
  return server;
}

test("bytes that are no imsg pass all the same, and a half-closed side still receives", async () => {
  const path = await folder();
  await plain(path, (socket) => {
    let text = "";
    socket.on("data", (piece) => {
      text += piece;
    });
    socket.on("end", () => socket.end(`got ${text}`));
  });
  const running = await tap(path);
  const socket = netConnect({ path: running.path, allowHalfOpen: true });
  socket.end("x".repeat(100));
  let answer = "";
  for await (const piece of socket.setEncoding("utf8")) answer += piece;
  expect(answer).toBe(`got ${"x".repeat(100)}`);
  const { stderr } = await interrupt(running);
  expect(stderr).toContain(
    "connection 1: what the client sends is forwarded and no longer decoded: ERANGE",
  );
  expect(stderr).toContain("connection 1: closed");
});

test("both sides see the end when the tap is killed, and when the other side is reset", async () => {
  const path = await folder();
  const ends: string[] = [];
  const sockets: Socket[] = [];
  await plain(path, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("close", () => ends.push("daemon"));
    socket.on("end", () => socket.end());
    socket.resume();
  });
  const running = await tap(path, "--quiet");
  const dial = async (): Promise<Socket> => {
    const before = sockets.length;
    const socket = netConnect({ path: running.path });
    socket.on("error", () => {});
    socket.on("close", () => ends.push("client"));
    socket.resume();
    while (sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    return socket;
  };
  const gone = async (): Promise<void> => {
    while (ends.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ends.splice(0).sort()).toEqual(["client", "daemon"]);
  };
  await dial();
  sockets[0]!.destroy();
  await gone();
  (await dial()).destroy();
  await gone();
  await dial();
  running.child.kill("SIGKILL");
  await gone();
});

test("connections are numbered, and filters choose the printed messages", async () => {
  const path = await folder();
  await echo(path, false);
  const names = ["--type", "ONE=1,TWO=2"];
  const running = await tap(
    path,
    "--json",
    ...names,
    "--show-type",
    "TWO",
    "--show-from",
    "daemon",
    "--show-pid",
    "7",
  );
  for (let i = 0; i < 2; i++) {
    const client = await connect({ path: running.path });
    for (const type of [1, 2]) {
      for (const pid of [7, 8]) await client.send({ type, pid });
    }
    for (let n = 0; n < 4; n++) await client.receive();
    await client.close();
  }
  const { stdout } = await interrupt(running);
  const shown = linesOf(stdout).map(({ n, connection, name, pid, from }) => ({
    n,
    connection,
    name,
    pid,
    from,
  }));
  expect(shown).toEqual([
    { n: 0, connection: 1, name: "TWO", pid: 7, from: "daemon" },
    { n: 1, connection: 2, name: "TWO", pid: 7, from: "daemon" },
  ]);
});

test("a recording without payloads keeps the lengths", async () => {
  const path = await folder();
  await echo(path, false);
  const running = await tap(path, "--quiet", "--write", `${path}/heads.pcapng`, "--headers-only");
  const client = await connect({ path: running.path });
  await client.send({ type: 5, data: Buffer.from("secret password") });
  await client.receive();
  await client.close();
  await interrupt(running);
  const file = readFileSync(`${path}/heads.pcapng`);
  expect(file.includes("secret")).toBe(false);
  const { stdout } = await run(packed, ["dump", "--json", `${path}/heads.pcapng`]);
  expect(linesOf(stdout)).toMatchObject([
    { type: 5, len: 31 },
    { type: 5, len: 31 },
  ]);
  expect(linesOf(stdout)[0]).not.toHaveProperty("data");
});

test("a child is wrapped: its parent talks to it through descriptor 3 of the tap", async () => {
  const path = await folder();
  const command = `exec:exec '${peerBinary()}' --fd 3 --mode echo`;
  const args = [
    join(packed.folder, "cli.js"),
    "tap",
    "--json",
    "--write",
    `${path}/child.pcapng`,
    command,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let stdout = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const exited = once(child, "close");
  const parent = fromSocket(child.stdio[3] as Socket);
  await parent.send({ type: 42, peerid: 1, pid: 2, data: Buffer.from("hello") });
  expect(await parent.receive()).toMatchObject({
    type: 42,
    data: new Uint8Array(Buffer.from("hello")),
  });
  await parent.end();
  const [status] = await exited;
  expect(status).toBe(0);
  expect(linesOf(stdout).map(({ from, type, data }) => [from, type, data])).toEqual([
    ["client", 42, "68656c6c6f"],
    ["daemon", 42, "68656c6c6f"],
  ]);
});

test.each([
  ["exits", "exit 3", 3],
  ["is killed", "kill -9 $$", 137],
])(
  "the tap of a child that %s first exits with its status, after the child's last bytes",
  async (_, end, expected) => {
    const command = `exec:printf 'last bytes' >&3; ${end}`;
    const args = [join(packed.folder, "cli.js"), "tap", "--quiet", command];
    const tap = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
    const parent = tap.stdio[3] as Socket;
    parent.setEncoding("latin1").on("error", () => {});
    let text = "";
    parent.on("data", (some: string) => {
      text += some;
    });
    const ended = once(parent, "end");
    // this parent's side stays open until the process of its child has ended
    const [status] = await once(tap, "exit");
    await ended;
    parent.destroy();
    expect({ status, text }).toEqual({ status: expected, text: "last bytes" });
  },
);

test.each([
  [["tap"], /either exec:COMMAND, or --listen and --to/],
  [["tap", "exec:true", "--to", "unix:/x"], /either exec:COMMAND, or --listen and --to/],
  [
    ["tap", "--listen", "unix:/x", "--to", "exec:true"],
    /exec:true: a place is unix:PATH or tcp:HOST:PORT/,
  ],
  [
    ["tap", "--listen", "unix:/x", "--to", "unix:/y", "--show-from", "me"],
    /--show-from is client or daemon/,
  ],
])("%j is a usage error", async (args, why) => {
  const { status, stderr } = await run(packed, args);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(why) });
});
