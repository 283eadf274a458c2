import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { ImsgMessage } from "../../../ts/batch/message.ts";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import {
  type ChannelOptions,
  type Dialect,
  ImsgCodec,
  ImsgDecoderStream,
} from "../../../ts/entry/index.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { fromMessagePort } from "../../../ts/entry/web.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";
import { alone, Thing } from "./memory.ts";
import { isOpen, openNull } from "./open.ts";

/** Which messages of a stream are marked as having a descriptor. */
type Marks = readonly boolean[];
const MARKS: Marks = [false, true, true, false, true];

const stream = (marks: Marks, dialect: Dialect, size = 40): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    concat(
      marks.map((hasFd, i) =>
        encode({ type: i, pid: 1, hasFd, data: new Uint8Array(size) }, dialect),
      ),
    ),
  );

const dropped = (messages: readonly ImsgMessage[]): boolean[] =>
  messages.map((message) => message.fdDropped);

/** The chunk, cut into pieces of so many bytes. */
function* pieces(bytes: Uint8Array<ArrayBuffer>, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

type Receive = (channel: ImsgChannel, count: number) => Promise<ImsgMessage[]>;

async function collect(
  count: number,
  next: () => Promise<ImsgMessage | ImsgMessage[] | undefined>,
): Promise<ImsgMessage[]> {
  const got: ImsgMessage[] = [];
  while (got.length < count) got.push(...[(await next())!].flat());
  return got;
}

/** The ways of receiving a number of messages of a channel. */
const WAYS: Record<string, Receive> = {
  receive: (channel, count) => collect(count, () => channel.receive()),
  receiveMany: (channel, count) => collect(count, () => channel.receiveMany()),
  loop(channel, count) {
    const loop = channel[Symbol.asyncIterator]();
    return collect(count, async () => (await loop.next()).value);
  },
  batches(channel, count) {
    const loop = channel.batches();
    return collect(count, async () => (await loop.next()).value);
  },
  readable(channel, count) {
    const reader = channel.readable.getReader();
    return collect(count, async () => (await reader.read()).value);
  },
};

const DIALECTS: readonly Dialect[] = ["current", "classic"];
const cases = DIALECTS.flatMap((dialect) =>
  Object.entries(WAYS).map(([way, receive]) => ({ way, receive, dialect })),
);

describe("a message that was marked as having a descriptor, which did not come along,", () => {
  it.each(DIALECTS)("is known by fdDropped from a codec, in pieces of any size: %s", (dialect) => {
    const bytes = stream(MARKS, dialect);
    for (const copy of [false, true]) {
      for (let size = 1; size <= bytes.length; size++) {
        using codec = new ImsgCodec({ dialect, copy });
        const got = [...pieces(bytes, size)].flatMap((piece) => codec.push(piece));
        expect(dropped(got)).toEqual(MARKS);
        expect(got.some((message) => message.hasFd)).toBe(false);
        expect(got.map((message) => message.takeFd())).toEqual(MARKS.map(() => undefined));
        expect(got.map((message) => message.type)).toEqual([0, 1, 2, 3, 4]);
        expect(got.every((message) => message.data.length === 40)).toBe(true);
      }
    }
  });

  it("is known by pushPart, in windows full of such messages", () => {
    const marks = Array.from({ length: 9000 }, (_, i) => i % 3 !== 1);
    const bytes = stream(marks, "current", 0);
    using codec = new ImsgCodec();
    const got: ImsgMessage[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { messages, read } = codec.pushPart(bytes, at);
      got.push(...messages);
      at = read;
    }
    expect(dropped(got)).toEqual(marks);
  });

  it.each(DIALECTS)("is known in a stream: %s", async (dialect) => {
    const { readable, writable } = new ImsgDecoderStream({ dialect });
    const writer = writable.getWriter();
    const written = writer.write(stream(MARKS, dialect)).then(() => writer.close());
    const got: ImsgMessage[] = [];
    for await (const message of readable) got.push(message);
    await written;
    expect(dropped(got)).toEqual(MARKS);
  });

  it.each(cases)("is known by $way without allowFdPass: $dialect", async (given) => {
    const { receive, dialect } = given;
    const [channel, transport] = alone({ allowFdPass: false, dialect });
    const got = receive(channel, MARKS.length);
    transport.sink.received(stream(MARKS, dialect));
    expect(dropped(await got)).toEqual(MARKS);
    channel.abort();
  });

  it.each(cases)("is known by $way if only some values arrive: $dialect", async (given) => {
    const { receive, dialect } = given;
    const [channel, transport] = alone({ dialect });
    const got = receive(channel, 3);
    const log: string[] = [];
    for (const name of ["", "b", ""]) {
      const passed = name === "" ? [] : [{ value: new Thing(name, log) }];
      transport.sink.received(stream([true], dialect), passed);
    }
    const states = (await got).map((message) => [message.fdDropped, message.hasFd]);
    expect(states[0]).toEqual([true, false]);
    expect(states[2]).toEqual([true, false]);
    // a loop that has passed the message has closed its value
    const closed = log.length > 0;
    expect(states[1]).toEqual([closed, !closed]);
    channel.abort();
  });

  it("is known of a reply, and by the function that matches it", async () => {
    const [channel, transport] = alone({ allowFdPass: false });
    const reply = channel.request({ type: 1 }, { match: (message) => message.fdDropped });
    transport.sink.received(stream([false, true], "current"));
    expect(await reply).toMatchObject({ type: 1, fdDropped: true });
    channel.abort();
  });
});

describe("fdDropped of a message whose descriptor came along", () => {
  async function arrived(): Promise<[ImsgMessage, ImsgChannel, string[]]> {
    const [channel, transport] = alone();
    const log: string[] = [];
    transport.sink.received(stream([true], "current"), [{ value: new Thing("v", log) }]);
    return [(await channel.receive())!, channel, log];
  }

  it("is false while it can be taken, and after it was taken", async () => {
    const [message] = await arrived();
    expect([message.hasFd, message.fdDropped]).toEqual([true, false]);
    expect(message.takeFd()).toBeInstanceOf(Thing);
    message.dispose();
    expect([message.hasFd, message.fdDropped]).toEqual([false, false]);
  });

  it("is true after the message was disposed, and after its channel has ended", async () => {
    const [disposed] = await arrived();
    disposed.dispose();
    expect([disposed.hasFd, disposed.fdDropped]).toEqual([false, true]);
    const [left, channel, log] = await arrived();
    channel.abort();
    expect([left.hasFd, left.fdDropped, log]).toEqual([false, true, ["v"]]);
  });
});

describe("a client without allowFdPass", () => {
  const options: ChannelOptions = { allowFdPass: true };

  it("learns over a Unix socket that a descriptor was sent, which is closed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "imsg-dropped-"));
    const path = join(folder, "s");
    const fd = openNull();
    const server = await listen({ path }, (channel) => channel.send({ type: 1, fd }), options);
    const channel = await connect({ path });
    expect(await channel.receive()).toMatchObject({ type: 1, hasFd: false, fdDropped: true });
    expect(isOpen(fd)).toBe(false);
    await Promise.all([channel.close(), server.close()]);
    await rm(folder, { recursive: true });
  });

  it("learns over a port that an object was sent, which is closed", async () => {
    const { port1, port2 } = new MessageChannel();
    const [a, b] = [fromMessagePort(port1, options), fromMessagePort(port2)];
    const { port1: given, port2: kept } = new MessageChannel();
    const closed = new Promise((resolve) => kept.on("close", resolve));
    await a.send({ type: 1, fd: given });
    expect(await b.receive()).toMatchObject({ type: 1, hasFd: false, fdDropped: true });
    await closed;
    await Promise.all([a.close(), b.close()]);
  });
});
