import { describe, expect, onTestFinished, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { type CodecOptions, ImsgCodec, type ImsgMessage } from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";
import { cut, numbered, payload, plain, streamOf } from "./streams.ts";

const instance = createInstance(debugModule());

function codecOf(options: CodecOptions = {}): ImsgCodec {
  const codec = new ImsgCodec({ instance, ...options });
  onTestFinished(() => codec.dispose());
  return codec;
}

/** A bare header. */
function header(length: number, type = 9): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  view.setUint32(8, 7, true);
  return bytes;
}

const expected = (sizes: readonly number[]) => sizes.map((size, i) => plain(numbered(i, size)));

describe("chunks", () => {
  test.each([1, 2, 15, 16, 17, 31, 100, 511, 512, 4096, 65519, 65520, 65521, 131040, 1 << 20])(
    "of %i bytes give what was sent",
    (length) => {
      const sizes = [0, 1, 131056, 0, 0, 16, 495, 496, 497, 4096, 70_000, 65504, 65505, 3, 0];
      const codec = codecOf({ maxSize: 131072 });
      const messages = [...cut(streamOf(sizes), [length])].flatMap((chunk) => codec.push(chunk));
      expect(messages.map(plain)).toEqual(expected(sizes));
      codec.end();
    },
  );

  test("that cut inside the header and at its end decode to the sent messages, wherever they cut", () => {
    const sizes = [5, 600, 0, 40];
    const stream = streamOf(sizes);
    for (let at = 0; at <= stream.length; at++) {
      for (const second of [1, 15, 16, 17, 600]) {
        const codec = new ImsgCodec({ instance });
        const parts = [stream.subarray(0, at), stream.subarray(at, at + second)];
        parts.push(stream.subarray(at + second));
        const messages = parts.flatMap((part) => codec.push(part));
        codec.end();
        codec.dispose();
        expect(messages.map(plain)).toEqual(expected(sizes));
      }
    }
  });

  test("with thousands of empty messages decode to all of them, in order", () => {
    const sizes = new Array<number>(20_000).fill(0);
    const codec = codecOf();
    const stream = streamOf(sizes);
    const messages = [...codec.push(stream.subarray(0, 7)), ...codec.push(stream.subarray(7))];
    expect(messages.map(plain)).toEqual(expected(sizes));
  });

  test("without bytes complete no message and are no end", () => {
    const codec = codecOf();
    expect(codec.push(new Uint8Array(0))).toEqual([]);
    const message = encode({ type: 1, data: payload(1, 30) });
    expect(codec.push(message.subarray(0, 20))).toEqual([]);
    expect(codec.push(new Uint8Array(0))).toEqual([]);
    expect(codec.push(new ArrayBuffer(0))).toEqual([]);
    expect(codec.push(message.subarray(20))).toHaveLength(1);
    codec.end();
  });

  test("are not taken over while tiny: their memory may be used again at once", () => {
    const codec = codecOf({ copy: true });
    const stream = streamOf([100]);
    const reused = new Uint8Array(10);
    const messages: ImsgMessage[] = [];
    for (const chunk of cut(stream, [10])) {
      reused.set(chunk);
      messages.push(...codec.push(reused.subarray(0, chunk.length)));
      reused.fill(0);
    }
    expect(messages.map(plain)).toEqual(expected([100]));
  });

  test("that are no bytes are EINVAL, and change nothing", () => {
    const codec = codecOf();
    const message = streamOf([8]);
    codec.push(message.subarray(0, 18));
    for (const wrong of ["bytes", 7, null, undefined, [1, 2], {}]) {
      expect(() => codec.push(wrong as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
    }
    const gone = new Uint8Array(4);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(() => codec.push(gone)).toThrow(expect.objectContaining({ code: "EINVAL" }));
    expect(codec.push(message.subarray(18)).map(plain)).toEqual(expected([8]));
  });
});

describe("a bad header", () => {
  test("behind nothing throws at once, and says what it was", () => {
    const codec = codecOf();
    for (const call of [
      () => codec.push(header(15)),
      () => codec.push(streamOf([1])),
      () => codec.end(),
    ]) {
      expect(call).toThrow(
        expect.objectContaining({
          code: "ERANGE",
          errno: 34,
          syscall: "imsgbuf_read",
          message: expect.stringContaining("header type 9, len 15, peerid 7, pid 0"),
        }),
      );
    }
  });

  test("behind good messages lets these through; the next push throws, or end", () => {
    for (const next of ["push", "end"] as const) {
      const codec = codecOf();
      const stream = concat([streamOf([3, 0, 50]), header(0), streamOf([1])]);
      expect(codec.push(stream).map(plain)).toEqual(expected([3, 0, 50]));
      const call = () => (next === "push" ? codec.push(streamOf([1])) : codec.end());
      expect(call).toThrow(expect.objectContaining({ code: "ERANGE" }));
      expect(call).toThrow(expect.objectContaining({ code: "ERANGE" }));
    }
  });

  test("at the end of a chunk of several windows lets all messages before it through", () => {
    const sizes = Array.from({ length: 40 }, (_, i) => 4000 + i);
    const codec = codecOf();
    const messages = codec.push(concat([streamOf(sizes), header(16385)]));
    expect(messages.map(plain)).toEqual(expected(sizes));
    expect(() => codec.end()).toThrow(expect.objectContaining({ code: "ERANGE" }));
  });

  test("that comes byte by byte throws at its last byte", () => {
    const codec = codecOf();
    const bytes = [...cut(header(0x7fffffff), [1])];
    for (const byte of bytes.slice(0, -1)) expect(codec.push(byte)).toEqual([]);
    expect(() => codec.push(bytes[15]!)).toThrow(expect.objectContaining({ code: "ERANGE" }));
  });
});

describe("the end", () => {
  test.each([1, 15, 16, 17, 63, 64, 115])("after %i of 116 bytes is a truncation", (at) => {
    for (const length of [1, 7, 200]) {
      const codec = codecOf();
      const given = streamOf([4, 100]).subarray(0, 20 + at);
      const messages = [...cut(given, [length])].flatMap((chunk) => codec.push(chunk));
      expect(messages.map(plain)).toEqual(expected([4]));
      const total = at < 16 ? "16 bytes of a header" : "116 bytes";
      for (const call of [() => codec.end(), () => codec.end(), () => codec.push(given)]) {
        expect(call).toThrow(
          expect.objectContaining({
            code: "ERR_IMSG_TRUNCATED",
            message: expect.stringContaining(`: ${at} of ${total}`),
          }),
        );
      }
    }
  });

  test("between messages is clean, however often end() is called; no chunk may follow it", () => {
    const codec = codecOf();
    codec.push(streamOf([1, 2]));
    codec.end();
    codec.end();
    expect(() => codec.push(streamOf([1]))).toThrow(
      expect.objectContaining({ code: "ERR_IMSG_CLOSED" }),
    );
    expect(codec.encode({ type: 1, pid: 2 })).toEqual(encode({ type: 1, pid: 2 }));
  });

  test("of a disposed codec is an error, however often end() is called", () => {
    const codec = codecOf();
    codec.dispose();
    codec.dispose();
    const calls = [() => codec.end(), () => codec.end(), () => codec.push(streamOf([1]))];
    for (const call of [...calls, () => codec.encode({ type: 1 })]) {
      expect(call).toThrow(expect.objectContaining({ code: "ERR_IMSG_DISPOSED" }));
    }
  });
});

describe("the memory of data", () => {
  test("may be the chunk's; with copy it is each message's own", () => {
    const stream = streamOf([10, 5000, 0]);
    const aliases = codecOf().push(stream);
    expect(aliases.slice(0, 2).map(({ data }) => data.buffer === stream.buffer)).toEqual([
      true,
      true,
    ]);
    const copies = codecOf({ copy: true }).push(stream);
    expect(copies.map(({ data }) => data.buffer.byteLength)).toEqual([10, 5000, 0]);
    stream.fill(0);
    expect(copies.map(plain)).toEqual(expected([10, 5000, 0]));
  });

  test("is never the module's", () => {
    const codec = codecOf({ maxSize: 131072 });
    const messages = [...cut(streamOf([100_000, 0, 3, 70_000]), [700, 3])].flatMap((chunk) =>
      codec.push(chunk),
    );
    for (const { data } of messages) {
      expect(data.buffer).not.toBe(instance.engine.exports.memory.buffer);
    }
    expect(messages).toHaveLength(4);
  });

  test("can be transferred without harm to any other message, empty ones too", () => {
    const codec = codecOf({ copy: true });
    const messages = codec.push(streamOf([0, 3, 0, 4]));
    for (const { data } of messages.slice(0, 2)) {
      structuredClone(data, { transfer: [data.buffer] });
    }
    expect(plain(messages[3]!)).toEqual(expected([0, 3, 0, 4])[3]);
    const later = codec.push(streamOf([0]));
    // an echo reads the data again: a detached buffer would be EINVAL
    for (const message of [messages[2]!, later[0]!]) {
      expect(codec.encode(message)).toHaveLength(16);
    }
  });
});

test("a disposed codec leaves no memory in use, whatever it was in the middle of", () => {
  const before = instance.stats().liveBytes;
  const stream = streamOf([9000, 5000, 40]);
  for (const ends of [[3], [9016, 3], [8000, 1016], [8000, 4000], [14_050]]) {
    const codec = new ImsgCodec({ instance });
    let at = 0;
    for (const length of ends) {
      codec.push(stream.subarray(at, at + length));
      at += length;
    }
    codec.dispose();
    expect(instance.stats().liveBytes).toBe(before);
  }
});

describe("encoding", () => {
  test("takes any pieces of memory, and copies them", () => {
    const codec = codecOf();
    const words = new Uint16Array([0x0201, 0x0403]);
    const pieces = [words, new Uint8Array([9]).buffer, new DataView(words.buffer, 1, 2)];
    const bytes = codec.encode({ type: 5, pid: 6, data: pieces });
    words.fill(0);
    expect([...bytes.subarray(16)]).toEqual([1, 2, 3, 4, 9, 2, 3]);
  });

  test.each([
    { maxSize: 16, fits: 0 },
    { maxSize: 16384, fits: 16368 },
    { maxSize: 65536, fits: 65520 },
    { maxSize: 200_000, fits: 199_984 },
  ])("up to $maxSize bytes works, one more is ERANGE and leaves nothing behind", (each) => {
    const { maxSize, fits } = each;
    const codec = codecOf({ maxSize });
    const data = payload(1, fits);
    const message = { type: 1, pid: 1, data };
    expect(Buffer.compare(codec.encode(message), encode(message))).toBe(0);
    for (const more of [new Uint8Array(fits + 1), [data, new Uint8Array(1)]]) {
      expect(() => codec.encode({ type: 2, data: more })).toThrow(
        expect.objectContaining({ code: "ERANGE", syscall: "imsg_compose" }),
      );
    }
    expect(codec.encode({ type: 3, pid: 1 })).toEqual(encode({ type: 3, pid: 1 }));
  });

  test("refuses pieces that are more than C can count, instead of writing over memory", () => {
    const codec = codecOf({ maxSize: 0x7fffffff });
    const piece = new Uint8Array(1 << 20);
    for (const count of [2048, 4096, 4097]) {
      expect(() => codec.encode({ type: 1, data: new Array(count).fill(piece) })).toThrow(
        expect.objectContaining({ code: "ERANGE", syscall: "imsg_compose" }),
      );
    }
    expect(codec.encode({ type: 1, pid: 1 })).toEqual(encode({ type: 1, pid: 1 }));
  });

  test("of a list with a message that cannot be sent throws, and sends none of it later", () => {
    const codec = codecOf();
    const list = [{ type: 1 }, { type: 2, data: new Uint8Array(16369) }, { type: 3 }];
    expect(() => codec.encodeAll(list)).toThrow(expect.objectContaining({ code: "ERANGE" }));
    const dying = function* () {
      yield { type: 1 };
      throw new Error("no more");
    };
    expect(() => codec.encodeAll(dying())).toThrow("no more");
    expect(codec.encodeAll([])).toEqual(new Uint8Array(0));
    expect(codec.encode({ type: 4, pid: 1 })).toEqual(encode({ type: 4, pid: 1 }));
  });

  test("gives pid 0 the codec's own, as in C", () => {
    const codec = codecOf({ pid: 4321 });
    expect(codec.encode({ type: 1 })).toEqual(encode({ type: 1, pid: 4321 }));
    expect(codec.encode({ type: 1, pid: 0 })).toEqual(encode({ type: 1, pid: 4321 }));
    expect(codec.encode({ type: 1, pid: 0xffffffff })).toEqual(
      encode({ type: 1, pid: 0xffffffff }),
    );
  });

  test("refuses fields that are no uint32 with EINVAL", () => {
    const codec = codecOf();
    const wrong = [
      {},
      { type: -1 },
      { type: 2 ** 32 },
      { type: 1.5 },
      { type: "1" },
      { type: 1, peerid: -1 },
      { type: 1, pid: 2 ** 32 },
      { type: 1, data: "text" },
      { type: 1, data: [1] },
      null,
      "message",
    ];
    for (const message of wrong) {
      expect(() => codec.encode(message as { type: number })).toThrow(
        expect.objectContaining({ code: "EINVAL", syscall: "imsg_compose" }),
      );
    }
  });
});

test.each([0, 15, 0x80000000, -1, 16.5, Number.NaN])("a maxSize of %d is EINVAL", (maxSize) => {
  expect(() => new ImsgCodec({ maxSize, instance })).toThrow(
    expect.objectContaining({ code: "EINVAL", syscall: "imsgbuf_set_maxsize" }),
  );
});

test("a maxSize of 0x7fffffff is taken: such a message fails for want of memory alone", () => {
  const codec = codecOf({ maxSize: 0x7fffffff });
  expect(codec.push(streamOf([5])).map(plain)).toEqual(expected([5]));
  expect(() => codec.push(header(0x7fffffff))).toThrow(expect.objectContaining({ code: "ENOMEM" }));
});

test("memory that runs out in the middle is ENOMEM for good, after the messages before", () => {
  const small = createInstance(debugModule());
  small.limitMemory(small.stats().memoryBytes + (1 << 20));
  const codec = new ImsgCodec({ maxSize: 0x7fffffff, instance: small });
  const messages = codec.push(concat([streamOf([9, 0]), header(0x10000000), streamOf([1])]));
  expect(messages.map(plain)).toEqual(expected([9, 0]));
  for (const call of [() => codec.push(streamOf([1])), () => codec.end()]) {
    expect(call).toThrow(expect.objectContaining({ code: "ENOMEM", errno: 12 }));
  }
  codec.dispose();
  const other = new ImsgCodec({ instance: small });
  expect(other.push(streamOf([1, 2])).map(plain)).toEqual(expected([1, 2]));
  other.dispose();
});
