/** The packed relay with a thousand clients, when it has stood still, and when its log is rotated. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, renameSync, truncateSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { residentOf } from "../../helpers/memory.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed, start } from "./command.ts";
import { sleep, temporary } from "./relay-tools.ts";

/** A daemon that echoes; resolves with its socket's path. */
async function echo(): Promise<string> {
  const path = join(temporary(), "socket");
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  onTestFinished(() => void server.close());
  server.listen({ path, backlog: 1000 });
  await once(server, "listening");
  return path;
}

/** Starts the packed relay in front of a daemon that echoes. */
async function relayInFront(...args: string[]) {
  const to = ["--to", `unix:${await echo()}`, "--allow-type", "all"];
  const running = start(packed, ["relay", ...to, ...args]);
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await expect.poll(running.stderr, { timeout: 10_000 }).toMatch(/ws:\/\/\S+\//);
  const [url] = /ws:\/\/\S+\//.exec(running.stderr())!;
  return { url, ...running };
}

async function client(url: string, options = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, ["imsg"], { perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

/** Sends a message, and resolves with the bytes of the answer. */
async function ask(socket: WebSocket, length: number): Promise<Buffer> {
  socket.send(encode({ type: 1, pid: 5, data: new Uint8Array(length) }));
  let answer = Buffer.alloc(0);
  while (answer.length < 16 + length) {
    const [bytes] = (await once(socket, "message")) as [Buffer];
    answer = Buffer.concat([answer, bytes]);
  }
  return answer;
}

test("a thousand clients at once are answered, in bounded memory, and SIGTERM ends within three seconds", async () => {
  const { url, child, ended } = await relayInFront("--max-connections", "1000");
  const before = residentOf(child.pid!);
  const clients: WebSocket[] = [];
  while (clients.length < 1000) {
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => client(url)))));
  }
  for (const length of [0, 1000, 16_000]) {
    const answers = await Promise.all(clients.map((socket) => ask(socket, length)));
    expect(answers.every((answer) => answer.length === 16 + length)).toBe(true);
  }
  expect(residentOf(child.pid!) - before).toBeLessThan(512e6);
  const late = await client(url);
  const [code, reason] = await once(late, "close");
  expect([code, String(reason)]).toEqual([1013, "there are 1000 connections already"]);
  // some never answer the closing handshake
  for (const socket of clients.slice(0, 300)) socket.pause();
  const closed = Promise.all(clients.slice(300).map((socket) => once(socket, "close")));
  const began = performance.now();
  child.kill("SIGTERM");
  expect((await ended).status).toBe(0);
  expect(performance.now() - began).toBeLessThan(3000);
  expect(new Set((await closed).map(([each]) => each))).toEqual(new Set([1001]));
}, 120_000);

test("the memory of begun messages comes back when their clients have left", async () => {
  const { url, child } = await relayInFront("--max-size", "64m");
  const before = residentOf(child.pid!);
  const header = Buffer.from(encode({ type: 1, pid: 5 }));
  header.writeUInt32LE(64 * 1024 * 1024, 4);
  const clients = await Promise.all(Array.from({ length: 10 }, () => client(url)));
  for (const socket of clients) {
    for (const bytes of [header, ...Array(16).fill(Buffer.alloc(2 ** 20))]) socket.send(bytes);
  }
  const held = (): number => residentOf(child.pid!) - before;
  await expect.poll(held, { timeout: 10_000 }).toBeGreaterThan(150e6);
  for (const socket of clients) socket.terminate();
  await expect.poll(held, { timeout: 10_000 }).toBeLessThan(64e6);
}, 60_000);

/** Stops a relay for so many milliseconds, as a suspended machine does. */
async function standStill({ child }: { child: ChildProcess }, milliseconds: number): Promise<void> {
  child.kill("SIGSTOP");
  await sleep(milliseconds);
  child.kill("SIGCONT");
}

test("a relay that has stood still cuts no client whose message waits in its socket", async () => {
  const relay = await relayInFront("--ping", "0", "--idle-timeout", "1");
  const codes: number[] = [];
  const sockets = await Promise.all(Array.from({ length: 10 }, () => client(relay.url)));
  for (const socket of sockets) socket.on("close", (code) => codes.push(code));
  const sending = setInterval(() => {
    for (const socket of sockets) socket.send(encode({ type: 1, pid: 5 }));
  }, 600);
  onTestFinished(() => clearInterval(sending));
  await sleep(700);
  await standStill(relay, 2500);
  await sleep(1500);
  expect(codes).toEqual([]);
  clearInterval(sending);
  await expect.poll(() => codes, { timeout: 10_000 }).toEqual(Array(10).fill(4408));
}, 30_000);

test("a relay that has stood still for longer than a handshake may last completes the handshakes", async () => {
  const relay = await relayInFront();
  const { hostname, port } = new URL(relay.url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  const answer = once(socket, "data");
  const head = `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  socket.write(head);
  await sleep(300);
  await standStill(relay, 6000);
  await sleep(300); // a round trip
  socket.write("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  expect(String(await answer)).toMatch(/^HTTP\/1.1 101 /);
}, 30_000);

test("a relay that has stood still cuts no client whose pong waits in its socket", async () => {
  const relay = await relayInFront("--ping", "1");
  const { url } = relay;
  const sockets = await Promise.all(
    Array.from({ length: 10 }, () => client(url, { autoPong: false })),
  );
  const codes: number[] = [];
  for (const socket of sockets) {
    socket.on("ping", (data) => setTimeout(() => socket.pong(data), 400));
    socket.on("close", (code) => codes.push(code));
  }
  await once(sockets[0]!, "ping");
  await sleep(50); // the pongs are on their way
  await standStill(relay, 2500);
  await sleep(2500);
  expect(codes).toEqual([]);
}, 30_000);

test("a log file that is renamed or truncated under the relay stays whole, if it was opened to append", async () => {
  const file = join(temporary(), "log");
  const args = ["relay", "--json", "--to", "unix:/nonexistent", "--token", "0123456789abcdef"];
  const child = spawn(process.execPath, [join(packed.folder, "cli.js"), ...args], {
    stdio: ["ignore", openSync(file, "a"), "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const text = (name = file): string => readFileSync(name, "utf8");
  await expect.poll(text, { timeout: 10_000 }).toContain("listening");
  const url = /http:\S+?(?=")/.exec(text().replace("ws:", "http:"))![0];
  const refused = async (): Promise<void> => void (await fetch(url));
  const events = (name = file) =>
    text(name)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event);
  // copytruncate
  truncateSync(file);
  await refused();
  await expect.poll(text).not.toBe("");
  expect(events()).toEqual(["refused"]);
  // renamed: the relay keeps its file
  renameSync(file, `${file}.1`);
  await refused();
  await expect.poll(() => events(`${file}.1`)).toEqual(["refused", "refused"]);
  child.kill("SIGHUP");
  await once(child, "close");
  expect(child.exitCode).toBe(0);
  expect(events(`${file}.1`).at(-1)).toBe("stopped");
}, 30_000);
