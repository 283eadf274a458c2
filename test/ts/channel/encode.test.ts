import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgCodec, type MessageInit } from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";

const instance = createInstance(debugModule());
const MAX = 131072;

function codecOf(): ImsgCodec {
  const codec = new ImsgCodec({ instance, maxSize: MAX, pid: 9 });
  onTestFinished(() => {
    codec.dispose();
    instance.assertNoLeaks();
  });
  return codec;
}

const wire = (messages: readonly MessageInit[]): Uint8Array =>
  concat(
    messages.map(({ type, peerid = 0, pid = 9, data = [] }) =>
      encode({ type, peerid, pid, data: data as Uint8Array }),
    ),
  );

const filled = (size: number, i: number): Uint8Array => new Uint8Array(size).fill(i + 1);
const sized = (sizes: readonly number[]): MessageInit[] =>
  sizes.map((size, i) => ({ type: i, peerid: i * 3, data: filled(size, i) }));

/** As toEqual, which takes its time over large arrays. */
function expectSame(got: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(got, wanted) !== 0) expect(got).toEqual(wanted);
}

const anySizes = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 80 }),
    fc.integer({ min: 4000, max: 4200 }),
    fc.integer({ min: 0, max: MAX - 16 }),
  ),
  { maxLength: 20 },
);

describe("messages of any sizes", () => {
  test("have the same bytes one by one, all at once and in the caller's buffer", () => {
    const codec = codecOf();
    fc.assert(
      fc.property(anySizes, (sizes) => {
        const messages = sized(sizes);
        const expected = wire(messages);
        expectSame(concat(messages.map((m) => codec.encode(m))), expected);
        expectSame(codec.encodeAll(messages), expected);
        const into = new Uint8Array(expected.length + 3).fill(0xee);
        expect(codec.encodeInto(messages, into)).toEqual({
          read: messages.length,
          written: expected.length,
        });
        expectSame(into.subarray(0, expected.length), expected);
        expect([...into.subarray(expected.length)]).toEqual([0xee, 0xee, 0xee]);
      }),
      { numRuns: 60 },
    );
  });

  test("go into the caller's buffer as far as they fit whole", () => {
    const codec = codecOf();
    fc.assert(
      fc.property(anySizes, fc.nat({ max: 300_000 }), (sizes, room) => {
        const messages = sized(sizes);
        let read = 0;
        let written = 0;
        while (read < sizes.length && written + sizes[read]! + 16 <= room) {
          written += sizes[read++]! + 16;
        }
        const into = new Uint8Array(room);
        expect(codec.encodeInto(messages, into)).toEqual({ read, written });
        expectSame(into.subarray(0, written), wire(messages.slice(0, read)));
      }),
      { numRuns: 60 },
    );
  });

  test("are refused a buffer that is none", () => {
    const into = new ArrayBuffer(99) as unknown as Uint8Array;
    expect(() => codecOf().encodeInto(sized([1]), into)).toThrow(/^EINVAL/);
  });

  test("that cannot be sent leave nothing behind of those before them", () => {
    const codec = codecOf();
    const good = sized([3, 5000, 0, 70_000]);
    const bad = { type: 1, data: new Uint8Array(MAX) };
    const one = { type: 7, data: filled(3, 7) };
    expect(() => codec.encodeAll([...good, bad])).toThrow(/^ERANGE/);
    expect(codec.encode(one)).toEqual(wire([one]));
    expect(() => codec.encodeInto([...good, bad], new Uint8Array(1 << 20))).toThrow(/^ERANGE/);
    expect(codec.encode(one)).toEqual(wire([one]));
    expect(() => codec.encodeAll([good[0]!, { type: -1 }])).toThrow(/^EINVAL/);
    expect(codec.encode(one)).toEqual(wire([one]));
  });
});

