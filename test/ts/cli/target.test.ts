import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, type OnTestFinishedHandler, test } from "vitest";
import { WebSocketServer } from "ws";
import { openTarget, type Target } from "../../../ts/cli/target.ts";

/** Below the linger of a channel by default (5 s), far above that of the command (1 s). */
const BOUND = 4000;
/** A number of bytes that the system's buffers cannot hold, and that maxQueued allows. */
const MESSAGES = 600;
const PAYLOAD = new Uint8Array(16_000);

type Finished = (fn: OnTestFinishedHandler) => void;
type Peer = (finished: Finished) => Promise<Target>;

/** A peer on a socket: it accepts, and then neither reads nor ends its side. */
async function stalled(finished: Finished, path?: string): Promise<Target> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.push(socket.on("error", () => {}));
  });
  server.listen(path === undefined ? { host: "127.0.0.1", port: 0 } : { path });
  await once(server, "listening");
  finished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  if (path !== undefined) return { kind: "unix", path };
  return { kind: "tcp", host: "127.0.0.1", port: (server.address() as { port: number }).port };
}

async function stalledUnix(finished: Finished): Promise<Target> {
  const path = join(tmpdir(), `imsg-target-${process.pid}-${Math.random()}.sock`);
  finished(() => rmSync(path, { force: true }));
  return stalled(finished, path);
}

async function stalledWebSocket(finished: Finished): Promise<Target> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => socket.on("error", () => {}).pause());
  await once(server, "listening");
  finished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { kind: "ws", url: `ws://127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** The process sleeps with the socket open. In a session of its own, no signal to its group reaches it. */
const exec =
  (command: string): Peer =>
  async () => ({ kind: "exec", command });

const PEERS: [string, Peer][] = [
  ["a Unix socket", stalledUnix],
  ["TCP", (finished) => stalled(finished)],
  ["a WebSocket", stalledWebSocket],
  ["a command", exec("exec sleep 8")],
  ["a command that has left its group", exec("exec setsid --fork sleep 8")],
];

/** Resolves with the outcome, or with "pending" after {@link BOUND}. */
async function outcome(work: Promise<void>): Promise<unknown> {
  const bound = new AbortController();
  const late = delay(BOUND, "pending", { signal: bound.signal }).catch(() => "pending");
  try {
    return await Promise.race([work.then(() => "resolved"), late]);
  } catch (error) {
    return error;
  } finally {
    bound.abort();
  }
}

describe.concurrent.each(PEERS)("dispose, with %s that neither reads nor ends", (_name, peer) => {
  test("resolves before the linger of a channel has passed", async ({ expect, onTestFinished }) => {
    const { channel, dispose } = await openTarget(await peer(onTestFinished), { maxSize: 16_384 });
    channel.send({ type: 1 }).catch(() => {});
    expect(await outcome(dispose())).toBe("resolved");
  });

  test("resolves although bytes are lost", async ({ expect, onTestFinished }) => {
    const { channel, dispose } = await openTarget(await peer(onTestFinished), { maxSize: 16_384 });
    const closed = channel.closed.then(
      () => undefined,
      (error: unknown) => error,
    );
    for (let i = 0; i < MESSAGES; i++) channel.send({ type: 1, data: PAYLOAD }).catch(() => {});
    expect(await outcome(dispose())).toBe("resolved");
    await closed;
  });
});
