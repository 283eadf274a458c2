import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type ChannelOptions,
  ImsgChannel,
  ImsgCodec,
  type Transport,
  type TransportSink,
} from "../../../ts/entry/index.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { alone, MemoryTransport } from "../descriptors/memory.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));

const bytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);
/** A message of so many bytes, header included. */
const message = (length: number): Uint8Array<ArrayBuffer> => {
  const wire = bytes(length);
  new DataView(wire.buffer).setUint32(4, length, true);
  return wire;
};
const thrown = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A channel over a transport that cannot be stopped, and the sink of the transport. */
function unstoppable(options: ChannelOptions): [ImsgChannel, TransportSink] {
  let sink!: TransportSink;
  const transport: Transport = {
    ...{ send: () => true, end() {}, close() {}, abort() {} },
    start(to) {
      sink = to;
    },
  };
  return [new ImsgChannel(transport, options), sink];
}

/** Every error of a limit: how it comes about, and what its message has to name. */
const LIMITS: Record<string, { names: (string | number)[]; fail: () => unknown }> = {
  "a message to send": {
    names: [20_016, 16_384, "maxSize"],
    fail: () => thrown(() => new ImsgCodec().encode({ type: 1, data: bytes(20_000) })),
  },
  "a message to send, on a channel": {
    names: [116, 100, "maxSize"],
    fail: () => rejection(alone({ maxSize: 100 })[0].send({ type: 1, data: bytes(100) })),
  },
  "a header that arrives": {
    names: [200, 100, "maxSize"],
    fail: () => thrown(() => new ImsgCodec({ maxSize: 100 }).push(message(200))),
  },
  "sends that wait": {
    names: [200, "maxQueued"],
    async fail() {
      const [channel, transport] = alone({ maxQueued: 200, highWaterMark: 1 });
      transport.room = false;
      for (let i = 0; i < 20; i++) void channel.send({ type: 1 });
      return rejection(channel.send({ type: 1 }));
    },
  },
  "messages that no request takes": {
    names: ["highWaterMark", 1600, 16],
    async fail() {
      const [channel, transport] = alone({ highWaterMark: 100 });
      const reply = rejection(channel.request({ type: 1 }));
      for (let i = 0; i < 20; i++) transport.sink.received(message(16));
      return reply;
    },
  },
  "a peer that cannot be stopped": {
    names: ["highWaterMark", 16, 16_484],
    async fail() {
      const [channel, sink] = unstoppable({ highWaterMark: 100 });
      for (let i = 0; i < 200; i++) sink.received(message(1000));
      return rejection(channel.closed);
    },
  },
  "a peer that does not stop": {
    names: ["maxQueued", 65_536 * 2, "maxSize"],
    async fail() {
      const [channel, transport] = alone({ maxQueued: 1, highWaterMark: 100 });
      for (let i = 0; i < 400; i++) transport.sink.received(message(1000));
      return rejection(channel.closed);
    },
  },
  "a reply that does not come": {
    names: [5, "timeout"],
    fail: () => rejection(alone()[0].request({ type: 1 }, { timeout: 5 })),
  },
  "a close that cannot send": {
    names: [16, 5, "lingerTimeout"],
    async fail() {
      const transport = new MemoryTransport();
      Object.defineProperty(transport, "unsent", { value: 16 });
      transport.close = () => new Promise(() => {});
      const channel = new ImsgChannel(transport, { lingerTimeout: 5 });
      await channel.send({ type: 1 });
      return rejection(channel.close());
    },
  },
  "maxSize below the header": {
    names: [5, "maxSize", 16],
    fail: () => thrown(() => new ImsgCodec({ maxSize: 5 })),
  },
  "a time-out that no timer takes": {
    names: [2 ** 31, "timeout", 2 ** 31 - 1],
    fail: () => rejection(alone()[0].request({ type: 1 }, { timeout: 2 ** 31 })),
  },
  "a lingerTimeout that no timer takes": {
    names: [2 ** 31, "lingerTimeout", 2 ** 31 - 1],
    fail: () => thrown(() => alone({ lingerTimeout: 2 ** 31 })),
  },
  "the path of a Unix socket": {
    names: [108, 107],
    fail: () => rejection(connect({ path: `/${"x".repeat(107)}` })),
  },
  "a port": {
    names: [65_536, 65_535],
    fail: () => rejection(listen({ port: 65_536 }, () => {})),
  },
  ...Object.fromEntries(
    ["keepAlive", "noDelay"].map((name) => [
      `${name} that is no boolean`,
      {
        names: [name, "yes"],
        fail: () => rejection(listen({ port: 0 }, () => {}, { [name]: "yes" })),
      },
    ]),
  ),
};

describe("the error of a limit names the value, the limit and the option:", () => {
  it.each(Object.entries(LIMITS))("%s", async (_, { names, fail }) => {
    const error = (await fail()) as Error;
    expect(error).toBeInstanceOf(Error);
    for (const name of names) expect(error.message).toContain(String(name));
  });

  it("none of the sources makes such an error without a detail", () => {
    const folders = ["channel", "transports", "batch"].map((name) => join("ts", name));
    const files = execFileSync("git", ["ls-files", ...folders], { cwd: top, encoding: "utf8" });
    const codes = "ERANGE|ENOBUFS|ERR_IMSG_OVERFLOW|ERR_IMSG_UNREAD|ETIMEDOUT";
    const made = new RegExp(`(?:new ImsgError|failure)\\(\\s*"(?:${codes})"([^;]*)`, "g");
    const found = files
      .trim()
      .split("\n")
      .flatMap((file) => [...readFileSync(join(top, file), "utf8").matchAll(made)]);
    expect(found.length).toBeGreaterThanOrEqual(6);
    for (const [text, rest] of found) expect(rest, text).toContain("detail");
  });
});
