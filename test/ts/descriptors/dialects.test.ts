import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ImsgChannel,
  ImsgCodec,
  ImsgDecoderStream,
  ImsgEncoderStream,
} from "../../../ts/entry/index.ts";
import {
  concat,
  type Dialect,
  decode,
  encode,
  HEADER_SIZE,
  type ReferenceInput,
} from "../../oracle/reference/codec.ts";
import { fixtureDialect, fixtureNames, readFixture } from "../../oracle/reference/golden.ts";
import { alone } from "./memory.ts";

const DIALECTS: Dialect[] = ["current", "classic"];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const message: fc.Arbitrary<Required<ReferenceInput>> = fc.record({
  type: u32,
  peerid: u32,
  pid: u32.filter((pid) => pid !== 0),
  hasFd: fc.boolean(),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 65519 }).map((n) => new Uint8Array(n).fill(n)),
  ),
});
const messages = fc.array(message, { maxLength: 8 });

const fields = (m: { type: number; peerid: number; pid: number; data: Uint8Array }) => ({
  type: m.type,
  peerid: m.peerid,
  pid: m.pid,
  data: hex(m.data),
});

/** A chunk's pieces, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array<ArrayBuffer>[] {
  const at = [...new Set(places.map((n) => n % (bytes.length + 1)))].sort((x, y) => x - y);
  return [0, ...at].map((from, i) => Uint8Array.from(bytes.subarray(from, at[i] ?? bytes.length)));
}

/** The messages of a channel for this stream, with a value at every piece that begins a marked message. */
async function received(
  dialect: Dialect,
  all: readonly Required<ReferenceInput>[],
): Promise<object[]> {
  const [channel, transport] = alone({ dialect, maxSize: 65535, highWaterMark: 1 << 24 });
  const got: object[] = [];
  for (const [i, each] of all.entries()) {
    const passed = each.hasFd ? [{ value: i }] : undefined;
    transport.sink.received(encode(each, dialect), passed);
    const m = (await channel.receive())!;
    got.push({ ...fields(m), fd: m.takeFd() });
  }
  await channel.close();
  return got;
}

describe.each(DIALECTS)("the %s dialect", (dialect) => {
  const options = { dialect, maxSize: 65535 };

  it("is decoded by a codec to what the reference makes of it, wherever it is cut", () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (all, places) => {
        const stream = concat(all.map((m) => encode(m, dialect)));
        const codec = new ImsgCodec(options);
        const got = cut(stream, places).flatMap((piece) => codec.push(piece).map(fields));
        codec.end();
        codec.dispose();
        expect(got).toEqual(decode(stream, options).messages.map(fields));
        expect(got.length).toBe(all.length);
      }),
      { numRuns: 60 },
    );
  });

  it("is decoded byte by byte, marks included", () => {
    const stream = concat(
      [0, 1, 15, 16, 17, 300].map((n) =>
        encode({ type: n, hasFd: n % 2 === 1, data: new Uint8Array(n).fill(n) }, dialect),
      ),
    );
    const codec = new ImsgCodec(options);
    const got = [...stream].flatMap((byte) => codec.push(Uint8Array.of(byte)).map(fields));
    codec.end();
    codec.dispose();
    expect(got).toEqual(decode(stream, options).messages.map(fields));
  });

  it("is encoded by a codec as by the reference", () => {
    fc.assert(
      fc.property(messages, (all) => {
        const codec = new ImsgCodec(options);
        const inputs = all.map(({ type, peerid, pid, data }) => ({ type, peerid, pid, data }));
        const bytes = codec.encodeAll(inputs as Parameters<typeof codec.encodeAll>[0]);
        codec.dispose();
        expect(hex(bytes)).toBe(hex(concat(inputs.map((m) => encode(m, dialect)))));
      }),
      { numRuns: 40 },
    );
  });

  it("is written by a channel as by the reference, with the mark where a value is", async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (all) => {
        const [channel, transport] = alone(options);
        for (const [i, { type, peerid, pid, data, hasFd }] of all.entries()) {
          const init = { type, peerid, pid, data: data as Uint8Array<ArrayBuffer> };
          void channel.send(hasFd ? { ...init, fd: i } : init);
        }
        await turn();
        const bytes = concat(transport.sent.map((sent) => sent.bytes));
        expect(hex(bytes)).toBe(hex(concat(all.map((m) => encode(m, dialect)))));
        // each value goes with the first byte of its message
        let at = 0;
        const starts = new Map<number, number>();
        for (const { bytes: piece, passed } of transport.sent) {
          if (passed !== undefined) starts.set(passed.value as number, at);
          at += piece.length;
        }
        let start = 0;
        for (const [i, { hasFd, data }] of all.entries()) {
          expect(starts.get(i)).toBe(hasFd ? start : undefined);
          start += HEADER_SIZE + data.length;
        }
        await channel.close();
      }),
      { numRuns: 30 },
    );
  });

  it("is read by a channel, with the values of those messages that are marked", async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (all) => {
        const got = await received(dialect, all);
        expect(got).toEqual(all.map((m, i) => ({ ...fields(m), fd: m.hasFd ? i : undefined })));
      }),
      { numRuns: 30 },
    );
  });

  it("passes the streams, and comes out the same", async () => {
    const all = [0, 1, 5000, 65519].map((n) => ({ type: n, pid: 1, data: new Uint8Array(n) }));
    const encoder = new ImsgEncoderStream(options);
    const decoder = new ImsgDecoderStream(options);
    const bytes: Uint8Array[] = [];
    const spy = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes.push(chunk.slice());
        controller.enqueue(chunk);
      },
    });
    const end = encoder.readable.pipeThrough(spy).pipeThrough(decoder).getReader();
    const writer = encoder.writable.getWriter();
    const written = (async () => {
      for (const m of all) await writer.write(m);
      await writer.close();
    })();
    for (const m of all) {
      const { value } = await end.read();
      expect([value!.type, value!.data.length]).toEqual([m.type, m.data.length]);
    }
    expect((await end.read()).done).toBe(true);
    await written;
    expect(hex(concat(bytes))).toBe(hex(concat(all.map((m) => encode(m, dialect)))));
  });

  it("passes a marked stream into the decoder stream", async () => {
    const stream = concat([
      encode({ type: 1, hasFd: true, data: new Uint8Array(3) }, dialect),
      encode({ type: 2, hasFd: true }, dialect),
    ]);
    const { readable, writable } = new ImsgDecoderStream(options);
    const writer = writable.getWriter();
    void writer.write(stream);
    void writer.close();
    const got: number[][] = [];
    for await (const m of readable as unknown as AsyncIterable<{
      type: number;
      data: Uint8Array;
    }>) {
      got.push([m.type, m.data.length]);
    }
    expect(got).toEqual([
      [1, 3],
      [2, 0],
    ]);
  });
});

