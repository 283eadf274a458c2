/**
 * Peers that send their bytes in very many pieces, while the receiver or the daemon takes nothing:
 * what waits costs little more than its bytes, and arrives whole later.
 */
import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { gc, residentOf } from "../../helpers/memory.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed, start } from "../cli/command.ts";
import { rememberingDaemon } from "../cli/relay-client.ts";
import { c, web } from "./library.ts";

const held = (): number => {
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const MARK = 65536;

/** Messages whose payloads count up, so that a lost or moved byte shows. */
function stream(bytes: number): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from({ length: 8000 }, (_, i) => i);
  const one = encode({ type: 1, pid: 1, data });
  return Uint8Array.from(Buffer.concat(Array(Math.ceil(bytes / one.length)).fill(one)));
}

/** A channel over a port that has reached its mark, and how its peer posts. */
async function waiting() {
  const { port1, port2 } = new MessageChannel();
  const channel = web.fromMessagePort(port1 as never);
  channel.closed.catch(() => {});
  onTestFinished(() => {
    channel.abort();
    port2.close();
  });
  const filling = stream(2 * MARK);
  port2.postMessage(filling.slice().buffer);
  await turn();
  return {
    channel,
    filled: filling.length,
    post: (b: Uint8Array) => port2.postMessage(b.slice().buffer),
  };
}

describe("pieces that wait to be decoded", () => {
  it("of one byte cost at most 8 bytes each", async () => {
    const { post } = await waiting();
    const COUNT = 400_000;
    const bytes = stream(COUNT);
    await turn();
    const before = held();
    for (let i = 0; i < COUNT; i++) {
      post(bytes.subarray(i, i + 1));
      if (i % 1000 === 0) await turn();
    }
    await turn();
    await turn();
    expect(held() - before).toBeLessThan(8 * COUNT);
  }, 60_000);

  it("of any sizes arrive whole, whenever the receiver takes something", async () => {
    const size = fc.oneof(fc.nat(3), fc.nat(100), fc.nat(2100), fc.nat(9000));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(size, fc.nat(9)), { minLength: 20, maxLength: 120 }),
        async (pieces) => {
          const { channel, filled, post } = await waiting();
          const bytes = stream(pieces.reduce((sum, [length]) => sum + length, 0));
          let at = 0;
          let received = 0;
          const take = async (): Promise<void> => {
            const { data } = (await channel.receive())!;
            expect(data.every((byte, i) => byte === (i & 255))).toBe(true);
            received += data.length + 16;
          };
          for (const [length, then] of pieces) {
            post(bytes.subarray(at, at + length));
            at += length;
            if (then === 0) await turn();
            if (then === 1 && received < filled) await take();
          }
          post(bytes.subarray(at));
          while (received < filled + bytes.length) await take();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe("values that wait with their pieces", () => {
  it("end the channel if they are more than the peer had credit for", async () => {
    const { port1, port2 } = new MessageChannel();
    const channel = web.fromMessagePort(port1 as never, { allowFdPass: true });
    onTestFinished(() => port2.close());
    let failed: { code?: string; message?: string } | undefined;
    channel.closed.catch((error) => {
      failed = error;
    });
    port2.postMessage(stream(2 * MARK).buffer);
    let posted = 0;
    for (; failed === undefined && posted < 40_000; posted += 100) {
      for (let i = 0; i < 100; i++) {
        const fd = new ArrayBuffer(1);
        port2.postMessage({ bytes: new ArrayBuffer(1), fd }, [fd]);
      }
      await turn();
    }
    expect(failed).toMatchObject({ code: "ERR_IMSG_OVERFLOW", fromPeer: true });
    expect(failed!.message).toContain("values wait");
    expect(posted).toBeLessThan(40_000);
    expect(c.defaultInstance().descriptors.size).toBe(0);
  }, 60_000);

  it("of an honest peer wait as long as it likes, and all arrive", async () => {
    const { port1, port2 } = new MessageChannel();
    const [ours, theirs] = [port1, port2].map((port) =>
      web.fromMessagePort(port as never, { allowFdPass: true }),
    ) as [ImsgChannel, ImsgChannel];
    const COUNT = 6000;
    const sending = (async () => {
      for (let i = 0; i < COUNT; i++) await theirs.send({ type: i, fd: new ArrayBuffer(1) });
      await theirs.end();
    })();
    await new Promise((resolve) => setTimeout(resolve, 500));
    let next = 0;
    for await (const message of ours) {
      expect(message.type).toBe(next++);
      expect(message.takeFd()).toBeInstanceOf(ArrayBuffer);
    }
    await sending;
    expect(next).toBe(COUNT);
    await Promise.all([ours.close(), theirs.close()]);
  }, 60_000);
});

describe("pieces of a client that wait for the daemon", () => {
  it("of one byte cost the relay little more than its limit", async () => {
    const daemon = await rememberingDaemon();
    const args = ["relay", "--json", "--to", daemon.target, "--allow-type", "all"];
    const { child, stdout } = start(packed, args);
    onTestFinished(() => void child.kill("SIGKILL"));
    await expect.poll(stdout, { timeout: 20_000 }).toContain("listening");
    const { url } = JSON.parse(stdout().split("\n")[0]!) as { url: string };
    const resident = (): number => residentOf(child.pid!);
    const frames = Buffer.concat(
      // the first window fills the daemon's socket
      [...stream(2 * MARK)].map((byte) => Buffer.from([0x82, 0x81, 0, 0, 0, 0, byte])),
    );
    const clients: WebSocket[] = [];
    const before = resident();
    for (let i = 0; i < 8; i++) {
      const client = new WebSocket(url, ["imsg.credit"], { perMessageDeflate: false });
      client.on("error", () => {});
      onTestFinished(() => client.terminate());
      await once(client, "open");
      (await daemon.connection(i)).socket.pause();
      const { _socket: raw } = client as unknown as { _socket: import("node:net").Socket };
      // so that the daemon's side is full
      client.send(stream(MARK));
      raw.write(frames.subarray(0, 7 * MARK));
      clients.push(client);
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const more = (resident() - before) / clients.length;
    console.log(`${(more / 1024).toFixed(0)} KiB for each client that sends single bytes`);
    expect(more).toBeLessThan(6 << 20);
  }, 60_000);
});
