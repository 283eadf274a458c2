/** The laws of credit between the relay and a client, checked with a bare WebSocket and a bare daemon. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { type Law, MOST, messages, PIECE, settled, sleep, WINDOW } from "./laws.ts";
import type { Library } from "./peers.ts";

/** The bytes that the relay queues for a side that does not read; it grants a client as many. */
const MARK = 131072;

interface Relayed {
  client: WebSocket;
  /** The daemon's side of the client's connection. */
  daemon: Socket;
  /** Bytes that the client has got, and credit. */
  bytes(): number;
  granted(): number;
  /** The code that the relay closes with; -1 if it does not within two seconds. */
  code(): Promise<number>;
}

/** Starts a relay with one client, and runs a law with them. */
async function relayed(
  { startRelay }: Library,
  protocol: string,
  run: (relayed: Relayed) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "imsg-laws-"));
  const path = join(folder, "s");
  const server = createServer({ allowHalfOpen: true });
  server.listen(path);
  await once(server, "listening");
  const accepted = once(server, "connection");
  const relay = await startRelay({ to: `unix:${path}`, allowTypes: "all" });
  const client = new WebSocket(relay.url, [protocol], { perMessageDeflate: false });
  client.on("error", () => {});
  const closed = new Promise<number>((resolve) => client.once("close", resolve));
  let [bytes, granted] = [0, 0];
  client.on("message", (data: Buffer, isBinary) => {
    if (isBinary) bytes += data.length;
    else granted += Number(data.toString());
  });
  const [daemon] = (await accepted) as [Socket];
  daemon.on("error", () => {});
  try {
    if (client.readyState !== WebSocket.OPEN) await once(client, "open");
    const code = (): Promise<number> => Promise.race([closed, sleep(2000).then(() => -1)]);
    await run({ client, daemon, bytes: () => bytes, granted: () => granted, code });
  } finally {
    client.terminate();
    daemon.destroy();
    await relay.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

const law = (name: string, run: (relayed: Relayed) => Promise<void>, protocol = "imsg.credit") => ({
  name: `the relay: ${name}`,
  holds: (library: Library) => relayed(library, protocol, run),
});

export const relayLaws: readonly Law[] = [
  law(
    "a client gets the window and at most two pieces without credit, and more by credit",
    async (r) => {
      r.daemon.write(messages(400, 10_000));
      const first = await settled(r.bytes);
      assert.ok(first >= WINDOW && first <= WINDOW + 2 * PIECE, `${first} bytes without credit`);
      r.client.send(String(first - WINDOW + 500_000));
      const second = (await settled(r.bytes)) - first;
      assert.ok(second > 0 && second <= 500_000 + 2 * PIECE, `${second} bytes for 500,000`);
      r.client.send(String(8_000_000));
      assert.equal(await settled(r.bytes), 4_000_000);
    },
  ),
  law(
    "a client is granted the mark at the start, and then what the daemon has taken",
    async (r) => {
      r.daemon.resume();
      assert.equal(await settled(r.granted), MARK - WINDOW);
      let sent = 0;
      while (sent < 1_000_000) {
        const left = WINDOW + r.granted() - sent;
        if (left > 10_000) {
          r.client.send(messages(1, 10_000));
          sent += 10_000;
        } else await sleep(1);
      }
      const more = (await settled(r.granted)) - (MARK - WINDOW);
      assert.ok(more <= sent && more > sent - WINDOW / 2, `${more} granted for ${sent}`);
    },
  ),
  law("a client that sends more than it was granted is closed with 1008", async (r) => {
    r.daemon.pause();
    for (let i = 0; i < 400; i++) r.client.send(messages(1, 16_000));
    assert.equal(await r.code(), 1008);
  }),
  law(
    "a client that sends what it was granted is not closed, although the daemon reads nothing",
    async (r) => {
      r.daemon.pause();
      await settled(r.granted);
      for (let i = 0; i < MARK / 8192; i++) r.client.send(messages(1, 8192));
      assert.equal(await r.code(), -1);
    },
  ),
  law("more credit than 16 MiB closes with 1007", async (r) => {
    r.client.send(String(MOST - WINDOW));
    r.client.send("1");
    assert.equal(await r.code(), 1007);
  }),
  law("text that is no credit closes with 1007", async (r) => {
    r.client.send("01");
    assert.equal(await r.code(), 1007);
  }),
  law(
    "text closes with 1003 without the protocol of credit",
    async (r) => {
      r.client.send("1000");
      assert.equal(await r.code(), 1003);
    },
    "imsg",
  ),
  law("bytes after the client's end close with 1007", async (r) => {
    r.client.send(new Uint8Array(0));
    r.client.send(messages(1, 16));
    assert.equal(await r.code(), 1007);
  }),
];