describe("golden vectors", () => {
  const golden: [Dialect, string, object][] = [
    ["current", "03000000 14000080 09000000 01000000 61626364", { type: 3, peerid: 9, pid: 1 }],
    ["classic", "03000000 14000100 09000000 01000000 61626364", { type: 3, peerid: 9, pid: 1 }],
    // other flags of the classic dialect are ignored
    ["classic", "03000000 1400ffff 09000000 01000000 61626364", { type: 3, peerid: 9, pid: 1 }],
  ];

  it.each(golden)(
    "of the %s dialect, %s, give a message with a value",
    async (dialect, text, m) => {
      const bytes = Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
      const [channel, transport] = alone({ dialect });
      transport.sink.received(bytes, [{ value: "value" }]);
      const got = (await channel.receive())!;
      expect(got).toMatchObject(m);
      expect([got.takeFd(), Buffer.from(got.data).toString()]).toEqual(["value", "abcd"]);
      await channel.close();
    },
  );

  it.each(golden.slice(0, 2))(
    "of the %s dialect, %s, are what is sent",
    async (dialect, text, m) => {
      const [channel, transport] = alone({ dialect });
      const data = Uint8Array.from(Buffer.from("abcd"));
      void channel.send({ ...(m as { type: number }), data, fd: "value" });
      await turn();
      expect(transport.sent.map(({ bytes, passed }) => [hex(bytes), passed?.value])).toEqual([
        [text.replaceAll(" ", ""), "value"],
      ]);
      await channel.close();
    },
  );

  it("that real programs sent are read in their own dialect", () => {
    let marked = 0;
    for (const name of fixtureNames()) {
      const dialect = fixtureDialect(name);
      const stream = readFixture(name) as Uint8Array<ArrayBuffer>;
      const expected = decode(stream, { dialect, maxSize: 65535 }).messages;
      const codec = new ImsgCodec({ dialect, maxSize: 65535, copy: true });
      expect(codec.push(stream).map(fields)).toEqual(expected.map(fields));
      codec.dispose();
      marked += expected.filter((m) => m.hasFd).length;
    }
    expect(marked).toBeGreaterThan(0);
  });
});

