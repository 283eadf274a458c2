import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { connect, spawn } from "../../../ts/entry/node.ts";
import { descriptorPair } from "../../helpers/pair.ts";
import { listenPeer, PeerType, peerBinary } from "../../helpers/peer.ts";
import { close, isOpen, openCount, openNull, unlinkedFile, what } from "./open.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-unix-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the original C built natively, on a Unix socket", () => {
  it("gives a descriptor that reads what the peer wrote into it", async () => {
    await using peer = await listenPeer("--fdpass");
    const channel = await connect({ path: peer.path }, { allowFdPass: true });
    const reply = await channel.request({ type: PeerType.giveFd, peerid: 5 });
    expect([reply.hasFd, text(reply.data)]).toEqual([true, "descriptor"]);
    const fd = reply.takeFd() as number;
    expect([reply.hasFd, reply.takeFd()]).toEqual([false, undefined]);
    expect(what(fd)).toMatch(/^pipe:/);
    // closed on exec: bit 02000000 of its flags
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
    expect(Number.parseInt(flags![1]!, 8) & 0o2000000).not.toBe(0);
    expect(readFileSync(fd, "utf8")).toBe("descriptor");
    close(fd);
    await channel.close();
  });

  it("reads an unlinked file by the descriptor that it is sent", async () => {
    await using peer = await listenPeer("--fdpass");
    const channel = await connect({ path: peer.path }, { allowFdPass: true });
    const fd = unlinkedFile("a file without a name");
    const reply = await channel.request({ type: PeerType.takeFd, peerid: 6, fd });
    expect(new DataView(reply.data.buffer).getUint32(0, true)).toBe(1);
    expect(text(reply.data.subarray(4))).toBe("a file without a name");
    expect(isOpen(fd)).toBe(false);
    await channel.close();
  });

  it("sends the same file back, however the bytes are cut", async () => {
    await using peer = await listenPeer("--fdpass", "--mode", "echo", "--sndbuf", "5000");
    const channel = await connect({ path: peer.path }, { allowFdPass: true });
    for (const size of [0, 1, 4000, 16368]) {
      const fd = unlinkedFile(`file ${size}`);
      const inode = what(fd);
      void channel.send({ type: 7, data: new Uint8Array(16368) });
      void channel.send({ type: 8, fd, data: new Uint8Array(size) });
      void channel.send({ type: 9, data: new Uint8Array(16368) });
      expect((await channel.receive())!.hasFd).toBe(false);
      const message = (await channel.receive())!;
      const back = message.takeFd() as number;
      expect([what(back), message.data.length]).toEqual([inode, size]);
      close(back);
      expect((await channel.receive())!.hasFd).toBe(false);
    }
    await channel.close();
  });

  it("talks to a spawned peer on descriptor 3", async () => {
    const { child, channel } = await spawn(peerBinary(), ["--fd", "3", "--fdpass"], {
      allowFdPass: true,
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const reply = await channel.request({ type: PeerType.giveFd, peerid: 1 });
    const fd = reply.takeFd() as number;
    expect(readFileSync(fd, "utf8")).toBe("descriptor");
    close(fd);
    await channel.end();
    expect(await channel.receive()).toBeUndefined();
    expect(await exited).toBe(0);
  });

  it("receives everything when it hands over a descriptor and ends", async () => {
    const args = ["--fd", "3", "--fdpass", "--mode", "handover"];
    const { child, channel } = await spawn(peerBinary(), args, {
      allowFdPass: true,
      spawn: { stdio: ["ignore", "ignore", "inherit"] },
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    await channel.end(); // both sides have ended once the peer ends
    await channel.closed;
    const message = (await channel.receive())!;
    expect(message.hasFd).toBe(true);
    const fd = message.takeFd() as number;
    expect(readFileSync(fd, "utf8")).toBe("descriptor");
    close(fd);
    expect(await channel.receive()).toBeUndefined();
    expect(await exited).toBe(0);
  });

  it("gets no descriptor without allowFdPass, and sends none", async () => {
    await using peer = await listenPeer("--fdpass");
    const channel = await connect({ path: peer.path });
    const fd = openNull();
    await expect(channel.send({ type: 1, fd })).rejects.toMatchObject({ code: "EINVAL" });
    expect(isOpen(fd)).toBe(true);
    close(fd);
    const before = openCount();
    const reply = await channel.request({ type: PeerType.giveFd, peerid: 5 });
    expect([reply.hasFd, openCount()]).toEqual([false, before]);
    await channel.close();
  });
});

describe("two channels on a Unix socket", () => {
  it("refuse a number that is no open descriptor, and stay usable", async () => {
    const [a, b] = await descriptorPair();
    for (const fd of ["5", null, {}, -1, 1.5, 2 ** 31]) {
      await expect(a.send({ type: 1, fd })).rejects.toMatchObject({ code: "EINVAL" });
    }
    await expect(a.send({ type: 1, fd: 1_000_000 })).rejects.toMatchObject({ code: "EBADF" });
    const fd = openNull();
    const big = { type: 1, fd, data: new Uint8Array(16369) };
    await expect(a.send(big)).rejects.toMatchObject({ code: "ERANGE" });
    expect(isOpen(fd)).toBe(true);
    await a.send({ type: 2, fd });
    const message = (await b.receive())!;
    expect([message.type, message.hasFd]).toEqual([2, true]);
    message.dispose();
    await Promise.all([a.close(), b.close()]);
  });

  it("carry a megabyte each way while descriptors pass", async () => {
    const [a, b] = await descriptorPair();
    const before = openCount();
    const count = 64;
    const talk = async (from: ImsgChannel, to: ImsgChannel): Promise<void> => {
      const sent = (async () => {
        for (let i = 0; i < count; i++) {
          const fd = i % 2 === 0 ? openNull() : undefined;
          await from.send({ type: i, fd, data: new Uint8Array(16000).fill(i) });
        }
      })();
      for (let i = 0; i < count; i++) {
        const message = (await to.receive())!;
        expect([message.type, message.hasFd, message.data[15999]]).toEqual([i, i % 2 === 0, i]);
        message.dispose();
      }
      await sent;
    };
    await Promise.all([talk(a, b), talk(b, a)]);
    expect(openCount()).toBe(before);
    await Promise.all([a.close(), b.close()]);
  });

  it("make the sender wait while no message is received, instead of ending", async () => {
    const [a, b] = await descriptorPair();
    const before = openCount();
    const sent = (async () => {
      for (let i = 0; i < 500; i++) await a.send({ type: i, fd: openNull() });
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(openCount() - before).toBeLessThan(64);
    for (let i = 0; i < 500; i++) {
      const message = (await b.receive())!;
      expect([message.type, message.hasFd]).toEqual([i, true]);
      message.dispose();
    }
    await sent;
    expect(openCount()).toBe(before);
    await Promise.all([a.close(), b.close()]);
  });

  it("deliver what was sent before the other end was closed with something unread", async () => {
    const [a, b] = await descriptorPair({ lingerTimeout: 200 });
    await b.send({ type: 1 });
    await a.send({ type: 2, data: new Uint8Array(8) });
    await a.close();
    expect((await b.receive())!.type).toBe(2);
    expect(await b.receive()).toBeUndefined();
    await b.close();
  });

  it("tell that the other end is gone", async () => {
    const [a, b] = await descriptorPair();
    b.abort(new Error("enough"));
    await expect(
      (async () => {
        for (;;) {
          await a.send({ type: 1, fd: openNull() });
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    ).rejects.toMatchObject({ code: "EPIPE" });
    // the channel has ended by itself: with an error if it has lost bytes, else cleanly
    const error = await a.closed.catch((reason) => reason);
    if (error !== undefined) expect(error).toMatchObject({ code: "EPIPE", fromPeer: true });
  });

  it("reject as without descriptors when no process listens", async () => {
    await expect(
      connect({ path: join(folder, "nobody") }, { allowFdPass: true }),
    ).rejects.toMatchObject({ code: "ENOENT" });
    await expect(connect({ port: 1 }, { allowFdPass: true })).rejects.toMatchObject({
      code: "EINVAL",
      syscall: "imsgbuf_allow_fdpass",
    });
  });
});
