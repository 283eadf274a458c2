/**
 * Clients and daemons that announce long messages to the packed relay and send little of them: what
 * was announced must not become resident, neither while they are there nor when they leave.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { residentOf } from "../../helpers/memory.ts";
import { packed, start } from "../cli/command.ts";
import { type Daemon, rememberingDaemon } from "../cli/relay-client.ts";

const MB = 1 << 20;
const LONG = 64 * MB;
const CLIENTS = 40;
/** The memory of 40 connections that announce nothing: instances, buffers, garbage. */
const ORDINARY = 64 * MB;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function relayOf({ target }: Daemon) {
  const types = ["--allow-type", "all", "--max-size", "64m"];
  const { child, stdout } = start(packed, ["relay", "--json", "--to", target, ...types]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await expect.poll(stdout, { timeout: 20_000 }).toContain("listening");
  const { url } = JSON.parse(stdout().split("\n")[0]!) as { url: string };
  return { url, resident: () => residentOf(child.pid!) };
}

async function clientOf(url: string): Promise<WebSocket> {
  const client = new WebSocket(url, ["imsg"], { perMessageDeflate: false });
  client.on("error", () => {});
  onTestFinished(() => client.terminate());
  await once(client, "open");
  return client;
}

/** The start of a message whose header announces {@link LONG} bytes. */
function announcement(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(new Uint8Array(Uint32Array.of(1, LONG, 0, 1).buffer));
  return bytes;
}

const attacks: Record<string, (client: WebSocket, daemon: Daemon, n: number) => Promise<void>> = {
  "clients that send a header": async (client) => client.send(announcement(16)),
  "clients that send a header in two pieces": async (client) => {
    client.send(announcement(16).subarray(0, 7));
    client.send(announcement(16).subarray(7));
  },
  "a daemon that sends a header to each client": async (_client, daemon, n) => {
    (await daemon.connection(n)).socket.write(announcement(16));
  },
};

describe.runIf(existsSync("/proc/self/statm"))("the relay's resident memory", () => {
  test.each(Object.keys(attacks))(
    "stays low while there are %s of a 64 MiB message, when they leave, and when others come",
    async (name) => {
      const daemon = await rememberingDaemon();
      const { url, resident } = await relayOf(daemon);
      const before = resident();
      for (let round = 0; round < 3; round++) {
        const clients: WebSocket[] = [];
        for (let i = 0; i < CLIENTS; i++) {
          const client = await clientOf(url);
          await attacks[name]!(client, daemon, round * CLIENTS + i);
          clients.push(client);
        }
        await sleep(200);
        expect(resident() - before).toBeLessThan(ORDINARY);
        for (const client of clients) client.close();
        await Promise.all(clients.map((client) => once(client, "close")));
        await sleep(200);
        expect(resident() - before).toBeLessThan(ORDINARY);
      }
      console.log(`${name}: ${((resident() - before) / MB).toFixed(0)} MiB more afterwards`);
    },
    60_000,
  );

  test("comes back for the most part when clients leave in the middle of their message", async () => {
    const daemon = await rememberingDaemon();
    const { url, resident } = await relayOf(daemon);
    const before = resident();
    const SENT = 4 * MB;
    const bytes = announcement(SENT);
    for (let round = 0; round < 6; round++) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => clientOf(url)));
      // a relay takes frames of at most 1 MiB
      for (const client of clients)
        for (let at = 0; at < SENT; at += MB) client.send(bytes.subarray(at, at + MB));
      await Promise.all(
        clients.map((client) =>
          expect.poll(() => client.bufferedAmount, { timeout: 10_000 }).toBe(0),
        ),
      );
      await sleep(100);
      for (const client of clients) client.close();
      await Promise.all(clients.map((client) => once(client, "close")));
    }
    await sleep(300);
    const more = resident() - before;
    console.log(`60 clients that left after 4 MiB: ${(more / MB).toFixed(0)} MiB more afterwards`);
    // each round's 40 MiB would add up to 240
    expect(more).toBeLessThan(160 * MB);
  }, 60_000);
});
