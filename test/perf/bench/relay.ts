/**
 * `imsg relay` and Debian's websockify, each in front of a daemon that sends, or counts, messages
 * that were encoded before. Daemon and client are in this process, the relay is in one of its own.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../helpers/port.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { median } from "./measure.ts";

const SIZES = [64, 1024];
/** Bytes of a write of the daemon, and of a frame of the client. */
const BLOCK = 65536;
const HANDSHAKE = [
  "GET / HTTP/1.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];

/** Whole messages of a size, about a block of them. */
function block(size: number): Buffer {
  const one = encode({ type: 1, peerid: 7, pid: 99, data: new Uint8Array(size).fill(0x5a) });
  return Buffer.concat(Array.from({ length: Math.floor(BLOCK / one.length) }, () => one));
}

/** A block in a masked frame, as browsers send it. */
function maskedFrame(payload: Buffer): Buffer {
  const frame = Buffer.alloc(14 + payload.length);
  frame.writeUInt16BE(0x82ff, 0);
  frame.writeBigUInt64BE(BigInt(payload.length), 2);
  frame.writeUInt32BE(0x37fa213d, 10);
  for (const [i, byte] of payload.entries()) frame[14 + i] = byte ^ frame[10 + (i & 3)]!;
  return frame;
}

/** Counts the payload bytes of the frames that a server sends. */
class FrameCounter {
  bytes = 0;
  #left = 0;
  #head = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const some = Math.min(this.#left, chunk.length - at);
        this.#left -= some;
        this.bytes += some;
        at += some;
        continue;
      }
      // the head may be cut
      const rest =
        this.#head.length === 0 ? chunk.subarray(at) : Buffer.concat([this.#head, chunk]);
      const held = this.#head.length;
      const view = Buffer.from(rest.buffer, rest.byteOffset, Math.min(rest.length, 10));
      const length = view.length < 2 ? -1 : view[1]! & 127;
      const head = length === 127 ? 10 : length === 126 ? 4 : 2;
      if (length < 0 || view.length < head) {
        this.#head = Buffer.from(rest);
        return;
      }
      this.#head = Buffer.alloc(0);
      this.#left =
        head === 2 ? length : head === 4 ? view.readUInt16BE(2) : Number(view.readBigUInt64BE(2));
      at += head - held;
    }
  }
}

/** Writes the same bytes again and again, until `total` bytes are written. */
function pour(socket: Socket, bytes: Buffer, total: number): void {
  let left = Math.ceil(total / bytes.length);
  const write = (): void => {
    while (left > 0) {
      left--;
      if (!socket.write(bytes)) {
        socket.once("drain", write);
        return;
      }
    }
  };
  write();
}

/** Something that stands between WebSockets and a Unix socket. */
interface Contender {
  name: string;
  /** The command that listens on a port, and relays to a path. */
  command(port: number, path: string): string[];
}

const CONTENDERS: readonly Contender[] = [
  {
    name: "imsg relay",
    command: (port, path) => [
      process.execPath,
      "dist/cli.js",
      "relay",
      ...["--listen", String(port), "--to", `unix:${path}`, "--allow-type", "all"],
    ],
  },
  {
    name: "websockify",
    command: (port, path) => ["websockify", `--unix-target=${path}`, `127.0.0.1:${port}`],
  },
];

/** Resident bytes of a process and its children; websockify has one for each client. */
function resident(pid: number): number {
  const own = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean),
  );
  return children.reduce((sum, child) => sum + residentIfThere(Number(child)), own);
}

function residentIfThere(pid: number): number {
  try {
    return resident(pid);
  } catch {
    return 0; // the process has ended meanwhile
  }
}

/** A relay in front of a daemon that passes each connection to `next`. */
class Relay {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #connections: Socket[] = [];
  #arrived = (): void => {};

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  static async start(contender: Contender, folder: string): Promise<[Relay, Server]> {
    const path = join(folder, contender.name.replace(/\W/g, ""));
    const port = await freePort();
    const [command, ...args] = contender.command(port, path) as [string, ...string[]];
    const child = spawn(command, args, { stdio: "ignore" });
    const relay = new Relay(child, port);
    const daemon = createServer((socket) => {
      socket.on("error", () => {});
      relay.#connections.push(socket);
      relay.#arrived();
    });
    await new Promise<void>((resolve) => daemon.listen(path, resolve));
    return [relay, daemon];
  }

