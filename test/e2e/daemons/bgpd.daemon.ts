import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImsgChannel, ImsgMessage } from "../../../ts/entry/index.ts";
import { prefixes, type RunningBgpd, startBgpd } from "./bgpd.ts";
import { connectBgpd } from "./examples.ts";
import { until } from "./program.ts";
import {
  encoded,
  freshPid,
  listing,
  MAX_SIZE,
  open,
  openBoth,
  openSocket,
  prefixOf,
  Type,
  WHOLE_RIB,
} from "./wire.ts";

const COUNT = 20_000;
const ENTRY = 16 + 392; // an entry of the RIB that has no AS path
const all = prefixes(COUNT);
const NEIGHBOR = `
neighbor 127.0.0.2 {
	descr "peer-a"
	remote-as 65002
	passive
}
allow from any
allow to any
`;

let bgpd: RunningBgpd;

beforeAll(async () => {
  bgpd = await startBgpd({ statements: NEIGHBOR });
  const client = await connectBgpd(bgpd.socket);
  await client.announce(all);
  await client.ribMemory(); // the messages before it have been read
  await client.close();
});

afterAll(() => bgpd?.stop());

/** The types of messages, repetitions written once. */
const types = (messages: readonly ImsgMessage[]): number[] =>
  messages.map(({ type }) => type).filter((type, i, every) => type !== every[i - 1]);

describe("20,000 prefixes of a live bgpd", () => {
  it("come whole and in bgpctl's own number when they were announced by messages", async () => {
    const channel = await open(bgpd.socket);
    await channel.send(WHOLE_RIB);
    const messages = await listing(channel);
    expect(types(messages)).toEqual([Type.SHOW_RIB, Type.END]);
    expect(messages.slice(0, -1).map(prefixOf)).toEqual(all);
    const { rib } = (await bgpd.json("show", "rib")) as { rib: unknown[] };
    expect(rib).toHaveLength(COUNT);
    await channel.close();
  });

  it("are decoded to the same document as bgpctl prints", async () => {
    const client = await connectBgpd(bgpd.socket);
    const { rib } = (await bgpd.json("show", "rib")) as { rib: { prefix: string }[] };
    const still = ({ ...entry }: object) => ({ ...entry, last_update: "", last_update_sec: 0 });
    const mine: object[] = [];
    for await (const entry of client.rib()) mine.push(still(entry));
    expect(mine).toEqual(rib.map(still));
    await client.close();
  });

  it("come to eight connections at once, each with its own pid in every reply", async () => {
    const pids = Array.from({ length: 8 }, freshPid);
    // one by one: bgpd's queue for connections is shorter, and Linux answers EAGAIN
    const channels: ImsgChannel[] = [];
    for (const pid of pids) channels.push(await open(bgpd.socket, pid));
    const listings = await Promise.all(
      channels.map(async (channel) => {
        await channel.send(WHOLE_RIB);
        return listing(channel);
      }),
    );
    for (const [i, messages] of listings.entries()) {
      expect(new Set(messages.map(({ pid }) => pid))).toEqual(new Set([pids[i]]));
      expect(new Set(messages.slice(0, -1).map(prefixOf)).size).toBe(COUNT);
      expect(messages).toHaveLength(COUNT + 1);
    }
    await Promise.all(channels.map((channel) => channel.close()));
  });

  it("wait in the daemon while the reader stalls, and all arrive when it resumes", async () => {
    const { channel, socket } = await openBoth(bgpd.socket);
    await channel.send(WHOLE_RIB);
    const first = await channel.receive();
    expect(first?.type).toBe(Type.SHOW_RIB);
    // the flow has stopped when two counts are equal, with the daemon's own answer in between
    for (let before = -1; before !== socket.bytesRead; ) {
      before = socket.bytesRead;
      const other = await open(bgpd.socket);
      await other.send({ type: Type.SHOW_NEIGHBOR });
      expect(types(await listing(other))).toEqual([Type.SHOW_NEIGHBOR, Type.END]);
      await other.close();
    }
    expect(socket.isPaused()).toBe(true);
    expect(socket.bytesRead).toBeLessThan((COUNT * ENTRY) / 4);
    const rest = await listing(channel);
    expect(rest).toHaveLength(COUNT);
    expect([first as ImsgMessage, ...rest.slice(0, -1)].map(prefixOf)).toEqual(all);
    await channel.close();
  });

  it("come when a configured bgpd got them from bgpctl network bulk add", async () => {
    const second = await startBgpd({ statements: NEIGHBOR });
    try {
      await second.bulkAdd(all);
      const client = await connectBgpd(second.socket);
      let count = 0;
      // bgpctl does not wait until bgpd has read its messages
      while (count < COUNT) {
        count = 0;
        for await (const { prefix } of client.rib()) expect(prefix).toBe(all[count++]);
      }
      expect(count).toBe(COUNT);
      await client.close();
    } finally {
      await second.stop();
    }
  });
});

