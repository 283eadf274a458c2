/**
 * Mutated handshakes and frames against the packed relay, beside an honest client. The relay must
 * not end, its memory must stay flat, and the honest client must get every answer. Prints figures.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { listenPeer } from "../../helpers/peer.ts";
import { encode, ReferenceDecoder } from "../../oracle/reference/codec.ts";
import { packed, start } from "../../ts/cli/command.ts";
import { type Random, randomFrom } from "./random.ts";

const ATTEMPTS = Number(process.env.IMSG_HOSTILE_ATTEMPTS || 10_000);
const FIXED = 20261128;
const seeds = process.env.IMSG_HOSTILE_SEED
  ? [Number(process.env.IMSG_HOSTILE_SEED)]
  : [FIXED, randomInt(2 ** 31)];
/** Attackers at once. */
const PARALLEL = 16;

const figures: string[] = [];
afterAll(() => console.log(figures.join("\n")));

interface Serving {
  port: number;
  pid: number;
  stderr(): string;
  alive(): boolean;
  stop(): Promise<number | null>;
}

async function packedRelay(): Promise<Serving> {
  const peer = await listenPeer("--mode", "echo");
  onTestFinished(() => peer.stop());
  const to = process.env.IMSG_HOSTILE_TARGET || `unix:${peer.path}`;
  const args = [
    "relay",
    "--json",
    "--to",
    to,
    "--allow-type",
    "1,13,22",
    "--max-connections",
    "64",
  ];
  const { child, ended, stdout, stderr } = start(packed, args);
  onTestFinished(() => void child.kill("SIGKILL"));
  let port: string | undefined;
  while (port === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(stdout())?.[1];
  }
  return {
    port: Number(port),
    pid: child.pid!,
    stderr,
    alive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill("SIGTERM");
      return (await ended).status;
    },
  };
}

const residentOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;

/** A request for a WebSocket, broken in some way. */
function handshakeBytes(random: Random, port: number): Buffer {
  const lines = [
    "GET / HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: imsg",
  ];
  const at = random(lines.length);
  const change = random(6);
  if (change === 0) lines.splice(at, 1);
  else if (change === 1) lines.push(lines[at]!);
  else if (change === 2) lines[at] = `${lines[at]}${"x".repeat(random(20_000))}`;
  else if (change === 3) lines.push(`Origin: https://${random(1000)}.example`);
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return change === 4
    ? flip(random, bytes)
    : change === 5
      ? bytes.subarray(0, random(bytes.length))
      : bytes;
}

/** A copy with some bytes changed. */
function flip(random: Random, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random(4) + 1; i > 0 && copy.length > 0; i--)
    copy[random(copy.length)] = random(256);
  return copy;
}

/** Bytes of messages, some of them broken. */
function messageBytes(random: Random): Buffer {
  const count = random(20) + 1;
  const messages = Array.from({ length: count }, () =>
    encode({
      type: [1, 13, 22, random(100)][random(4)]!,
      pid: random(3),
      data: new Uint8Array(random(3) === 0 ? random(5000) : random(40)),
    }),
  );
  const bytes = Buffer.concat(messages);
  if (random(3) === 0) return flip(random, bytes);
  return random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** Frames with masks, opcodes and lengths that may be wrong. */
function frameBytes(random: Random): Buffer {
  const payload = messageBytes(random);
  const opcode = random(4) === 0 ? random(256) : 0x82;
  const masked = random(8) === 0 ? 0 : 0x80;
  const length = random(8) === 0 ? random(0x10000) : payload.length;
  const head = Buffer.from([opcode, masked | 126, (length >> 8) & 255, length & 255]);
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), payload]);
}

/** One attack: a handshake, perhaps frames, and one of several ends. */
function attack(random: Random, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const timer = setTimeout(() => socket.destroy(), 300);
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    const broken = random(3) === 0;
    const good = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    socket.write(broken ? handshakeBytes(random, port) : good);
    const frames = Array.from({ length: random(5) }, () => frameBytes(random));
    const end = random(4);
    socket.once("data", () => {
      for (const frame of frames) socket.write(frame);
      if (end === 0) socket.resetAndDestroy();
      else if (end === 1) socket.destroy();
      else if (end === 2) socket.end();
      // the other attacks wait until the relay closes or the time is over
    });
  });
}

/** A client whose every message must come back. */
async function honest(
  port: number,
): Promise<{ stop(): Promise<{ answers: number; longest: number }> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ["imsg"], { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const decoder = new ReferenceDecoder({ maxSize: 16384 });
  let answers = 0;
  let longest = 0;
  let running = true;
  const done = (async () => {
    while (running) {
      const began = performance.now();
      socket.send(encode({ type: 1, pid: 77, peerid: answers, data: new Uint8Array(100) }));
      const data = await new Promise<Buffer>((resolve, reject) => {
        socket.once("message", resolve);
        socket.once("close", (code) =>
          reject(new Error(`the honest client was closed with ${code}`)),
        );
      });
      expect(decoder.push(data)).toMatchObject([{ type: 1, pid: 77, peerid: answers }]);
      socket.removeAllListeners("close");
      longest = Math.max(longest, performance.now() - began);
      answers++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  done.catch(() => {});
  return {
    async stop() {
      running = false;
      await done;
      socket.terminate();
      return { answers, longest };
    },
  };
}

test.each(seeds)("the relay survives mutated handshakes and frames of seed %i", async (seed) => {
  const random = randomFrom(seed);
  const relay = await packedRelay();
  const echoes = process.env.IMSG_HOSTILE_TARGET ? undefined : await honest(relay.port);
  const total = Math.ceil(ATTEMPTS / seeds.length);
  let left = total;
  let largest = 0;
  let settled = 0;
  const attacker = async (): Promise<void> => {
    while (left-- > 0) {
      await attack(random, relay.port);
      if (left % 100 !== 0) continue;
      expect(relay.alive()).toBe(true);
      const resident = residentOf(relay.pid);
      // the memory of a warm relay: instances, code, pools
      if (left > total / 2) settled = Math.max(settled, resident);
      largest = Math.max(largest, resident);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, attacker));
  const result = await echoes?.stop();
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  figures.push(
    `seed ${seed}: ${total} attempts, largest memory ${mb(largest)} (first half ${mb(settled)})` +
      (result === undefined
        ? ""
        : `, ${result.answers} honest answers, longest pause ${result.longest.toFixed(0)} ms`),
  );
  expect(relay.stderr()).toMatch(/^imsg: warning: there is no token[^\n]*\n$/);
  expect(largest).toBeLessThan(settled * 1.5 + 32e6);
  if (result !== undefined) expect(result.answers).toBeGreaterThan(0);
  expect(await relay.stop()).toBe(0);
});
