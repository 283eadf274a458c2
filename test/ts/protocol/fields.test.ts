import { describe, expect, it } from "vitest";
import {
  array,
  asNumber,
  bytes,
  chars,
  convert,
  enumeration,
  flags,
  i64,
  in6Addr,
  inAddr,
  optional,
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
  union,
} from "../../../ts/entry/protocol.ts";

const Address = struct(
  {
    address: union(
      { v4: inAddr, v6: in6Addr },
      { tag: "family", when: { INET: "v4", INET6: "v6" }, anonymous: true },
    ),
    family: enumeration({ INET: 2, INET6: 10 }, u8),
  },
  { name: "address" },
);

const Peer = struct(
  {
    as: u32,
    prefix: Address,
    descr: chars(8),
    counters: array(u64, 2),
    flags: flags(u16, { UP: 1, PASSIVE: 4 }),
    rest: trailing(u8),
  },
  { name: "peer" },
);

describe("a structure", () => {
  it("encodes an absent field as zero, and an absent value as zeros", () => {
    expect(Peer.encode()).toEqual(new Uint8Array(Peer.size));
    const one = Peer.encode({ as: 1 });
    expect([...one.subarray(0, 4)]).toEqual([1, 0, 0, 0]);
    expect(one.subarray(4).every((byte) => byte === 0)).toBe(true);
  });

  it("decodes its own bytes, with data behind it", () => {
    const value = {
      as: 65001,
      prefix: { address: { v6: "2001:db8::1" }, family: "INET6" },
      descr: "peer-a",
      counters: [1n, 2n ** 64n - 1n],
      flags: ["UP", "PASSIVE", 0x100],
      rest: Uint8Array.of(1, 2, 3),
    } as const;
    const encoded = Peer.encode(value);
    expect(encoded).toHaveLength(Peer.size + 3);
    expect(Peer.decode(encoded)).toEqual(value);
    expect(Object.keys(Peer.decode(encoded))).toEqual(Object.keys(value));
    expect(
      JSON.parse(JSON.stringify(Peer.view(encoded), (_, v) => (typeof v === "bigint" ? 0 : v))),
    ).toMatchObject({
      as: 65001,
      descr: "peer-a",
      prefix: value.prefix,
    });
  });

  it("sets the tag of a union that the value leaves out", () => {
    expect(Address.decode(Address.encode({ address: { v4: "192.0.2.1" } }))).toEqual({
      address: { v4: "192.0.2.1" },
      family: "INET",
    });
    expect(Address.decode(Address.encode({ family: 77 }))).toEqual({
      address: undefined,
      family: 77,
    });
  });

  it("refuses payloads of another size, naming the structure, both sizes and the ABI", () => {
    expect(() => Address.decode(new Uint8Array(19))).toThrow(
      "EBADMSG: bad message: struct address has 20 bytes (lp64), and the payload 19",
    );
    expect(() => Peer.decode(new Uint8Array(8))).toThrow(
      `struct peer has at least ${Peer.size} bytes (lp64), and the payload 8`,
    );
    expect(Peer.decode(new Uint8Array(Peer.size)).rest).toHaveLength(0);
  });

  const refused: readonly (readonly [value: unknown, code: string, message: string])[] = [
    [{ as: -1 }, "ERANGE", "peer.as: -1 is not within 0 and 4294967295"],
    [{ as: 1.5 }, "EINVAL", "peer.as: 1.5 is not an integer"],
    [{ as: "1" }, "EINVAL", 'peer.as: "1" is not an integer'],
    [{ descr: "12345678" }, "ERANGE", "peer.descr: the string has 8 bytes, 7 fit"],
    [{ descr: "a\0b" }, "EINVAL", "peer.descr: the string contains a NUL"],
    [{ counters: [1n, 2n ** 64n] }, "ERANGE", "peer.counters.1: 18446744073709551616 does not fit"],
    [{ counters: [1n, 2n, 3n] }, "ERANGE", "peer.counters: 3 elements are given, 2 fit"],
    [{ flags: ["DOWN"] }, "EINVAL", 'peer.flags: "DOWN" is none of UP, PASSIVE'],
    [
      { prefix: { address: { v4: "1.2.3" } } },
      "EINVAL",
      'peer.prefix.address.v4: "1.2.3" is no in_addr',
    ],
    [
      { prefix: { address: { v5: 1 } } },
      "EINVAL",
      "peer.prefix.address: a union has one of v4, v6",
    ],
    [{ prefix: { family: "IPX" } }, "EINVAL", 'peer.prefix.family: "IPX" is none of INET, INET6'],
    [{ prefix: 7 }, "EINVAL", "peer.prefix: 7 is no object with fields"],
    [{ asn: 1 }, "EINVAL", 'peer: there is no field "asn"'],
    [{ rest: "0g" }, "EINVAL", 'peer.rest: "0g" is neither bytes nor hexadecimal digits'],
  ];
  it.each(refused.map(([value, code, message]) => ({ value, code, message })))(
    "refuses with $code: $message",
    ({ value, code, message }) => {
      let error: unknown;
      try {
        Peer.encode(value as never);
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code });
      expect(String(error)).toContain(message);
    },
  );

  it("reads a view's fields from the bytes each time they are asked for", () => {
    const bytes = Peer.encode({ as: 7, descr: "x" });
    const view = Peer.view(bytes);
    expect(view.as).toBe(7);
    bytes[0] = 9;
    expect(view.as).toBe(9);
    expect(view.prefix.family).toBe(0);
  });

  it("decodes arrays that do not share the payload's memory", () => {
    const payload = Peer.encode({ rest: "0102" });
    const { rest } = Peer.decode(payload);
    payload.fill(255);
    expect([...rest]).toEqual([1, 2]);
  });

  it("is a table for people", () => {
    expect(Peer.describe()).toBe(
      [
        "struct peer (lp64): 56 bytes, aligned to 8",
        "offset   size  member",
        "     0      4  as: u32",
        "     4     20  prefix: struct address",
        "     4      4  prefix.v4: in_addr",
        "     4     16  prefix.v6: in6_addr",
        "    20      1  prefix.family: enum u8",
        "    24      8  descr: char[8]",
        "    32     16  counters: u64[2]",
        "    48      2  flags: flags u16",
        "    56      0  rest: u8[…]",
      ].join("\n"),
    );
  });

  it("cannot hold trailing data before its end, nor in another structure", () => {
    expect(() => struct({ rest: trailing(u8), as: u32 })).toThrow(
      "rest: trailing data is the last field",
    );
    expect(() => struct({ peer: Peer })).toThrow("peer: trailing data is the last field");
    expect(() => struct({ a: union({ x: u8 }, { tag: "t", when: { 1: "x" } }) })).toThrow(
      "a: there is no field t, which selects its variant",
    );
    expect(() => struct({}, { abi: "lp32" as never })).toThrow(
      'abi is "lp32"; known are lp64, ilp32, i386',
    );
  });
});

