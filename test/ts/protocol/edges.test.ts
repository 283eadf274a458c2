import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  array,
  asNumber,
  be64,
  bool,
  bytes,
  chars,
  cString,
  empty,
  enumeration,
  type Field,
  f32,
  f64,
  flags,
  i8,
  i16,
  i32,
  i64,
  json,
  long,
  raw,
  sizeT,
  struct,
  text,
  time,
  trailing,
  trailingString,
  trailingStrings,
  u8,
  u16,
  u32,
  u64,
  ulong,
  union,
} from "../../../ts/entry/protocol.ts";

const caught = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

const fields: Readonly<Record<string, Field<unknown, never>>> = {
  ...{ u8, i8, u16, i16, u32, i32, u64, i64, be64, f32, f64, bool, long, ulong, sizeT, time },
  number: asNumber(u64),
  chars: chars(4),
  text: text(4),
  bytes: bytes(4),
  names: enumeration({ A: 1 }),
  bits: flags(u16, { A: 1 }),
  wideBits: flags(u64, { A: 1n }),
  array: array(u16, 2),
  inner: struct({ x: u8 }),
};
/** Each field can hold some of these, and must refuse the others. */
const values: readonly unknown[] = [
  ...[null, {}, { x: null }, "zz", "1.5", 1.5, Number.NaN, [null], [{}], Symbol("s"), () => 1],
  ...[2n ** 64n, -(2n ** 63n) - 1n, 2 ** 53, "12345", [1, 2, 3], false],
];

describe("a field of a structure", () => {
  const cases = Object.entries(fields).flatMap(([name, field]) =>
    (["lp64", "i386"] as const).map((abi) => ({ name, field, abi })),
  );
  it.each(cases)(
    "of $name under $abi refuses every value that it cannot hold, by its name",
    ({ name, field, abi }) => {
      const Layout = struct({ field }, { name: "edge", abi });
      let refused = 0;
      for (const value of values) {
        const error = caught(() => Layout.encode({ field: value } as never));
        if (error === undefined) continue;
        refused++;
        expect(error, `${name}: ${String(value)}`).toMatchObject({ name: "ImsgError" });
        expect(["EINVAL", "ERANGE"]).toContain((error as { code: string }).code);
        expect(String(error)).toContain("edge.field");
      }
      expect(refused).toBeGreaterThan(8);
    },
  );

  it("holds numbers that JavaScript has exactly, and refuses others", () => {
    const Wide = struct({ n: u64, s: i64, m: asNumber(i64) }, { name: "wide" });
    expect(Wide.decode(Wide.encode({ n: 2n ** 64n - 1n, s: "0", m: -5 }))).toEqual({
      n: 2n ** 64n - 1n,
      s: 0n,
      m: -5,
    });
    expect(() => Wide.encode({ n: 2 ** 60 })).toThrow(
      "ERANGE: result too large: wide.n: 1152921504606847000 has lost digits as a number",
    );
    expect(() => Wide.encode({ n: "" })).toThrow('wide.n: "" is not an integer');
    expect(() => Wide.encode({ n: true as never })).toThrow("wide.n: true is not an integer");
  });

  const Inner = struct({
    held: union({ n: asNumber(u64) }, { tag: "kind", when: { 0: "n" } }),
    kind: u32,
  });
  const Deep = struct({ list: array(Inner, 2) }, { name: "deep" });

  it.each([
    { at: "decode", read: (payload: Uint8Array) => Deep.decode(payload) },
    { at: "view", read: (payload: Uint8Array) => Deep.view(payload).list },
  ])("that cannot be read is the peer's fault, and has its path in $at", ({ read }) => {
    const payload = new Uint8Array(Deep.size);
    payload[Inner.size + 7] = 0x7f;
    const error = caught(() => read(payload));
    expect(error).toMatchObject({ name: "ImsgError", code: "EBADMSG", fromPeer: true });
    expect(String(error)).toContain("deep.list.1.held.n: 9151314442816847872 is no safe integer");
  });

  it("keeps a byte order mark, the bytes of a full text, and marks bytes that are no UTF-8", () => {
    const Texts = struct({ c: chars(8), t: text(4), rest: trailingString });
    const value = { c: "\ufeffab", t: "abcd", rest: "\ufeffx" };
    expect(Texts.decode(Texts.encode(value))).toEqual(value);
    const payload = Texts.encode({ c: "a" });
    payload[1] = 0xff;
    expect(Texts.decode(payload).c).toBe("a\ufffd");
    payload.fill(0x61);
    expect(Texts.decode(payload).c).toBe("a".repeat(8)); // no NUL
    expect(cString.decode(cString.encode("\ufeff"))).toBe("\ufeff");
  });

  it("has a name that every object has", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
    const Odd = struct(Object.fromEntries(names.map((name) => [name, u8])), { name: "odd" });
    const value = JSON.parse(`{${names.map((name, i) => `"${name}":${i + 1}`).join()}}`);
    expect([...Odd.encode(value)]).toEqual([1, 2, 3, 4, 5]);
    expect([...Odd.encode({})]).toEqual([0, 0, 0, 0, 0]);
    const decoded = Odd.decode(Odd.encode(value));
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(value));
    expect(JSON.stringify(Odd.view(Odd.encode(value)))).toBe(JSON.stringify(value));
  });

  it("is one of a thousand, at its place", () => {
    const all = Array.from({ length: 1000 }, (_, i) => `f${i}`);
    const Big = struct(Object.fromEntries(all.map((name) => [name, u32])));
    const value = Object.fromEntries(all.map((name, i) => [name, i * 4_000_000]));
    expect(Big.size).toBe(4000);
    expect(Big.decode(Big.encode(value))).toEqual(value);
  });
});