describe("a live bgpd", () => {
  it("understands a request that is written byte by byte", async () => {
    const { channel, socket } = await openBoth(bgpd.socket);
    for (const byte of encoded([{ type: Type.SHOW_NEIGHBOR }], [{ type: Type.SHOW_RIB_MEM }])) {
      await new Promise<void>((resolve) => {
        socket.write(Uint8Array.of(byte), () => resolve());
      });
    }
    const messages = [];
    for (let i = 0; i < 3; i++) messages.push(await channel.receive());
    expect(messages.map((message) => message?.type)).toEqual([
      Type.SHOW_NEIGHBOR,
      Type.END,
      Type.SHOW_RIB_MEM,
    ]);
    expect(messages.map((message) => message?.data.length)).toEqual([2144, 0, 288]);
    await channel.close();
  });

  it("answers a thousand pipelined requests in their order", async () => {
    const channel = await open(bgpd.socket);
    const asked = Array.from({ length: 1000 }, (_, i) =>
      i % 2 === 0 ? Type.SHOW_RIB_MEM : Type.SHOW_NEIGHBOR,
    );
    await Promise.all(asked.map((type) => channel.send({ type })));
    const answered: number[] = [];
    while (answered.length < 1500) answered.push((await channel.receive())!.type);
    expect(answered).toEqual(
      asked.flatMap((type) => (type === Type.SHOW_RIB_MEM ? [type] : [type, Type.END])),
    );
    await channel.close();
  });

  it("answers requests to its three processes that come in one write", async () => {
    const channel = await open(bgpd.socket);
    const asked = [Type.SHOW_NEIGHBOR, Type.SHOW_RIB_MEM, Type.SHOW_FIB_TABLES];
    await Promise.all(asked.map((type) => channel.send({ type })));
    const answered: number[] = [];
    while (answered.length < 5) answered.push((await channel.receive())!.type);
    // the answers of different processes come in any order
    expect(answered.sort()).toEqual([...asked, Type.END, Type.END].sort());
    await channel.close();
  });

  it("refuses forbidden requests on its restricted socket with result 2, and stays usable", async () => {
    const channel = await open(bgpd.restricted);
    for (const type of [Type.SHOW_FIB_TABLES, Type.NETWORK_ADD, 999]) {
      await channel.send({ type });
      const [result] = await listing(channel);
      expect([result!.type, [...result!.data]]).toEqual([Type.RESULT, [2, 0, 0, 0]]);
    }
    await channel.send({ type: Type.SHOW_NEIGHBOR });
    expect(types(await listing(channel))).toEqual([Type.SHOW_NEIGHBOR, Type.END]);
    await channel.close();
  });

  it("ignores a request of the wrong size or an unknown type, and stays usable", async () => {
    const channel = await open(bgpd.socket);
    await channel.send({ type: Type.SHOW_RIB, data: new Uint8Array(727) });
    await channel.send({ type: 999 });
    await channel.send({ type: Type.SHOW_RIB_MEM });
    expect((await channel.receive())?.type).toBe(Type.SHOW_RIB_MEM);
    await until("bgpd has complained", bgpd.program, async () =>
      bgpd.program.log().includes("SHOW_RIB with wrong length"),
    );
    await channel.close();
  });

  it("takes a message of 131,072 bytes, the largest", async () => {
    const channel = await open(bgpd.socket);
    await channel.send({ type: 999, data: new Uint8Array(MAX_SIZE - 16) });
    await channel.send({ type: Type.SHOW_RIB_MEM });
    expect((await channel.receive())?.type).toBe(Type.SHOW_RIB_MEM);
    await channel.close();
  });

  it.each([15, MAX_SIZE + 1])("closes the connection on a header of length %i", async (length) => {
    const socket = await openSocket(bgpd.socket);
    const header = new Uint32Array([Type.SHOW_RIB_MEM, length, 0, freshPid()]);
    socket.write(new Uint8Array(header.buffer));
    socket.resume();
    await once(socket, "end");
    expect(socket.bytesRead).toBe(0);
    socket.destroy();
  });

  it("never sees a message that the library finds too large", async () => {
    const channel = await open(bgpd.socket);
    const data = new Uint8Array(MAX_SIZE - 15);
    await expect(channel.send({ type: 999, data })).rejects.toMatchObject({ code: "ERANGE" });
    await channel.send({ type: Type.SHOW_RIB_MEM });
    expect((await channel.receive())?.type).toBe(Type.SHOW_RIB_MEM);
    await channel.close();
  });

  it("has the connection ended with an error when its messages are larger than allowed", async () => {
    const { connect } = await import("../../../ts/entry/node.ts");
    const channel = await connect({ path: bgpd.socket }, { maxSize: 2000, pid: freshPid() });
    await channel.send({ type: Type.SHOW_NEIGHBOR });
    await expect(channel.receive()).rejects.toMatchObject({
      code: "ERANGE",
      message: expect.stringContaining("len 2160"),
    });
    await expect(channel.closed).rejects.toMatchObject({ code: "ERANGE" });
  });
});

