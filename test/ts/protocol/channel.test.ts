import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import {
  chars,
  cString,
  defineProtocol,
  empty,
  ProtocolError,
  raw,
  sizeT,
  struct,
  u32,
} from "../../../ts/entry/protocol.ts";
import { channelPair, collect } from "../../helpers/pair.ts";

const Item = struct({ id: u32, name: chars(8) }, { name: "item" });
const Result = struct({ code: u32 }, { name: "result" });

/** A coder of another package, which throws errors of its own. */
const foreign = {
  encode: () => new Uint8Array(1),
  decode(): string {
    throw new TypeError("not mine");
  },
};

const shop = defineProtocol({
  name: "shop",
  version: "Shop 1.0",
  peerid: 7,
  ends: ["END", "RESULT"],
  messages: {
    END: { type: 1, receive: empty },
    RESULT: {
      type: 2,
      receive: Result,
      failure: ({ code }: { code: number }) => (code === 0 ? undefined : `code ${code}`),
    },
    LIST: { type: 3, send: empty, lists: "ITEM" },
    ITEM: { type: 4, receive: Item },
    BUY: { type: 5, send: Item, reply: ["RESULT"] },
    COUNT: { type: 6, send: empty, receive: Result, reply: "COUNT" },
    NOTE: { type: 7, send: raw, receive: raw },
    NAMES: {
      type: 8,
      send: empty,
      receive: cString,
      lists: "NAMES",
      last: (name: string) => name === "",
    },
    OTHER: { type: 9, send: empty, receive: foreign, reply: "OTHER" },
  },
});

const open: ImsgChannel[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((channel) => channel.close().catch(() => {})));
});

async function pair() {
  const [a, b] = await channelPair();
  open.push(a, b);
  return { client: shop.on(a), server: shop.on(b, { side: "server" }), raw: b };
}

type Client = Awaited<ReturnType<typeof pair>>["client"];

