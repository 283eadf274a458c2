import { beforeAll, describe, expect, it } from "vitest";
import type { ImsgMessage } from "../../../ts/batch/message.ts";
import { defaultInstance } from "../../../ts/c/index.ts";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { connect } from "../../../ts/entry/node.ts";
import { descriptorPair } from "../../helpers/pair.ts";
import { listenPeer, PeerType } from "../../helpers/peer.ts";
import { close, openCount, openNull } from "./open.ts";

const PASSES = 10_000;

beforeAll(async () => {
  await (await once()).close(); // descriptors that are opened once and stay open
});

async function once(): Promise<ImsgChannel> {
  const [a, b] = await descriptorPair();
  void b.close();
  return a;
}

/** The count of open descriptors after all pending closings. */
async function settled(): Promise<number> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  return openCount();
}

const values = (): number => defaultInstance().descriptors.size;

describe("the descriptors of the process", () => {
  it(`are as many after ${PASSES} passes in both directions as before`, async () => {
    const before = [await settled(), values()];
    const [a, b] = await descriptorPair();
    const talk = async (from: ImsgChannel, to: ImsgChannel): Promise<void> => {
      const sent = (async () => {
        for (let i = 0; i < PASSES / 2; i++) await from.send({ type: i, fd: openNull() });
      })();
      for (let i = 0; i < PASSES / 2; i++) {
        const message = (await to.receive())!;
        expect(message.hasFd).toBe(true);
        // every way to end a connection
        if (i % 2 === 0) close(message.takeFd() as number);
        else message.dispose();
      }
      await sent;
    };
    await Promise.all([talk(a, b), talk(b, a)]);
    await Promise.all([a.close(), b.close()]);
    expect([await settled(), values()]).toEqual(before);
  });

  it(`are as many after ${PASSES} passes to the native peer and back as before`, async () => {
    await using peer = await listenPeer("--fdpass", "--mode", "echo");
    const before = [await settled(), values()];
    const channel = await connect({ path: peer.path }, { allowFdPass: true });
    const sent = (async () => {
      for (let i = 0; i < PASSES; i++) await channel.send({ type: i, fd: openNull() });
    })();
    for (let i = 0; i < PASSES; i++) {
      const message = (await channel.receive())!;
      expect([message.type, message.hasFd]).toEqual([i, true]);
      message.dispose();
    }
    await sent;
    await channel.close();
    expect([await settled(), values()]).toEqual(before);
  });

  it("are as many after 500 channels were broken off with descriptors everywhere", async () => {
    const before = [await settled(), values()];
    for (let i = 0; i < 500; i++) {
      const [a, b] = await descriptorPair();
      for (let n = 0; n < 20; n++) {
        // some are sent, some wait in the socket, in the transport, in the module
        a.send({ type: n, fd: openNull(), data: new Uint8Array(n * 700) }).catch(() => {});
        b.send({ type: n, fd: openNull() }).catch(() => {});
        if (n === 5) await new Promise((resolve) => setImmediate(resolve));
      }
      const refused = openNull();
      await expect(
        a.send({ type: 1, fd: refused, data: new Uint8Array(16369) }),
      ).rejects.toMatchObject({ code: "ERANGE" });
      close(refused);
      if (i % 2 === 0) expect((await a.receive())!.hasFd).toBe(true); // its descriptor is never taken
      const gone = new Error("enough");
      if (i % 4 === 0) a.abort(gone);
      else if (i % 4 === 1) b.abort(gone);
      else if (i % 4 === 2) await Promise.all([a.close(), b.close()]);
      else await Promise.all([a.close(), b.abort(gone)]);
      a.abort(gone);
      b.abort(gone);
    }
    expect([await settled(), values()]).toEqual(before);
  });

  it("are at most 64 more beside a peer that sends many, which are not taken, and then as before", async () => {
    await using peer = await listenPeer("--fdpass");
    const before = [await settled(), values()];
    const channel = await connect({ path: peer.path }, { allowFdPass: true });
    for (let i = 0; i < 200; i++) void channel.send({ type: PeerType.giveFd });
    const kept: ImsgMessage[] = [];
    for (let i = 0; i < 200; i++) kept.push((await channel.receive())!);
    expect(kept.map((message) => message.fdDropped).lastIndexOf(true)).toBe(200 - 64 - 1);
    expect(values()).toBe((before[1] as number) + 64);
    await channel.close();
    await new Promise((resolve) => setTimeout(resolve));
    expect([await settled(), values()]).toEqual(before);
  });
});