describe("a reader of the other dialect", () => {
  it("takes unmarked messages as they are, in both directions", () => {
    for (const [from, to] of [DIALECTS, [...DIALECTS].reverse()]) {
      const codec = new ImsgCodec({ dialect: to!, maxSize: 65535 });
      const data = new Uint8Array(65519).fill(5);
      const [m] = codec.push(Uint8Array.from(encode({ type: 7, data }, from)));
      expect([m!.type, m!.data.length]).toEqual([7, 65519]);
      codec.dispose();
    }
  });

  it("gets an error that mentions the dialect if a classic mark makes the length impossible", async () => {
    const bytes = Uint8Array.from(encode({ type: 7, peerid: 3, hasFd: true }, "classic"));
    const codec = new ImsgCodec();
    const error = expect.objectContaining({
      code: "ERANGE",
      syscall: "imsgbuf_read",
      message: expect.stringMatching(/len 65552.*the peer may speak the classic dialect/),
    });
    expect(() => codec.push(bytes)).toThrow(error);
    expect(() => codec.end()).toThrow(error);
    codec.dispose();
    const [channel, transport] = alone();
    transport.sink.received(bytes);
    await expect(channel.receive()).rejects.toEqual(error);
    const decoder = new ImsgDecoderStream();
    const reader = decoder.readable.getReader();
    decoder.writable
      .getWriter()
      .write(bytes)
      .catch(() => {});
    await expect(reader.read()).rejects.toEqual(error);
  });

  it("gets an error without that if the length is impossible otherwise", () => {
    for (const length of [15, 16385, 0x20000, 0x7fffffff]) {
      const header = new Uint8Array(16);
      new DataView(header.buffer).setUint32(4, length, true);
      const codec = new ImsgCodec();
      expect(() => codec.push(header)).toThrow(
        expect.objectContaining({
          code: "ERANGE",
          message: expect.not.stringContaining("classic"),
        }),
      );
      codec.dispose();
    }
  });

  it("waits for 65,536 bytes more, and for ever, if its maxSize allows that", () => {
    const codec = new ImsgCodec({ maxSize: 131072 });
    expect(codec.push(Uint8Array.from(encode({ type: 7, hasFd: true }, "classic")))).toEqual([]);
    expect(() => codec.end()).toThrow(expect.objectContaining({ code: "ERR_IMSG_TRUNCATED" }));
    codec.dispose();
  });

  it("of the classic kind takes a current mark for a flag it does not know", async () => {
    const log: unknown[] = [];
    const [channel, transport] = alone({ dialect: "classic" });
    transport.sink.received(encode({ type: 7, hasFd: true, data: new Uint8Array(4) }), [
      { value: 1, dispose: (value) => log.push(value) },
    ]);
    const m = (await channel.receive())!;
    expect([m.type, m.data.length, m.hasFd, log]).toEqual([7, 4, false, [1]]);
    await channel.close();
  });
});

describe("the classic dialect's length of 16 bits", () => {
  it("lowers a larger maxSize to 65,535", async () => {
    for (const maxSize of [65535, 65536, 131072, 0x7fffffff]) {
      const codec = new ImsgCodec({ dialect: "classic", maxSize });
      const bytes = codec.encode({ type: 1, data: new Uint8Array(65519) });
      expect(bytes.length).toBe(65535);
      expect(codec.push(bytes)[0]!.data.length).toBe(65519);
      expect(() => codec.encode({ type: 1, data: new Uint8Array(65520) })).toThrow(
        expect.objectContaining({ code: "ERANGE", syscall: "imsg_compose" }),
      );
      codec.dispose();
      const [channel] = alone({ dialect: "classic", maxSize });
      await expect(
        channel.send({ type: 1, fd: 1, data: new Uint8Array(65520) }),
      ).rejects.toMatchObject({ code: "ERANGE" });
      await channel.close();
    }
  });

  it("lowers no smaller maxSize, and excuses no wrong one", () => {
    const codec = new ImsgCodec({ dialect: "classic", maxSize: 100 });
    expect(() => codec.encode({ type: 1, data: new Uint8Array(85) })).toThrow(
      expect.objectContaining({ code: "ERANGE" }),
    );
    codec.dispose();
    for (const maxSize of [15, 0x80000000, -1, 1.5]) {
      expect(() => new ImsgCodec({ dialect: "classic", maxSize })).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
    }
  });

  it("is asked for by name, and by no other", () => {
    for (const dialect of ["Classic", "old", "", 1, null]) {
      const bad = { dialect: dialect as Dialect };
      const error = expect.objectContaining({ code: "EINVAL" });
      expect(() => new ImsgCodec(bad)).toThrow(error);
      expect(() => new ImsgDecoderStream(bad)).toThrow(error);
      expect(() => new ImsgEncoderStream(bad)).toThrow(error);
      expect(() => new ImsgChannel(new TransformStream(), bad)).toThrow(error);
    }
  });
});