describe("a typed channel", () => {
  it("sends by name, and receives a union that the name discriminates", async () => {
    const { client, server } = await pair();
    await client.send("BUY", { id: 3, name: "tea" });
    await client.send("NOTE", Uint8Array.of(1));
    await client.end();
    const got = await collect(server);
    expect(got.map(({ name, payload, peerid, type }) => ({ name, payload, peerid, type }))).toEqual(
      [
        { name: "BUY", payload: { id: 3, name: "tea" }, peerid: 7, type: 5 },
        { name: "NOTE", payload: Uint8Array.of(1), peerid: 7, type: 7 },
      ],
    );
  });

  it("passes unknown types as bytes under their number", async () => {
    const { client, raw } = await pair();
    await raw.send({ type: 99, data: Uint8Array.of(5) });
    const message = await client.receive();
    expect(message).toMatchObject({ name: undefined, type: 99, payload: Uint8Array.of(5) });
  });

  it("passes a known type that goes the wrong way as bytes", async () => {
    const { client, raw } = await pair();
    await raw.send({ type: 5, data: Item.encode({ id: 1 }) });
    expect(await client.receive()).toMatchObject({ name: undefined, type: 5 });
  });

  it("answers a request with the reply that the protocol names", async () => {
    const { client, server } = await pair();
    const reply = client.request("COUNT");
    expect((await server.receive())?.name).toBe("COUNT");
    await server.send("NOTE", new Uint8Array(1)); // received as usual
    await server.send("COUNT", { code: 12 });
    expect((await reply).payload.code).toBe(12);
    expect((await client.receive())?.name).toBe("NOTE");
  });

  it("rejects a request that the peer refuses, with the protocol's own words", async () => {
    const { client, server } = await pair();
    const reply = client.request("BUY", { id: 1 });
    await server.receive();
    await server.send("RESULT", { code: 4 });
    await expect(reply).rejects.toThrow(new ProtocolError("code 4", "RESULT", { code: 4 }));
    await expect(reply).rejects.toMatchObject({ reply: "RESULT", payload: { code: 4 } });
    const good = client.request("BUY", { id: 1 });
    await server.receive();
    await server.send("RESULT", { code: 0 });
    expect((await good).name).toBe("RESULT");
  });

  it("lists until the end, in turns, and skips the rest of a listing that was left", async () => {
    const { client, server } = await pair();
    const serve = (async () => {
      for (let asked = 0; asked < 3; asked++) {
        const message = await server.receive();
        if (message?.name === "COUNT") {
          await server.send("COUNT", { code: 1 });
          continue;
        }
        for (let id = 0; id < 5; id++) await server.send("ITEM", { id, name: `n${asked}` });
        await server.send("END");
      }
    })();
    for await (const { payload } of client.list("LIST")) if (payload.id === 1) break;
    const [items, count] = await Promise.all([
      collect(client.list("LIST")),
      client.request("COUNT"),
    ]);
    expect(items.map(({ payload }) => `${payload.name}.${payload.id}`)).toEqual([
      "n1.0",
      "n1.1",
      "n1.2",
      "n1.3",
      "n1.4",
    ]);
    expect(count.payload.code).toBe(1);
    await serve;
  });

  it("rejects a listing that the peer refuses, answers otherwise, or breaks off", async () => {
    const { client, server, raw } = await pair();
    const refused = collect(client.list("LIST"));
    refused.catch(() => {});
    await server.receive();
    await server.send("RESULT", { code: 9 });
    await expect(refused).rejects.toThrow("code 9");
    const other = collect(client.list("LIST"));
    other.catch(() => {});
    await server.receive();
    await raw.send({ type: 77 });
    await expect(other).rejects.toThrow("answered LIST with a message of type 77");
    const broken = collect(client.list("LIST"));
    broken.catch(() => {});
    await server.receive();
    await server.send("ITEM", { id: 1 });
    await raw.end();
    await expect(broken).rejects.toThrow("the peer ended within its answer to LIST");
  });

  /** Answers a listing with `answer`, and a request that follows with 7; the client's request. */
  async function afterwards(
    leave: (client: Client) => Promise<unknown>,
    answer: (raw: ImsgChannel) => Promise<void>,
  ): Promise<number> {
    const { client, server, raw } = await pair();
    const serve = (async () => {
      await server.receive();
      await answer(raw);
      expect((await server.receive())?.name).toBe("COUNT");
      await server.send("COUNT", { code: 7 });
    })();
    await leave(client);
    const { payload } = await client.request("COUNT", undefined, { timeout: 2000 });
    await serve;
    return payload.code;
  }
  const item = (id: number) => ({ type: 4, data: Item.encode({ id }) });
  const sendAll = async (raw: ImsgChannel, ...all: { type: number; data?: Uint8Array }[]) => {
    for (const each of all) await raw.send(each);
  };
  const name = (text: string) => ({ type: 8, data: cString.encode(text) });

  it.each<[string, (client: Client) => Promise<unknown>, (raw: ImsgChannel) => Promise<void>]>([
    [
      "whose item has the wrong size",
      (client) => expect(collect(client.list("LIST"))).rejects.toThrow("the payload 5"),
      (raw) =>
        sendAll(raw, item(1), { type: 4, data: new Uint8Array(5) }, item(2), item(3), { type: 1 }),
    ],
    [
      "with a foreign message among its items",
      (client) => expect(collect(client.list("LIST"))).rejects.toThrow("a message of type 77"),
      (raw) => sendAll(raw, item(1), { type: 77 }, item(2), { type: 1 }),
    ],
    [
      "that is refused among its items",
      (client) => expect(collect(client.list("LIST"))).rejects.toThrow("code 3"),
      (raw) => sendAll(raw, item(1), { type: 2, data: Uint8Array.of(3, 0, 0, 0) }),
    ],
    [
      "that was left, and that a last item ends",
      async (client) => {
        for await (const { payload } of client.list("NAMES")) if (payload === "b") break;
      },
      (raw) => sendAll(raw, ...["a", "b", "c", ""].map(name)),
    ],
    [
      "that was left at its last but one",
      async (client) => {
        for await (const { payload } of client.list("NAMES")) if (payload === "b") break;
      },
      (raw) => sendAll(raw, ...["a", "b", ""].map(name)),
    ],
    [
      "that a signal aborts between two items",
      async (client) => {
        const abort = new AbortController();
        const { signal } = abort;
        const reading = (async () => {
          for await (const _ of client.list("LIST", undefined, { signal })) abort.abort();
        })();
        await expect(reading).rejects.toThrow("aborted");
      },
      async (raw) => {
        await sendAll(raw, item(1));
        await sleep(20);
        await sendAll(raw, item(2), { type: 1 });
      },
    ],
  ])("answers the request behind a listing %s", async (_, leave, answer) => {
    expect(await afterwards(leave, answer)).toBe(7);
  });

  it("leaves the last item that a loop has seen to the loop", async () => {
    const { client, server } = await pair();
    const serve = (async () => {
      await server.receive();
      for (const id of [1, 2]) await server.send("ITEM", { id });
      await server.send("END");
    })();
    for await (const { message, payload } of client.list("LIST")) {
      await serve;
      expect(payload.id).toBe(1);
      await sleep(1);
      expect(message.data).toHaveLength(Item.size);
      break;
    }
  });

  it("rejects with EBADMSG where a coder of another package throws", async () => {
    const { client, raw } = await pair();
    const reply = client.request("OTHER");
    reply.catch(() => {});
    await raw.receive();
    await raw.send({ type: 9 });
    await expect(reply).rejects.toMatchObject({ code: "EBADMSG", fromPeer: true });
    await expect(reply).rejects.toThrow("OTHER of Shop 1.0: not mine");
  });

  it("gives up a silent peer after the time, and says that daemons ignore requests of another size", async () => {
    const { client } = await pair();
    await expect(collect(client.list("LIST", undefined, { timeout: 20 }))).rejects.toThrow(
      /^ETIMEDOUT: .*no answer to LIST within 20 ms; daemons ignore a request whose size/,
    );
    await expect(client.request("COUNT", undefined, { timeout: 20 })).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
  });

  it("frees the next request's turn when the one before was given up while waiting for its own", async () => {
    const { client, server } = await pair();
    const first = client.request("COUNT");
    await expect(
      client.request("COUNT", undefined, { signal: AbortSignal.timeout(10) }),
    ).rejects.toThrow();
    const third = client.request("COUNT");
    for (const code of [1, 2]) {
      await server.receive();
      await server.send("COUNT", { code });
      await sleep(1);
    }
    expect([(await first).payload.code, (await third).payload.code]).toEqual([1, 2]);
  });

  it("names message, version, structure and both sizes when a payload has the wrong size", async () => {
    const { client, raw } = await pair();
    await raw.send({ type: 4, data: new Uint8Array(16) });
    await expect(client.receive()).rejects.toThrow(
      "EBADMSG: bad message: ITEM of Shop 1.0: struct item has 12 bytes (lp64), and the payload 16; the peer is probably another version",
    );
    await raw.send({ type: 4, data: new Uint8Array(12) });
    expect((await client.receive())?.name).toBe("ITEM");
  });
});