describe("flags", () => {
  const fields = { u8, i8, u16, i16, u32, i32, u64, i64, number: asNumber(u64), ulong };
  it.each(Object.entries(fields).map(([name, field]) => ({ name, field })))(
    "over $name decode and encode every value, with the bits that have no name",
    ({ field }) => {
      const Flags = struct({
        f: flags(field as typeof u64, { NONE: 0, A: 1, BOTH: 6, HIGH: 0x80 }),
      });
      const most = field === fields.number ? 2n ** 53n - 1n : 2n ** BigInt(8 * Flags.size) - 1n;
      fc.assert(
        fc.property(fc.bigInt(0n, most), (held) => {
          const payload = new Uint8Array(Flags.size);
          for (let i = 0; i < payload.length; i++)
            payload[i] = Number((held >> BigInt(8 * i)) & 255n);
          const { f } = Flags.decode(payload);
          expect(Flags.encode({ f })).toEqual(payload);
          expect(f.includes("A")).toBe((held & 1n) === 1n);
          expect(f.includes("BOTH")).toBe((held & 6n) === 6n);
          expect(f).not.toContain("NONE");
        }),
      );
      expect(() => Flags.encode({ f: [2n ** 64n] })).toThrow("ERANGE");
      expect(() => Flags.encode({ f: [-1n] })).toThrow("ERANGE");
    },
  );

  it("are integers from 0", () => {
    for (const bit of [-1, 0.5, "1", undefined]) {
      expect(() => flags(u8, { A: bit as number })).toThrow("EINVAL: invalid argument: the flag A");
    }
  });
});

describe("a union", () => {
  const variants = { v4: u32, v6: array(u8, 16) } as const;
  const options = { tag: "family", when: { INET: "v4", INET6: "v6" } } as const;
  const family = enumeration({ INET: 2, INET6: 10, UNIX: 1 }, u8);
  const Two = struct(
    { family, a: union(variants, options), b: union(variants, options) },
    { name: "two" },
  );

  it("must agree with a tag that is given, by name or by number, and with another union", () => {
    expect(Two.decode(Two.encode({ family: 2, a: { v4: 7 } })).a).toEqual({ v4: 7 });
    expect(() => Two.encode({ family: "INET6", a: { v4: 7 } })).toThrow(
      'EINVAL: invalid argument: two.a: v4 is given, and family is "INET6", which selects v6',
    );
    expect(() => Two.encode({ family: 1, b: { v4: 7 } })).toThrow(
      'two.b: v4 is given, and family is "UNIX", which selects no variant',
    );
    expect(() => Two.encode({ a: { v4: 7 }, b: { v6: [1] } })).toThrow("two.b: v6 is given");
    expect(Two.decode(Two.encode({ a: { v4: 7 }, b: { v4: 8 } }))).toMatchObject({
      family: "INET",
    });
  });

  it("has no variant for names that every object has", () => {
    const Named = struct({
      kind: chars(16),
      u: union({ a: u8 }, { tag: "kind", when: { a: "a" } }),
    });
    for (const kind of ["constructor", "__proto__", "toString", "b"]) {
      expect(Named.decode(Named.encode({ kind })).u).toBeUndefined();
    }
  });

  it("in an array has one tag for all elements", () => {
    const Many = struct({ family, all: array(union(variants, options), 2) }, { name: "many" });
    const value = { family: "INET", all: [{ v4: 1 }, { v4: 2 }] } as const;
    expect(Many.decode(Many.encode({ all: value.all }))).toEqual(value);
    expect(() => Many.encode({ family: "INET", all: [{ v4: 1 }, { v6: [] }] })).toThrow(
      "many.all.1: v6 is given",
    );
  });

  it("selects only variants that it has", () => {
    expect(() => union({ a: u8 }, { tag: "t", when: { 1: "b" as "a" } })).toThrow(
      'EINVAL: invalid argument: the tag 1 selects b, and "b" is none of a',
    );
  });
});