describe("a message that waits to be composed", () => {
  test("keeps its place when its codec is used while the next one is read", () => {
    const codec = codecOf();
    const inner = new ImsgCodec({ instance, maxSize: MAX, pid: 9 });
    const incoming = encode({ type: 5, data: filled(200, 5) });
    const seen: number[] = [];
    const messages: MessageInit[] = [];
    for (let i = 0; i < 20; i++) {
      messages.push({
        type: i,
        get data() {
          // other users of the window, in between
          expect(inner.encode({ type: 99, data: filled(i, i) }).length).toBe(16 + i);
          for (const m of inner.push(incoming)) seen.push(m.type);
          return filled(i * 5, i);
        },
      });
    }
    const expected = wire(messages.map(({ type }, i) => ({ type, data: filled(i * 5, i) })));
    expect(codec.encodeAll(messages)).toEqual(expected);
    expect(seen).toEqual(Array.from({ length: 20 }, () => 5));
    inner.dispose();
  });

  test("is what it was when memory grows before it is composed", () => {
    const codec = codecOf();
    const messages = sized([10, 20]);
    const late: MessageInit = {
      type: 3,
      get data() {
        instance.Ibuf.dynamic(4 << 20, 8 << 20).free();
        return filled(30, 3);
      },
    };
    const bytes = codec.encodeAll([...messages, late, ...messages]);
    expect(bytes).toEqual(wire([...messages, { type: 3, data: filled(30, 3) }, ...messages]));
  });

  test("is copied, whatever happens to its data afterwards", () => {
    const codec = codecOf();
    const data = filled(10, 1);
    const twice = {
      type: 2,
      get data() {
        data.fill(0);
        return filled(1, 2);
      },
    };
    const bytes = codec.encodeAll([{ type: 1, data }, twice]);
    expect(bytes.subarray(16, 26)).toEqual(filled(10, 1));
  });

  test("is refused if its data is detached, however empty it looks", () => {
    const codec = codecOf();
    const data = new Uint8Array(10);
    structuredClone(data, { transfer: [data.buffer] });
    expect(() => codec.encode({ type: 1, data })).toThrow(/^EINVAL.*detached/);
  });

  test("is refused where the codec is being used: its place would be anybody's", () => {
    const codec = codecOf();
    const one = { type: 7, data: filled(3, 7) };
    for (const use of [
      () => codec.encode(one),
      () => codec.encodeAll([one]),
      () => codec.encodeInto([one], new Uint8Array(99)),
    ]) {
      const reading: MessageInit = {
        type: 1,
        get data() {
          use();
          return filled(1, 1);
        },
      };
      expect(() => codec.encodeAll([one, reading])).toThrow(/^ERR_IMSG_REENTRANT/);
      expect(codec.encode(one)).toEqual(wire([one]));
    }
  });

  test("leaves nothing behind when memory runs out before another is refused", () => {
    const codec = codecOf();
    const one = { type: 7, data: filled(3, 7) };
    for (const bad of [{ type: -1 }, { type: 1, data: [null as unknown as Uint8Array] }]) {
      const messages = function* (): Generator<MessageInit> {
        yield one;
        yield one;
        instance.failAllocation(3);
        yield bad;
      };
      expect(() => codec.encodeAll(messages())).toThrow(/^EINVAL|^ENOMEM/);
      instance.failAllocation(0);
      expect(codec.encode(one)).toEqual(wire([one]));
      expect(codec.encodeInto([one], new Uint8Array(99))).toEqual({ read: 1, written: 19 });
    }
  });

  test("is refused if reading one piece of it detaches another, and the instance lives", () => {
    const codec = codecOf();
    const first = filled(20, 1);
    const data = [first];
    Object.defineProperty(data, 1, {
      enumerable: true,
      get() {
        structuredClone(first, { transfer: [first.buffer] });
        return filled(1, 2);
      },
    });
    expect(() => codec.encode({ type: 1, data })).toThrow(/^EINVAL.*detached/);
    expect(codec.encode({ type: 2 })).toEqual(wire([{ type: 2 }]));
  });

  test("is refused as null, whether there is room for it or not", () => {
    const codec = codecOf();
    const bad = { type: 1, data: null as unknown as Uint8Array };
    expect(() => codec.encodeInto([bad], new Uint8Array(100))).toThrow(/^EINVAL/);
    expect(() => codec.encodeInto([bad], new Uint8Array(MAX))).toThrow(/^EINVAL/);
  });

  test("runs out of memory with an error, and the codec stays usable", () => {
    const codec = codecOf();
    // a message that is composed in place takes one allocation
    for (let n = 1; n <= 2; n++) {
      instance.failAllocation(n);
      const messages = sized([10, 20]);
      expect(() => codec.encodeAll(messages)).toThrow(/^ENOMEM/);
      instance.failAllocation(0);
      expect(codec.encodeAll(messages)).toEqual(wire(messages));
    }
  });

  test("takes shared memory and views of the module's own", () => {
    const codec = codecOf();
    const shared = new Uint8Array(new SharedArrayBuffer(30), 3, 20);
    shared.set(filled(20, 4));
    expect(codec.encode({ type: 1, data: shared })).toEqual(
      wire([{ type: 1, data: filled(20, 4) }]),
    );
    const ibuf = instance.Ibuf.dynamic(0, 100);
    const lent = ibuf.reserve(12);
    lent.set(filled(12, 6));
    expect(codec.encode({ type: 1, data: lent })).toEqual(wire([{ type: 1, data: filled(12, 6) }]));
    ibuf.free();
  });
});

describe("a chunk of shared memory", () => {
  test("is copied, also as a Buffer", () => {
    const codec = codecOf();
    const shared = new Uint8Array(new SharedArrayBuffer(1000));
    shared.set(encode({ type: 1, data: filled(900, 1) }));
    const [m] = codec.push(Buffer.from(shared.buffer));
    shared.fill(0);
    expect(m!.data).toEqual(filled(900, 1));
    expect(m!.data.buffer).toBeInstanceOf(ArrayBuffer);
  });
});
