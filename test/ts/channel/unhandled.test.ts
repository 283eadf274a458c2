// Errors that peers or time cause are no unhandled rejections, and end no server.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgChannel, type Transport } from "../../../ts/entry/index.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => {
  unhandled.length = 0;
  process.off("unhandledRejection", note);
});

/** A transport whose peer never reads. */
const stuck = (): Transport => ({
  start() {},
  send: () => false,
  end() {},
  close() {},
  abort() {},
});

/** An instance whose messages may take about a megabyte. */
function small() {
  const instance = createInstance(debugModule());
  instance.limitMemory(instance.stats().memoryBytes + (1 << 20));
  return instance;
}

const LONG = { type: 1, data: new Uint8Array(60_000) };
const OPTIONS = { maxSize: 65_536 };

describe("a call that is not awaited causes no unhandled rejection", () => {
  it.each<[string, (channel: ImsgChannel, signal: AbortSignal) => Promise<unknown>]>([
    ["send", (channel, signal) => channel.send({ type: 1 }, { signal })],
    ["sendMany", (channel, signal) => channel.sendMany([{ type: 1 }], { signal })],
    ["request", (channel, signal) => channel.request({ type: 1 }, { signal })],
    ["receive", (channel, signal) => channel.receive({ signal })],
    ["receiveMany", (channel, signal) => channel.receiveMany({ signal })],
  ])("if the time of %s was over before the call", async (_, call) => {
    const channel = new ImsgChannel(stuck());
    const signal = AbortSignal.timeout(1);
    await sleep(10);
    void call(channel, signal);
    await sleep(1);
    expect(unhandled).toEqual([]);
    await expect(call(channel, signal)).rejects.toBe(signal.reason);
    channel.abort();
  });

  it.each<[string, (channel: ImsgChannel) => Promise<unknown>]>([
    ["send", (channel) => channel.send(LONG)],
    ["sendMany", (channel) => channel.sendMany([LONG])],
    ["request", (channel) => channel.request(LONG)],
  ])("if peers that do not read have filled the memory before a %s", async (_, call) => {
    const options = { ...OPTIONS, instance: small() };
    const [channel, other] = [new ImsgChannel(stuck(), options), new ImsgChannel(stuck(), options)];
    for (let i = 0; i < 40; i++) void channel.send(LONG);
    void call(other);
    await sleep(1);
    expect(unhandled).toEqual([]);
    await expect(call(other)).rejects.toMatchObject({ code: "ENOMEM", fromPeer: false });
    for (const each of [channel, other]) each.abort();
  });

  it("unless the mistake is one of its arguments", async () => {
    const channel = new ImsgChannel(stuck());
    void channel.send({ type: -1 });
    void channel.request({ type: 1, data: new Uint8Array(20_000) });
    await sleep(1);
    expect(unhandled).toMatchObject([{ code: "EINVAL" }, { code: "ERANGE" }]);
    channel.abort();
  });
});

describe("a server whose memory is filled by clients that do not read", () => {
  it.each([true, false])("serves on, with onError: %s", async (withOnError) => {
    const errors: unknown[] = [];
    const server = await listen(
      { port: 0, host: "127.0.0.1" },
      async (channel) => {
        for await (const m of channel) {
          if (m.type === 2) for (let i = 0; i < 200; i++) void channel.send(LONG);
          await channel.reply(m, LONG);
        }
      },
      {
        ...OPTIONS,
        instance: small(),
        onError: withOnError ? (error) => errors.push(error) : undefined,
      },
    );
    const at = { port: server.port, host: "127.0.0.1" };
    const filling = await connect(at, OPTIONS);
    await filling.send({ type: 2 });
    while (server.channels.size === 0) await sleep(1);
    while (server.channels.size > 0) await sleep(1); // its handler has failed
    const client = await connect(at, OPTIONS);
    expect((await client.request({ type: 1 })).data).toHaveLength(60_000);
    expect(unhandled).toEqual([]);
    if (withOnError) expect(errors).toMatchObject([{ code: "ENOMEM" }]);
    filling.abort();
    await client.close();
    await server.close({ abort: true });
  });
});