describe("a protocol", () => {
  it("refuses two messages of one type", () => {
    const messages = { A: { type: 1, send: empty }, B: { type: 1, send: empty } };
    expect(() => defineProtocol({ name: "x", messages })).toThrow("x: A and B have the type 1");
  });

  const bad: readonly (readonly [string, object, string])[] = [
    ["a name that is none", { name: 5 }, "the name is 5, and must be a string"],
    ["an unknown dialect", { dialect: "old" }, 'dialect is "old", and must be current or classic'],
    ["a size that no header has", { maxSize: 15 }, "maxSize is 15"],
    ["a peerid that no header has", { peerid: -1 }, "peerid is -1"],
    ["no messages", { messages: null }, "messages is null"],
    ["an end that is no message", { ends: ["toString"] }, 'one of ends is "toString"'],
    [
      "a type that no header has",
      { messages: { A: { type: 2 ** 32 } } },
      "the type of A is 4294967296",
    ],
    ["no type", { messages: { A: undefined } }, "the type of A is undefined"],
    [
      "a payload that is none",
      { messages: { A: { type: 1, send: {} } } },
      "send of A is an object",
    ],
    ["an unknown reply", { messages: { A: { type: 1, reply: "B" } } }, 'reply of A is "B"'],
    ["an unknown item", { messages: { A: { type: 1, lists: ["A", "C"] } } }, 'lists of A is "C"'],
  ];
  it.each(bad)("is refused with %s", (_, part, message) => {
    const init = { name: "x", messages: { A: { type: 1, send: empty } }, ...part };
    expect(() => defineProtocol(init as never)).toThrow(message);
    expect(() => defineProtocol(init as never)).toThrow(/^EINVAL/);
  });

  it("has a message by a name that every object has", () => {
    const messages = JSON.parse('{"__proto__":{"type":1},"constructor":{"type":2}}');
    const odd = defineProtocol({ name: "odd", messages });
    expect([1, 2, 3].map((type) => odd.nameOf(type))).toEqual([
      "__proto__",
      "constructor",
      undefined,
    ]);
    expect(odd.describe()).toContain("1  __proto__");
    expect(() => shop.encode("toString" as never, {})).toThrow("shop has no message toString");
  });

  it("says which ABI a size belongs to", () => {
    const Long = struct({ n: u32, big: chars(4) }, { name: "plain" });
    expect(Long.size).toBe(8);
    const { message } = { message: { type: 1, peerid: 0, pid: 0, data: new Uint8Array(8) } };
    const words = defineProtocol({
      name: "words",
      abi: "lp64",
      messages: { W: { type: 1, receive: struct({ n: u32, l: sizeT }, { name: "w" }) } },
    });
    expect(() => words.decode(message as never)).toThrow(
      "struct w has 16 bytes (lp64), and the payload 8; the size is right for a peer of the ABI ilp32",
    );
    expect(words.under("ilp32").decode(message as never)).toMatchObject({
      payload: { n: 0, l: 0n },
    });
  });

  it("refuses values for messages that are not sent that way", () => {
    expect(() => shop.encode("ITEM", {})).toThrow("shop: clients do not send ITEM");
    expect(() => shop.encode("NOPE" as never, {})).toThrow("shop has no message NOPE");
  });

  it("describes itself", () => {
    expect(shop.describe({ layouts: true }).split("\n")).toEqual([
      "shop: Shop 1.0, current dialect, messages of up to 16384 bytes",
      "  type  name (> from the client, < from the daemon)",
      "     1  END     < no payload",
      "     2  RESULT  < struct result",
      "     3  LIST    > no payload",
      "     4  ITEM    < struct item",
      "     5  BUY     > struct item",
      "     6  COUNT   > no payload  < struct result",
      "     7  NOTE    > any bytes  < any bytes",
      "     8  NAMES   > no payload  < a string with a NUL behind it",
      "     9  OTHER   > no payload  < a value",
      "",
      "struct result (lp64): 4 bytes, aligned to 4",
      "offset   size  member",
      "     0      4  code: u32",
      "",
      "struct item (lp64): 12 bytes, aligned to 4",
      "offset   size  member",
      "     0      4  id: u32",
      "     4      8  name: char[8]",
    ]);
  });
});