describe("a bgpd that is killed in the middle of a listing", () => {
  it.each([1, 10, 100, 1000])("ends it after %i messages truncated or cleanly", async (before) => {
    const victim = await startBgpd({ statements: NEIGHBOR });
    try {
      const client = await connectBgpd(victim.socket);
      await client.announce(all);
      await client.ribMemory();
      const entries = client.rib();
      expect((await entries.next()).value).toMatchObject({ prefix: all[0] });
      const channel = await open(victim.socket);
      await channel.send(WHOLE_RIB);
      let received = 0;
      const end = await (async () => {
        for await (const message of channel) {
          expect(message.type).toBe(Type.SHOW_RIB);
          if (++received === before) victim.program.kill("SIGKILL");
        }
        return "clean";
      })().catch((error: { code: string }) => error.code);
      expect(received).toBeGreaterThanOrEqual(before);
      expect(received).toBeLessThan(COUNT);
      expect(["clean", "ERR_IMSG_TRUNCATED"]).toContain(end);
      // from then on every operation fails with the same error
      if (end === "clean") await expect(channel.receive()).resolves.toBe(undefined);
      else {
        await expect(channel.receive()).rejects.toMatchObject({ code: end });
        await expect(channel.send(WHOLE_RIB)).rejects.toMatchObject({ code: end });
        await expect(channel.closed).rejects.toMatchObject({ code: end });
      }
      await channel.close();
      // to the client an end within a listing is an error in any case
      await expect(async () => {
        for await (const { prefix } of entries) expect(prefix).toContain("/24");
      }).rejects.toThrow(/within its answer|within a reply|ERR_IMSG_TRUNCATED/);
      await expect(client.ribMemory()).rejects.toThrow();
      await client.close();
    } finally {
      await victim.stop();
    }
  });
});