describe("a structure", () => {
  it("encodes its own view", () => {
    const S = struct({ a: u16, kind: u8, u: union({ x: u8 }, { tag: "kind", when: { 3: "x" } }) });
    const payload = S.encode({ a: 5, u: { x: 9 } });
    expect(S.encode(S.view(payload))).toEqual(payload);
  });

  it("without fields has no bytes, alone, inside another one and in an array", () => {
    const Empty = struct({});
    expect(Empty.size).toBe(0);
    expect(Empty.decode(Empty.encode({}))).toEqual({});
    const Around = struct({ a: u8, e: Empty, list: array(Empty, 3), none: array(u64, 0), b: u8 });
    expect(Around.size).toBe(16); // as gcc: the array of length 0 aligns to 8
    expect(Around.decode(Around.encode({ b: 1 })).b).toBe(1);
  });

  const Rest = struct({ n: u8, rest: trailing(u8) }, { name: "rest" });
  const misdescribed: readonly (readonly [string, () => unknown, string])[] = [
    ["a number as a name", () => struct({ b: u8, 1: u8 }), "a field is named 1"],
    ["a field that is none", () => struct({ a: 5 as never }), "a: 5 is no field"],
    ["no field", () => struct({ a: undefined as never }), "a: undefined is no field"],
    ["an array of trailing data", () => struct({ a: array(Rest, 2) }), "trailing data is the last"],
    ["a trailing field in an array", () => struct({ a: array(trailing(u8), 2) }), "trailing data"],
    [
      "trailing data in a union",
      () => struct({ t: u8, u: union({ a: Rest }, { tag: "t", when: {} }) }),
      "trailing data",
    ],
    ["trailing data behind itself", () => struct({ a: trailing(Rest) }), "trailing data"],
    ["trailing empty structures", () => struct({ a: trailing(struct({})) }), "has no bytes"],
    ["a bad length", () => array(u8, -1), "a length is an integer from 0 to 2147483647, not -1"],
    ["a text without bytes", () => chars(0), "a length is an integer from 1 to 2147483647, not 0"],
    ["bytes of no length", () => bytes(1.5), "not 1.5"],
  ];
  it.each(misdescribed.map(([what, run, message]) => ({ what, run, message })))(
    "cannot be described with $what",
    ({ run, message }) => {
      const error = caught(run);
      expect(error).toMatchObject({ name: "ImsgError", code: "EINVAL" });
      expect(String(error)).toContain(message);
    },
  );

  it("names the element of trailing data that is wrong", () => {
    const Items = struct({ items: trailing(struct({ n: u8 })) }, { name: "items" });
    expect(() => Items.encode({ items: [{ n: 1 }, { n: 300 }] })).toThrow(
      "items.items.1.n: 300 is not within 0 and 255",
    );
    const Texts = struct({ all: trailingStrings }, { name: "texts" });
    expect(() => Texts.encode({ all: ["a", "b\0"] })).toThrow(
      "texts.all.1: the string contains a NUL",
    );
    expect(() => Texts.encode({ all: "ab" as never })).toThrow('texts.all: "ab" is no array');
  });

  it("shows the start of a long value", () => {
    const S = struct({ n: u8 }, { name: "s" });
    const error = caught(() => S.encode({ n: "x".repeat(1e6) as never }));
    expect(String(error).length).toBeLessThan(300);
    expect(String(error)).toContain("(1000000 characters)");
  });
});

describe("a payload", () => {
  const cases = [
    { what: "no payload", payload: empty, value: 5 },
    { what: "bytes", payload: raw, value: "text" },
    { what: "a string", payload: cString, value: null },
    { what: "JSON", payload: json<unknown>(), value: undefined },
  ];
  it.each(cases)("of $what refuses another value", ({ payload, value }) => {
    expect(caught(() => payload.encode(value as never))).toMatchObject({
      name: "ImsgError",
      code: "EINVAL",
    });
  });

  it("of JSON that cannot be parsed is the peer's fault", () => {
    const error = caught(() => json().decode(Uint8Array.of(0x7b)));
    expect(error).toMatchObject({ code: "EBADMSG", fromPeer: true });
  });
});