  get resident(): number {
    return resident(this.#child.pid!);
  }

  /** A client that has shaken hands, and its daemon's side. */
  async pair(onBytes: (chunk: Uint8Array) => void): Promise<[Socket, Socket]> {
    const client = await this.#connect(onBytes);
    while (this.#connections.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return [client, this.#connections.pop()!];
  }

  async #connect(onBytes: (chunk: Uint8Array) => void): Promise<Socket> {
    for (let i = 0; ; i++) {
      try {
        return await this.#handshake(onBytes);
      } catch (error) {
        if (i === 100) throw error; // the relay still does not listen
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  #handshake(onBytes: (chunk: Uint8Array) => void): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const buffer = Buffer.alloc(BLOCK);
      let head = "";
      let open = false;
      const socket = connect({
        host: "127.0.0.1",
        port: this.#port,
        onread: {
          buffer,
          callback: (count) => {
            if (open) onBytes(buffer.subarray(0, count));
            else {
              head += buffer.toString("latin1", 0, count);
              const end = head.indexOf("\r\n\r\n");
              if (end >= 0) {
                open = true;
                onBytes(Buffer.from(head.slice(end + 4), "latin1"));
                resolve(socket);
              }
            }
            return true;
          },
        },
      });
      socket.on("error", reject);
      const host = `Host: 127.0.0.1:${this.#port}`;
      socket.write(`${[...HANDSHAKE, host].join("\r\n")}\r\n\r\n`);
    });
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

/** The figures of one run: megabytes a second, and the largest resident memory. */
interface Run {
  rate: number;
  resident: number;
}

/** The daemon sends `total` bytes; ends when the client has got them. */
async function down(relay: Relay, size: number, total: number): Promise<Run> {
  const counter = new FrameCounter();
  const bytes = block(size);
  const wanted = Math.ceil(total / bytes.length) * bytes.length;
  return await timed(relay, wanted, (progress) =>
    relay
      .pair((chunk) => {
        counter.add(chunk);
        progress(counter.bytes);
      })
      .then(([client, daemon]) => ({ client, daemon, begin: () => pour(daemon, bytes, total) })),
  );
}

/** The client sends `total` bytes; ends when the daemon has got them. */
async function up(relay: Relay, size: number, total: number): Promise<Run> {
  const payload = block(size);
  const frame = maskedFrame(payload);
  const count = Math.ceil(total / payload.length);
  return await timed(relay, count * payload.length, async (progress) => {
    const [client, daemon] = await relay.pair(() => {});
    let seen = 0;
    daemon.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      progress(seen);
    });
    return { client, daemon, begin: () => pour(client, frame, count * frame.length) };
  });
}

interface Started {
  client: Socket;
  daemon: Socket;
  begin(): void;
}

async function timed(
  relay: Relay,
  wanted: number,
  start: (progress: (bytes: number) => void) => Promise<Started>,
): Promise<Run> {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let largest = 0;
  const { client, daemon, begin } = await start((bytes) => {
    if (bytes >= wanted) finish();
  });
  const watch = setInterval(() => {
    largest = Math.max(largest, relay.resident);
  }, 50);
  const began = performance.now();
  begin();
  await finished;
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  client.destroy();
  daemon.destroy();
  return { rate: wanted / seconds / 1e6, resident: Math.max(largest, relay.resident) };
}

/** The relay's section of the report; none if websockify is not installed. */
export async function relayReport(quick: boolean): Promise<Record<string, unknown>[]> {
  if (spawnSync("websockify", ["--help"]).status !== 0) {
    console.log("relay: websockify is not installed (Debian's package websockify)");
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), "imsg-bench-"));
  const rounds = quick ? 3 : 9;
  const reports: Record<string, unknown>[] = [];
  const started = await Promise.all(CONTENDERS.map((c) => Relay.start(c, folder)));
  try {
    const relays = started.map(([relay]) => relay);
    const idle: number[] = [];
    for (const relay of relays) {
      const [client, daemon] = await relay.pair(() => {});
      idle.push(relay.resident);
      client.destroy();
      daemon.destroy();
    }
    for (const [direction, run] of Object.entries({ down, up })) {
      for (const size of SIZES) {
        const total = (quick ? 60e6 : 200e6) * (size > 100 ? 2 : 1);
        const runs: Run[][] = relays.map(() => []);
        for (const relay of relays) await run(relay, size, total); // warm up
        for (let round = 0; round < rounds; round++) {
          for (const [i, relay] of relays.entries()) runs[i]!.push(await run(relay, size, total));
        }
        const [ours, theirs] = runs.map((all) => median(all.map(({ rate }) => rate))) as [
          number,
          number,
        ];
        const growth = runs.map(
          (all, i) => Math.max(...all.map(({ resident: most }) => most)) / idle[i]!,
        );
        reports.push({ direction, size, ours, websockify: theirs, ratio: ours / theirs, growth });
        const where = direction === "down" ? "daemon to client" : "client to daemon";
        console.log(
          `relay: ${where}, ${size} bytes: ${ours.toFixed(0)} MB/s, websockify ${theirs.toFixed(0)} (${(ours / theirs).toFixed(2)}); resident memory grows ${growth[0]!.toFixed(2)} times, websockify's ${growth[1]!.toFixed(2)}`,
        );
      }
    }
  } finally {
    for (const [relay, daemon] of started) {
      relay.stop();
      daemon.close();
    }
    await rm(folder, { recursive: true, force: true });
  }
  return reports;
}