describe("an optional payload", () => {
  it("is undefined for no bytes, and checks the size of any others", () => {
    const maybe = optional(Address);
    expect(maybe.encode(undefined)).toHaveLength(0);
    expect(maybe.decode(new Uint8Array(0))).toBeUndefined();
    expect(maybe.decode(maybe.encode({ family: "INET" }))).toMatchObject({ family: "INET" });
    expect(() => maybe.decode(new Uint8Array(3))).toThrow("struct address has 20 bytes");
  });
});

describe("fields", () => {
  it("64-bit values are bigints, or numbers by choice", () => {
    const s = struct({ big: i64, small: asNumber(i64), t: time }, { name: "s" });
    const value = { big: -(2n ** 60n), small: -5, t: 1_700_000_000 };
    expect(s.decode(s.encode(value))).toEqual(value);
    expect(s.encode({ big: 7, small: "7" })).toEqual(s.encode({ big: 7n, small: 7 }));
    const large = s.encode({ small: 2n ** 60n });
    expect(() => s.decode(large)).toThrow(`s.small: ${2n ** 60n} is no safe integer`);
    expect(s.under("i386").size).toBe(20);
    expect(s.under("i386").decode(s.under("i386").encode(value))).toEqual(value);
  });

  it("asNumber reads every number that has 53 bits exactly", () => {
    const s = struct({ n: asNumber(u64), i: asNumber(i64) });
    for (const n of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]) {
      expect(s.decode(s.encode({ n, i: -n }))).toEqual({ n, i: n === 0 ? 0 : -n });
    }
  });

  it("texts may fill their field, strings keep room for a NUL", () => {
    const s = struct({ a: text(4), b: chars(4) });
    expect(s.decode(s.encode({ a: "four", b: "abc" }))).toEqual({ a: "four", b: "abc" });
    expect(s.decode(Uint8Array.from("aa\0zé\0bb", (c) => c.charCodeAt(0))).a).toBe("aa");
    expect(
      struct({ a: chars(200) }).decode(struct({ a: chars(200) }).encode({ a: "é".repeat(90) })).a,
    ).toBe("é".repeat(90));
    const long = struct({ a: chars(100) });
    expect(long.decode(long.encode({ a: "x".repeat(99) })).a).toBe("x".repeat(99));
  });

  it("bytes are copied, and followed by zeros when shorter", () => {
    const s = struct({ a: bytes(3) });
    expect([...s.encode({ a: "ff" })]).toEqual([255, 0, 0]);
    expect(() => s.encode({ a: new Uint8Array(4) })).toThrow("4 bytes are given, 3 fit");
  });

  it.each(["0.0.0.0", "255.1.20.3"])("in_addr holds %s", (address) => {
    const s = struct({ address: inAddr });
    expect(s.decode(s.encode({ address }))).toEqual({ address });
  });

  it.each([
    "::",
    "::1",
    "2001:db8::",
    "2001:db8::1:0:0:1",
    "1:2:3:4:5:6:7:8",
    "::ffff:192.0.2.1",
    "fe80::1",
  ])("in6_addr holds %s", (address) => {
    const s = struct({ address: in6Addr });
    expect(s.decode(s.encode({ address }))).toEqual({ address });
  });

  it.each([
    "1:2:3",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7:8:9",
    "::1.2.3",
    "g::",
    "",
    "1:2:3:4:5:6:7:8::",
  ])("in6_addr refuses %j", (address) => {
    expect(() => struct({ address: in6Addr }).encode({ address })).toThrow("is no in6_addr");
  });

  it("strings and elements stand behind a structure", () => {
    const args = struct({ argc: u32, argv: trailingStrings });
    expect(args.decode(args.encode({ argc: 3, argv: ["a", "", "é"] }))).toEqual({
      argc: 3,
      argv: ["a", "", "é"],
    });
    expect(args.decode(args.encode({ argc: 0 })).argv).toEqual([]);
    const path = struct({ fd: u32, path: trailingString });
    expect(path.decode(path.encode({ fd: 1, path: "/tmp" }))).toEqual({ fd: 1, path: "/tmp" });
    const ids = struct({ n: u8, ids: trailing(u32) }, { name: "ids" });
    expect(ids.decode(ids.encode({ n: 2, ids: [1, 2] }))).toEqual({ n: 2, ids: [1, 2] });
    expect(() => ids.decode(new Uint8Array(7))).toThrow(
      "ids.ids: 6 bytes are no whole number of 4-byte elements",
    );
  });

  it("a converted field keeps the layout and changes the value", () => {
    const tenths = convert(
      u16,
      (n) => n / 10,
      (value: number) => Math.round(value * 10),
    );
    const s = struct({ a: u8, load: tenths });
    expect(s.size).toBe(4);
    expect(s.decode(s.encode({ load: 1.5 }))).toEqual({ a: 0, load: 1.5 });
  });
});
