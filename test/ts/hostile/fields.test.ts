/**
 * Every kind of field and payload of `imsg-wasm/protocol` takes every hostile value: as the value of
 * the field, inside an array, as the structure, and as the bytes to decode. The call returns, or
 * throws an ImsgError or what the caller's own code has thrown.
 */
import { describe, expect, it } from "vitest";
import type { AnyField, Layout, Payload } from "../../../ts/entry/protocol.ts";
import { index, protocol as p } from "./library.ts";
import { attempt } from "./neighbours.ts";
import { hostileBytes, nonsense } from "./values.ts";

const { ImsgError } = index;
const values = [...hostileBytes, ...nonsense];
const point = p.struct({ x: p.u8, y: p.be16 });
const fields = {
  ...{ u8: p.u8, i8: p.i8, u16: p.u16, i16: p.i16, u32: p.u32, i32: p.i32, u64: p.u64, i64: p.i64 },
  ...{ be16: p.be16, be32: p.be32, be64: p.be64, f32: p.f32, f64: p.f64, bool: p.bool },
  ...{ long: p.long, ulong: p.ulong, sizeT: p.sizeT, time: p.time, pointer: p.pointer },
  ...{ inAddr: p.inAddr, in6Addr: p.in6Addr, chars: p.chars(8), text: p.text(8) },
  ...{ bytes: p.bytes(16), asNumber: p.asNumber(p.u64), struct: point },
  array: p.array(p.u16, 2),
  "array of bytes": p.array(p.bytes(4), 2),
  "array of structures": p.array(point, 2),
  enumeration: p.enumeration({ A: 1, B: 2 }),
  flags: p.flags(p.u32, { A: 1, B: 2 }),
  convert: p.convert(p.bytes(4), String, (value: Uint8Array) => value),
  trailing: p.trailing(p.u8),
  "trailing numbers": p.trailing(p.u16),
  "trailing structures": p.trailing(point),
  trailingString: p.trailingString,
  trailingStrings: p.trailingStrings,
};
const payloads = {
  ...{ empty: p.empty, raw: p.raw, json: p.json(), cString: p.cString, struct: point },
  ...{ optional: p.optional(point), "optional string": p.optional(p.cString) },
};

describe("a hostile value is refused with an ImsgError, or is a value", () => {
  it.each(Object.keys(fields))("of the field %s", (name) => {
    const field = fields[name as keyof typeof fields] as AnyField;
    const layout = p.struct({ before: p.u8, field }) as unknown as Layout<unknown, unknown>;
    for (const make of values) {
      attempt(() => layout.encode({ field: make() }));
      attempt(() => layout.encode({ field: [make(), make()] }));
      attempt(() => layout.encode(make()));
      attempt(() => layout.decode(make() as never));
      attempt(() => JSON.stringify(layout.view(make() as never)));
      attempt(() => p.struct({ field: make() as never }));
    }
  });

  it.each(Object.keys(payloads))("of the payload %s", (name) => {
    const payload = payloads[name as keyof typeof payloads] as Payload<unknown>;
    for (const make of values) {
      attempt(() => payload.encode(make()));
      attempt(() => payload.decode(make() as never));
    }
  });

  const definitions: Record<string, (value: never) => unknown> = {
    ...{ struct: p.struct, chars: p.chars, text: p.text, bytes: p.bytes, trailing: p.trailing },
    ...{ printIPv4: p.printIPv4, printIPv6: p.printIPv6 },
    ...{ parseIPv4: p.parseIPv4, parseIPv6: p.parseIPv6, optional: p.optional },
    "struct's options": (value) => p.struct({ x: p.u8 }, value),
    "struct's name": (name) => p.struct({ x: p.u8 }, { name }),
    "struct's abi": (abi) => p.struct({ x: p.u8 }, { abi }),
    "array's length": (length) => p.array(p.u8, length),
    "array's field": (field) => p.struct({ x: p.array(field, 2) }),
    "the names of an enumeration": (names) => p.enumeration(names),
    "the field of an enumeration": (field) => p.struct({ x: p.enumeration({ A: 1 }, field) }),
    "the names of flags": (names) => p.flags(p.u32, names),
    "the field of flags": (field) => p.struct({ x: p.flags(field, { A: 1 }) }),
    "the field of asNumber": (field) => p.struct({ x: p.asNumber(field) }),
    "the variants of a union": (variants) => p.union(variants, { tag: "x", when: {} }),
    defineProtocol: (init) => p.defineProtocol(init),
    messages: (messages) => p.defineProtocol({ name: "x", messages }),
    "a message": (x) => p.defineProtocol({ name: "x", messages: { x } as never }),
    ends: (ends) => p.defineProtocol({ name: "x", ends, messages: {} }),
  };
  it.each(Object.keys(definitions))("of %s", (name) => {
    for (const make of values) attempt(() => definitions[name]!(make() as never));
  });
});

describe("a value is read once, before its bytes are placed", () => {
  const two = p.struct({ list: p.array(p.u8, 2), after: p.u8 });
  /** An array that has another length each time it is asked. */
  const growing = (lengths: number[]): never =>
    new Proxy([7, 7, 7, 7], {
      get: (list, key) => (key === "length" ? lengths.shift() : list[key as never]),
    }) as never;

  it("so an array that grows writes nothing behind its field", () => {
    expect([...two.encode({ list: growing([2, 4, 4]), after: 1 })]).toEqual([7, 7, 1]);
    expect(() => two.encode({ list: growing([-1]) })).toThrow(ImsgError);
  });

  it("so trailing data of a getter that returns more the second time is what it was", () => {
    const tail = p.struct({ x: p.u8, rest: p.trailing(p.u8) });
    const sizes = [2, 5];
    const value = {
      get rest() {
        return new Uint8Array(sizes.shift()!).fill(9);
      },
    };
    expect([...tail.encode(value)]).toEqual([0, 9, 9]);
  });

  it("so trailing data that a later getter detaches is placed already", () => {
    const tail = p.struct({ x: p.u8, rest: p.trailing(p.u8) });
    const rest = new Uint8Array([1, 2]);
    const value = {
      rest,
      get x() {
        structuredClone(rest.buffer, { transfer: [rest.buffer] });
        return 5;
      },
    };
    expect([...tail.encode(value)]).toEqual([5, 1, 2]);
  });

  it("an array too long for any payload is ERANGE, and no memory is allocated for it", () => {
    const tail = p.struct({ rest: p.trailing(p.u64) });
    const rest: bigint[] = [];
    rest.length = 2 ** 32 - 1;
    expect(() => tail.encode({ rest })).toThrow(/^ERANGE.*rest: the payload has 34359738360 bytes/);
  });

  it("a view of a payload that is detached is stale, and does not throw a TypeError", () => {
    const bytes = new Uint8Array([1, 0, 2]);
    const view = p.struct({ x: p.u8 }).view(bytes.subarray(0, 1));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => view.x).toThrow(/^ERR_IMSG_STALE/);
  });
});
