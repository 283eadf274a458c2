import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectPeer, peerArguments, peerPayload, readSum } from "../../helpers/peer.ts";
import { ReferenceConnection } from "../reference/connection.ts";
import { parseDump } from "./dump.ts";
import { listening, text } from "./peers.ts";

describe("two peers", () => {
  const handOver = async (...args: string[]) => {
    const peer = await listening(...args);
    const other = connectPeer(peer.path, "--mode", "handover", "--fdpass", "--pid", "5");
    onTestFinished(() => other.stop());
    expect(await other.exited).toEqual({ code: 0, signal: null });
    const [result] = parseDump(other.stdout());
    return result?.messages ?? [];
  };

  test("pass a descriptor, and the one that got it reads from it", async () => {
    const [message] = await handOver("--fdpass");
    expect(message).toMatchObject({ type: 9, hasFd: false, gotFd: false });
    expect(message!.data.subarray(0, 4)).toEqual(peerArguments(1));
    expect(text(message!.data.subarray(4))).toBe("descriptor");
  });

  test("pass no descriptor if one of them does not allow it", async () => {
    const [message] = await handOver();
    expect(message!.data).toEqual(peerArguments(0));
  });

  test("pass a descriptor there and back", async () => {
    expect(await handOver("--mode", "echo", "--fdpass")).toMatchObject([
      { type: 9, pid: 5, hasFd: true, gotFd: true },
    ]);
  });
});

describe("a peer's connections", () => {
  test("can be many at once, each with its own state", async () => {
    const peer = await listening("--connections", "40");
    const connections = await Promise.all(
      Array.from({ length: 40 }, async () => new ReferenceConnection(await peer.connect())),
    );
    for (const [i, connection] of connections.entries()) {
      for (let n = 0; n < i; n++) connection.send({ type: 50, data: peerPayload(n, 10) });
      connection.send({ type: 2 });
    }
    for (const [i, connection] of connections.entries()) {
      expect(readSum((await connection.receive())!.data).count).toBe(BigInt(i));
      connection.end();
      expect(await connection.receive()).toBeUndefined();
    }
    expect(await peer.exited).toEqual({ code: 0, signal: null });
  });

  test("leave it alive when one of them is bad", async () => {
    const peer = await listening();
    const bad = new ReferenceConnection(await peer.connect());
    bad.sendRaw(new Uint8Array(16));
    expect(await bad.receive()).toBeUndefined();
    const good = new ReferenceConnection(await peer.connect());
    good.send({ type: 1, peerid: 3 });
    expect((await good.receive())?.peerid).toBe(3);
    expect(peer.stderr()).toBe("peer: imsgbuf_read: ERANGE\n");
  });

  test("can be made by the peer, to a listener of the test", async () => {
    const folder = await mkdtemp(join(tmpdir(), "imsg-test-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "s");
    const accepted = new Promise<Socket>((resolve) => {
      const server = createServer(resolve).listen(path, () => {
        const peer = connectPeer(path, "--mode", "send", "--count", "3", "--size", "5");
        onTestFinished(() => peer.stop());
      });
      onTestFinished(() => void server.close());
    });
    const { messages } = await new ReferenceConnection(await accepted).receiveAll();
    expect(messages.map((message) => message.data)).toEqual(
      [0, 1, 2].map((i) => peerPayload(i, 5)),
    );
  });

  test("end with the peer when its stdin ends, so that no test leaves one behind", async () => {
    const peer = await listening();
    const connection = new ReferenceConnection(await peer.connect());
    peer.child.stdin?.end();
    expect(await connection.receive()).toBeUndefined();
    expect(await peer.exited).toEqual({ code: 0, signal: null });
  });
});
