import { describe, expect, it } from "vitest";
import { defaultInstance } from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { concat } from "../../oracle/reference/codec.ts";
import { fresh } from "../c/helpers.ts";
import { alone, Thing, together } from "./memory.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const values = (): number => defaultInstance().descriptors.size;

describe("a value that is sent with a message", () => {
  it("arrives as the very same with that message, and can be taken once", async () => {
    const log: string[] = [];
    const [a, b] = together();
    const thing = new Thing("thing", log);
    void a.send({ type: 1 });
    void a.send({ type: 2, fd: thing, data: new Uint8Array(3) });
    void a.send({ type: 3 });
    const messages = [await b.receive(), await b.receive(), await b.receive()];
    expect(messages.map((m) => m!.hasFd)).toEqual([false, true, false]);
    const second = messages[1]!;
    expect(second.data).toEqual(new Uint8Array(3));
    expect(second.takeFd()).toBe(thing);
    expect([second.hasFd, second.takeFd()]).toEqual([false, undefined]);
    second.dispose();
    await Promise.all([a.close(), b.close()]);
    expect([log, values()]).toEqual([[], 0]);
  });

  it("may be anything, undefined apart, which is no value", async () => {
    const [a, b] = together();
    const all = [0, "", null, false, Symbol("s"), () => 1, {}, 5n];
    for (const fd of all) void a.send({ type: 1, fd });
    for (const fd of all) expect((await b.receive())!.takeFd()).toBe(fd);
    await a.send({ type: 1, fd: undefined });
    expect((await b.receive())!.hasFd).toBe(false);
    await Promise.all([a.close(), b.close()]);
  });

  it("travels with the first byte of its message, in a piece that begins with it", async () => {
    const [a, transport] = alone();
    void a.send({ type: 1, data: new Uint8Array(5) });
    void a.send({ type: 2, fd: "two", data: new Uint8Array(40_000 % 16_000) });
    void a.send({ type: 3 });
    void a.send({ type: 4, fd: "four" });
    await turn();
    const pieces = transport.sent.map(({ bytes, passed }) => [
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true),
      passed?.value,
    ]);
    expect(pieces[0]).toEqual([1, undefined]);
    expect(pieces.filter(([, value]) => value !== undefined)).toEqual([
      [2, "two"],
      [4, "four"],
    ]);
    expect(concat(transport.sent.map(({ bytes }) => bytes)).length).toBe(16 * 4 + 5 + 8000);
    await a.close();
  });

  it("is the caller's still if the message is refused", async () => {
    const log: string[] = [];
    const [a, b] = together({ maxSize: 100 });
    const fd = new Thing("fd", log);
    const refused = [
      [{ type: 1, fd, data: new Uint8Array(85) }, "ERANGE"],
      [{ type: -1, fd }, "EINVAL"],
      [{ type: 1, fd, peerid: 0.5 }, "EINVAL"],
      [{ type: 1, fd, data: "text" as unknown as Uint8Array }, "EINVAL"],
    ] as const;
    for (const [message, code] of refused) {
      await expect(a.send(message)).rejects.toMatchObject({ code });
    }
    expect([log, values()]).toEqual([[], 0]);
    await a.send({ type: 2, fd });
    expect((await b.receive())!.takeFd()).toBe(fd);
    await a.close();
    await expect(a.send({ type: 3, fd })).rejects.toMatchObject({ code: "ERR_IMSG_CLOSED" });
    await b.close();
    expect([log, values()]).toEqual([[], 0]);
  });

  it("is closed if the channel ends before it is sent", async () => {
    const log: string[] = [];
    const [a, transport] = alone();
    transport.room = false;
    void a.send({ type: 1 }).catch(() => {});
    await turn();
    for (const name of ["one", "two"]) {
      a.send({ type: 2, fd: new Thing(name, log) }).catch(() => {});
    }
    expect(log).toEqual([]);
    a.abort(new Error("enough"));
    expect([log, values()]).toEqual([["one", "two"], 0]);
  });

  it("is refused without allowFdPass, and stays the caller's", async () => {
    const log: string[] = [];
    const [a, b] = together({ allowFdPass: false }, { allowFdPass: true });
    const fd = new Thing("fd", log);
    await expect(a.send({ type: 1, fd })).rejects.toMatchObject({
      code: "EINVAL",
      syscall: "imsg_compose",
    });
    await a.send({ type: 2 });
    expect((await b.receive())!.hasFd).toBe(false);
    await Promise.all([a.close(), b.close()]);
    expect(log).toEqual([]);
  });
});

describe("a channel that passes values", () => {
  it("needs a transport that can", () => {
    const pair = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    expect(() => new ImsgChannel(pair, { allowFdPass: true })).toThrow(
      expect.objectContaining({ code: "EINVAL", syscall: "imsgbuf_allow_fdpass" }),
    );
  });

  it("keeps values apart from those of other channels of the instance", async () => {
    const instance = fresh();
    const pairs = Array.from({ length: 20 }, () => together({ instance }));
    await Promise.all(pairs.map(([a], i) => a.send({ type: i, fd: `value ${i}` })));
    for (const [i, [, b]] of pairs.reverse().entries()) {
      const message = (await b.receive())!;
      expect(message.takeFd()).toBe(`value ${19 - i}`);
    }
    for (const [a, b] of pairs) await Promise.all([a.close(), b.close()]);
    expect(instance.descriptors.size).toBe(0);
    expect(instance.stats().objects.batch).toBe(0);
  });
});
