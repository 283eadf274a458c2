import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ibuf, type ImsgInstance } from "../../../ts/c/index.ts";
import { codeOf, errorOf, fresh, pattern, wire } from "./helpers.ts";
import { type Kind, methods, type World, world } from "./methods.ts";

const notNumbers = fc.oneof(
  fc.constantFrom<unknown>(null, "4", "", true, {}, [], [4], Symbol("4"), () => 4, new Date(4)),
  fc.string(),
  fc.constant({ valueOf: () => 4 }),
  fc.constant(Object(4)),
);
const badNumbers = fc.oneof(
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, 2 ** 53),
  fc.double({ noInteger: true, noNaN: true }),
  fc.integer({ min: 2 ** 32, max: Number.MAX_SAFE_INTEGER }),
);
const negative = fc.oneof(fc.integer({ max: -1 }), fc.double({ max: -Number.MIN_VALUE }));
const sizes = fc.oneof(notNumbers, badNumbers, negative, fc.constant(4n));

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function detachedView<T>(View: new (buffer: ArrayBuffer) => T): T {
  const buffer = new ArrayBuffer(8);
  const view = new View(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

const noBytes = fc.oneof(
  fc.constantFrom<unknown>(null, 4, "text", true, {}, [1, 2], { length: 4 }, 4n),
  fc.constantFrom<unknown>(
    Symbol("4"),
    { byteLength: 4, buffer: {} },
    Object.create(Uint8Array.prototype),
  ),
  fc
    .constantFrom<() => unknown>(
      detached,
      () => detachedView(Uint8Array),
      () => detachedView(Float64Array),
      () => detachedView(DataView),
      () => ({ [Symbol.toStringTag]: "ArrayBuffer", length: 4 }),
    )
    .map((make) => make()),
);

/** Values that look like an object of a kind of the library, and are not of that kind. */
const impostors = (kind: Kind) => (w: World) => {
  const all = {
    ibuf: w.ibuf,
    imsg: w.imsg,
    msgbuf: w.msgbuf,
    socket: w.socket,
    x: w.imsgbuf,
    y: w.codec,
  };
  const elsewhere = world(fresh());
  const wrong = Object.entries(all)
    .filter(([name]) => name !== kind)
    .map(([, object]) => object);
  const alien = { ibuf: elsewhere.ibuf, imsg: elsewhere.imsg, msgbuf: elsewhere.msgbuf }[
    kind as "ibuf"
  ];
  const fake = Object.create(Object.getPrototypeOf(w.ibuf));
  const copy = Object.assign(Object.create(Ibuf.prototype), w.ibuf);
  Object.defineProperty(copy, "engine", { value: w.instance.engine });
  return [...wrong, alien, fake, copy, { engine: w.instance.engine }, null, undefined, 4, "x"];
};

const bad: Record<Kind, (w: World) => fc.Arbitrary<unknown>> = {
  size: () => fc.oneof(sizes, fc.constant(undefined)),
  init: () => fc.oneof(sizes, fc.constant(undefined)),
  u32: () => sizes,
  pid: () =>
    fc.oneof(
      notNumbers,
      badNumbers,
      fc.constant(4n),
      fc.integer({ min: Number.MIN_SAFE_INTEGER, max: -(2 ** 31) - 1 }),
    ),
  value: () =>
    fc.oneof(
      notNumbers,
      negative,
      fc.constantFrom<unknown>(undefined, Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY),
      fc.bigInt({ max: -1n }),
      fc.bigInt({ min: 1n << 64n }),
    ),
  bytes: () => noBytes,
  list: () =>
    fc.oneof(
      fc.constantFrom<unknown>(null, 4, "text", {}, pattern(4), new Set()),
      noBytes.map((piece) => [pattern(1), piece]),
    ),
  fd: () =>
    fc.oneof(
      notNumbers,
      badNumbers,
      fc.constant(4n),
      fc.integer({ min: 2 ** 31, max: Number.MAX_SAFE_INTEGER }),
    ),
  fds: () =>
    fc.oneof(
      fc.constantFrom<unknown>(null, 4, "3", {}, new Set([3])),
      fc.oneof(notNumbers, badNumbers).map((fd) => [fd]),
    ),
  errno: () =>
    fc.constantFrom<unknown>(undefined, null, 5, "", "EFOO", "toString", "__proto__", {}),
  function: () => fc.constantFrom<unknown>(undefined, null, 4, "f", {}),
  ibuf: (w) => fc.constantFrom(...impostors("ibuf")(w)),
  imsg: (w) => fc.constantFrom(...impostors("imsg")(w)),
  msgbuf: (w) => fc.constantFrom(...impostors("msgbuf")(w)),
  socket: (w) => fc.constantFrom(...impostors("socket")(w)),
};

/** Whether a value is an object of the library that belongs to another instance. */
function isForeign(value: unknown, instance: ImsgInstance): boolean {
  try {
    return (value as { engine: unknown }).engine !== instance.engine;
  } catch {
    return false;
  }
}

/** Counts the calls of the original's functions that an instance makes. */
function watched(): { instance: ImsgInstance; seen: string[] } {
  const instance = fresh();
  const seen: string[] = [];
  const call = instance.engine.call as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const [name, f] of Object.entries(call)) {
    if (!/^(ibuf|msgbuf|imsgbuf|imsg|batch|kernel|mem)_/.test(name)) continue;
    call[name] = (...args: unknown[]) => {
      seen.push(name);
      return f(...args);
    };
  }
  return { instance, seen };
}

describe.each(methods)("$name", ({ name, args, call }) => {
  it("takes what is good", () => {
    const w = world(fresh());
    const good = args.map(([, make]) => make(w)) as never[];
    expect(codeOf(() => call(w, good))).toBe("no error");
  });

  it.each(args.map(([kind], i) => [i, kind] as const))(
    "refuses argument %i that is no %s with EINVAL, before C sees it",
    (i, kind) => {
      const { instance, seen } = watched();
      const w = world(instance);
      const before = instance.stats();
      fc.assert(
        fc.property(bad[kind](w), (value) => {
          // these methods accept any ibuf or socket, of any instance
          if (name === "Imsg.add" || name === "Ibuf.fromIbuf" || name === "Imsgbuf.init") {
            if (isForeign(value, instance)) return;
          }
          const list = args.map(([, make], j) => (j === i ? value : make(w))) as never[];
          seen.length = 0;
          const error = errorOf(() => call(w, list));
          expect(error.code).toBe("EINVAL");
          expect(error.errno).toBe(22);
          expect(seen).toEqual([]);
        }),
        { numRuns: 60 },
      );
      expect(instance.stats()).toEqual(before);
    },
  );
});

describe("bytes", () => {
  const views: [string, () => ArrayBufferLike | ArrayBufferView][] = [
    ["an ArrayBuffer", () => pattern(8).buffer],
    ["a Uint8Array", () => pattern(8)],
    ["a Buffer", () => Buffer.from(pattern(8))],
    ["an Int8Array", () => new Int8Array(pattern(8).buffer)],
    ["a Float64Array", () => new Float64Array(pattern(8).buffer)],
    ["a DataView", () => new DataView(pattern(8).buffer)],
    ["a view into the middle", () => pattern(16).subarray(0, 8)],
    ["a SharedArrayBuffer", () => shared()],
    ["a view of a SharedArrayBuffer", () => new Uint8Array(shared())],
    ["a resizable buffer", () => resizable()],
    ["a view of a resizable buffer", () => new Uint8Array(resizable())],
  ];

  function shared(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(8);
    new Uint8Array(buffer).set(pattern(8));
    return buffer;
  }

  function resizable(): ArrayBuffer {
    const Resizable = ArrayBuffer as new (n: number, o: { maxByteLength: number }) => ArrayBuffer;
    const buffer = new Resizable(8, { maxByteLength: 64 });
    new Uint8Array(buffer).set(pattern(8));
    return buffer;
  }

  it.each(views)("may be %s, which is copied", (_, make) => {
    const instance = fresh();
    const data = make();
    const ibuf = instance.Ibuf.dynamic(0, 100);
    ibuf.add(data);
    const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
    new Uint8Array(buffer).fill(0xee);
    expect(ibuf.data()).toEqual(pattern(8));
    const { imsgbuf, socket } = world(instance);
    imsgbuf.composev({ type: 1, pid: 1, data: [make(), make()] });
    imsgbuf.flush();
    expect(socket.take()[0]!.data).toEqual(wire(1, new Uint8Array([...pattern(8), ...pattern(8)])));
  });

  it.each([
    ["an empty ArrayBuffer", () => new ArrayBuffer(0)],
    ["an empty Uint8Array", () => new Uint8Array(0)],
    ["an empty view at a buffer's end", () => new Uint8Array(new ArrayBuffer(8), 8, 0)],
    ["an empty DataView", () => new DataView(new ArrayBuffer(8), 8)],
    ["an empty SharedArrayBuffer", () => new SharedArrayBuffer(0)],
  ])("may be %s", (_, make) => {
    const { ibuf, imsgbuf, instance } = world(fresh());
    ibuf.add(make());
    ibuf.set(8, make());
    expect(ibuf.size).toBe(8);
    expect(instance.Ibuf.fromBuffer(make()).size).toBe(0);
    expect(imsgbuf.compose({ type: 1, data: make() })).toBe(1);
  });

  it("that lie outside of a resizable buffer that has shrunk are EINVAL", () => {
    const buffer = resizable() as ArrayBuffer & { resize(n: number): void };
    const [all, end] = [new Uint8Array(buffer), new Uint8Array(buffer, 4, 4)];
    const view = new DataView(buffer, 4, 4);
    buffer.resize(6);
    const { ibuf } = world(fresh());
    ibuf.add(all);
    expect(ibuf.size).toBe(14);
    expect(codeOf(() => ibuf.add(end))).toBe("EINVAL");
    expect(codeOf(() => ibuf.add(view))).toBe("EINVAL");
  });

  it("of more than 32 bits in all are ERANGE, and not taken for few", () => {
    const { imsgbuf } = world(fresh());
    const gigabyte = new Uint8Array(1 << 30);
    const data = [gigabyte, gigabyte, gigabyte, gigabyte, pattern(4)];
    expect(codeOf(() => imsgbuf.composev({ type: 1, data }))).toBe("ERANGE");
  });

  it("that a list's own map would forge are looked at as they are", () => {
    class Liar extends Array<Uint8Array> {
      override map(): never {
        return [{ length: 1 << 20 }] as never;
      }
    }
    const { imsgbuf, socket } = world(fresh());
    imsgbuf.composev({ type: 1, pid: 1, data: Liar.from([pattern(2)]) });
    imsgbuf.flush();
    expect(socket.take()[0]!.data).toEqual(wire(1, pattern(2)));
  });
});
