import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import {
  type AnyField,
  array,
  bytes,
  chars,
  i8,
  i32,
  optional,
  struct,
  trailing,
  u8,
  u16,
  u32,
  u64,
  union,
} from "../../../ts/entry/protocol.ts";
import { bgpd } from "../../../ts/entry/protocols/bgpd.ts";
import { tmux } from "../../../ts/entry/protocols/tmux.ts";
import { fieldsBy, toHex } from "../../../ts/inspect/fields.ts";
import { type FieldNode, fieldsAt, fieldTree } from "../../../ts/inspect/tree.ts";

const leavesOf = (fields: readonly FieldNode[], prefix = ""): [string, FieldNode][] =>
  fields.flatMap((field) => {
    const path =
      prefix === "" || field.name.startsWith("[") ? prefix + field.name : `${prefix}.${field.name}`;
    return field.children.length === 0
      ? [[path, field] as [string, FieldNode]]
      : leavesOf(field.children, path);
  });

/** Structures and arrays of numbers, nested. */
const scalar: fc.Arbitrary<AnyField> = fc.constantFrom(u8, i8, u16, u32, i32, u64);
const field: fc.Arbitrary<AnyField> = fc.letrec<{ field: AnyField }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc
      .tuple(tie("field"), fc.integer({ min: 1, max: 3 }))
      .map(([inner, n]) => array(inner as never, n)),
    fc
      .array(tie("field"), { minLength: 1, maxLength: 4 })
      .map((all) => struct(Object.fromEntries(all.map((each, i) => [`f${i}`, each])))),
  ),
})).field;
const layout = fc
  .array(field, { minLength: 1, maxLength: 5 })
  .map((all) => struct(Object.fromEntries(all.map((each, i) => [`m${i}`, each])), { name: "any" }));

describe("the tree of a payload", () => {
  it("names for every number the bytes that change it, and no other number", () => {
    fc.assert(
      fc.property(layout, fc.nat(), (any, seed) => {
        const zero = new Uint8Array(any.size);
        const before = leavesOf(fieldTree(any.decode(zero), any, any.size));
        const at = seed % any.size;
        const changed = zero.slice();
        changed[at] = 1;
        const after = leavesOf(fieldTree(any.decode(changed), any, any.size));
        const different = after.filter(([, { value }], i) => value !== before[i]![1].value);
        const holders = after.filter(([, { offset, size }]) => at >= offset && at < offset + size);
        expect(holders.map(([path]) => path)).toEqual(different.map(([path]) => path));
      }),
      { numRuns: 300 },
    );
  });

  it("places elements of trailing arrays, and bytes behind a structure, up to the payload's end", () => {
    const numbers = struct({ n: u32, rest: trailing(u16) });
    const value = { n: 7, rest: [1, 2, 3] };
    const data = numbers.encode(value);
    const leaves = leavesOf(fieldTree(numbers.decode(data), numbers, data.length));
    expect(leaves.map(([path, { offset, size, value: v }]) => [path, offset, size, v])).toEqual([
      ["n", 0, 4, "7"],
      ["rest[0]", 4, 2, "1"],
      ["rest[1]", 6, 2, "2"],
      ["rest[2]", 8, 2, "3"],
    ]);
    const all = struct({ n: u32, rest: trailing(u8) });
    const [, rest] = fieldTree(all.decode(data), all, data.length);
    expect(rest).toMatchObject({ name: "rest", offset: 4, size: 6, value: "010002000300" });
  });

  it("names the variant of a union, be it anonymous or not, and of none if the tag has none", () => {
    const when = { 1: "a", 2: "b" } as const;
    const variants = { a: u16, b: struct({ x: u8, y: chars(3) }) };
    const named = struct({ kind: u32, u: union(variants, { tag: "kind", when }) });
    const anonymous = struct({
      kind: u32,
      u: union(variants, { tag: "kind", when, anonymous: true }),
    });
    const pathsOf = (any: typeof named, kind: number) => {
      const data = Uint8Array.of(kind, 0, 0, 0, 5, 65, 66, 0);
      return leavesOf(fieldTree(any.decode(data), any, data.length)).map(
        ([path, { offset, size, value }]) => [path, offset, size, value],
      );
    };
    expect(pathsOf(named, 2)).toEqual([
      ["kind", 0, 4, "2"],
      ["u.b.x", 4, 1, "5"],
      ["u.b.y", 5, 3, "AB"],
    ]);
    expect(pathsOf(anonymous, 2)).toEqual([
      ["kind", 0, 4, "2"],
      ["b.x", 4, 1, "5"],
      ["b.y", 5, 3, "AB"],
    ]);
    expect(pathsOf(anonymous, 1)[1]).toEqual(["a", 4, 2, "16645"]);
    expect(pathsOf(named, 3)[1]).toEqual(["u", 4, 4, ""]);
  });

  it("shows bytes as hex, and an optional payload by its own type", () => {
    const one = struct({ key: bytes(2), id: u16 });
    const tree = fieldTree(one.decode(Uint8Array.of(1, 255, 2, 0)), optional(one), 4);
    expect(leavesOf(tree).map(([path, { value, offset }]) => [path, value, offset])).toEqual([
      ["key", "01ff", 0],
      ["id", "2", 2],
    ]);
    expect(fieldTree(undefined, optional(one), 0)).toEqual([]);
  });

  it.each([
    ["bgpd88-show-neighbor.server.bin", 0, bgpd, "conf.remote_addr", "127.0.0.2", "7f000002"],
    ["bgpd88-show-rib-prefix.server.bin", 0, bgpd, "prefix", "198.51.100.0", "c6336400"],
    ["bgpd88-show-rib-prefix.server.bin", 0, bgpd, "prefixlen", "24", "18"],
    ["tmux33a-list-sessions.server.bin", 1, tmux, "stream", "1", "01000000"],
  ] as const)("finds in %s, message %i, the very bytes of a field that a daemon sent", (...row) => {
    const [name, n, protocol, path, value, hex] = row;
    const codec = new ImsgCodec(protocol.options);
    const { [n]: message } = codec.push(new Uint8Array(readFileSync(`test/fixtures/${name}`)));
    codec.dispose();
    const fields = fieldsBy(protocol)(message!);
    if (fields === undefined || "problem" in fields) throw new Error("the payload is not decoded");
    const tree = fieldTree(fields.payload, fields.by, message!.data.length);
    const leaves = leavesOf(tree);
    const leaf = leaves.find(([each]) => each === path)![1];
    expect(leaf.value).toBe(value);
    expect(toHex(message!.data.subarray(leaf.offset)).slice(0, hex.length)).toBe(hex);
    const names = fieldsAt(tree, leaf.offset).map((each) => each.name);
    expect(names.join(".")).toBe(path);
    for (const [, { offset, size }] of leaves) {
      expect(offset + size).toBeLessThanOrEqual(message!.data.length);
    }
  });
});
