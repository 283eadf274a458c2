// Compares layouts and bytes of random structures with a C compiler's.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AnyField,
  array,
  be16,
  be32,
  bool,
  bytes,
  chars,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  long,
  pointer,
  sizeT,
  struct,
  u8,
  u16,
  u32,
  u64,
  ulong,
} from "../../../ts/entry/protocol.ts";
import { ABIS, compile, evaluate } from "../../oracle/layouts/measure.ts";

/** A field in C and in TypeScript, with a value in both. */
interface Both {
  readonly declare: (name: string) => string;
  readonly field: AnyField;
  readonly value: unknown;
  readonly initial: string;
}

const integer = (type: string, field: AnyField, least: number, most: number): fc.Arbitrary<Both> =>
  fc.integer({ min: least, max: most }).map((value) => ({
    declare: (name) => `${type} ${name}`,
    field,
    value,
    initial: type === "int" && value === -(2 ** 31) ? "-2147483647 - 1" : String(value),
  }));

const big = (type: string, field: AnyField): fc.Arbitrary<Both> =>
  // values that fit every ABI's long and pointer
  fc.integer({ min: 0, max: 0x7fffffff }).map((value) => ({
    declare: (name) => `${type} ${name}`,
    field,
    value: BigInt(value),
    initial: type.endsWith("*") ? `(void *)${value}ul` : `${value}`,
  }));

const leaf: fc.Arbitrary<Both> = fc.oneof(
  integer("uint8_t", u8, 0, 255),
  integer("int8_t", i8, -128, 127),
  integer("uint16_t", u16, 0, 65535),
  integer("int16_t", i16, -32768, 32767),
  integer("uint32_t", u32, 0, 0xffffffff),
  integer("int", i32, -(2 ** 31), 2 ** 31 - 1),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({
    declare: (name: string) => `uint64_t ${name}`,
    field: u64,
    value,
    initial: `${value}ull`,
  })),
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map((value) => ({
    declare: (name: string) => `long long ${name}`,
    field: i64,
    value,
    initial: `${value}ll`,
  })),
  fc.boolean().map((value) => ({
    declare: (name: string) => `_Bool ${name}`,
    field: bool,
    value,
    initial: value ? "1" : "0",
  })),
  fc.integer({ min: -1000, max: 1000 }).map((value) => ({
    declare: (name: string) => `double ${name}`,
    field: f64,
    value: value / 8,
    initial: `${value} / 8.0`,
  })),
  fc.integer({ min: -1000, max: 1000 }).map((value) => ({
    declare: (name: string) => `float ${name}`,
    field: f32,
    value: value / 8,
    initial: `${value} / 8.0f`,
  })),
  fc.integer({ min: 0, max: 65535 }).map((value) => ({
    declare: (name: string) => `uint16_t ${name}`,
    field: be16,
    value,
    initial: `__builtin_bswap16(${value})`,
  })),
  fc.integer({ min: 0, max: 0xffffffff }).map((value) => ({
    declare: (name: string) => `uint32_t ${name}`,
    field: be32,
    value,
    initial: `__builtin_bswap32(${value}u)`,
  })),
  big("long", long),
  big("unsigned long", ulong),
  big("size_t", sizeT),
  big("void *", pointer),
  fc.stringMatching(/^[a-z]{0,6}$/).map((value) => ({
    declare: (name: string) => `char ${name}[7]`,
    field: chars(7),
    value,
    initial: JSON.stringify(value),
  })),
  fc.uint8Array({ minLength: 5, maxLength: 5 }).map((value) => ({
    declare: (name: string) => `uint8_t ${name}[5]`,
    field: bytes(5),
    value,
    initial: `{ ${value.join(", ")} }`,
  })),
);

const repeated = fc.tuple(leaf, fc.integer({ min: 1, max: 3 })).map(
  ([one, length]): Both => ({
    declare: (name) => {
      const [type, inner] = [one.declare(name), one.declare(name).indexOf(name)];
      return `${type.slice(0, inner)}${name}[${length}]${type.slice(inner + name.length)}`;
    },
    field: array(one.field, length),
    value: Array(length).fill(one.value),
    initial: `{ ${Array(length).fill(one.initial).join(", ")} }`,
  }),
);

const fieldsOf = (members: readonly Both[]): Record<string, AnyField> =>
  Object.fromEntries(members.map(({ field }, i) => [`f${i}`, field]));
const valuesOf = (members: readonly Both[]): Record<string, unknown> =>
  Object.fromEntries(members.map(({ value }, i) => [`f${i}`, value]));
const body = (members: readonly Both[]): string =>
  `{ ${members.map(({ declare }, i) => `${declare(`f${i}`)};`).join(" ")} }`;
const initial = (members: readonly Both[]): string =>
  `{ ${members.map((member, i) => `.f${i} = ${member.initial}`).join(", ")} }`;

const nested = fc.array(fc.oneof(leaf, repeated), { minLength: 1, maxLength: 4 }).map(
  (members): Both => ({
    declare: (name) => `struct ${body(members)} ${name}`,
    field: struct(fieldsOf(members)),
    value: valuesOf(members),
    initial: initial(members),
  }),
);

const structure = fc.array(fc.oneof(leaf, leaf, repeated, nested), { minLength: 1, maxLength: 8 });

const FREESTANDING = ["-ffreestanding", "-Wno-overflow"];

describe.each(ABIS)("under %s", (abi) => {
  const all = fc.sample(structure, { numRuns: 200, seed: 23 });
  const layouts = all.map((members) => struct(fieldsOf(members), { abi, name: "s" })) as Layout<
    object,
    object
  >[];
  const text = `#include <stdint.h>\n#include <stddef.h>\n${all
    .map((members, i) => `struct s${i} ${body(members)};`)
    .join("\n")}`;

  it("sizes, alignments and offsets of 200 random structures are the compiler's", () => {
    const expressions = layouts.flatMap(({ members }, i) => [
      `sizeof(struct s${i})`,
      `_Alignof(struct s${i})`,
      ...members.map(({ path }) => `offsetof(struct s${i}, ${path})`),
      ...members.map(({ path }) => `sizeof(((struct s${i} *)0)->${path})`),
    ]);
    const ours = layouts.flatMap(({ size, align, members }) => [
      size,
      align,
      ...members.map(({ offset }) => offset),
      ...members.map((member) => member.size),
    ]);
    const theirs = evaluate({ text, options: FREESTANDING }, expressions, abi);
    expect(ours.map(BigInt)).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(2000);
  });

  it("encodes to the compiler's bytes, and decodes them to the value", () => {
    const variables = all.map((members, i) => {
      const padded = `struct { struct s${i} s; uint8_t end[8 - sizeof(struct s${i}) % 8]; }`;
      const attribute = `__attribute__((section("layouts"), used, aligned(8)))`;
      return `static ${padded} v${i} ${attribute} = { .s = ${initial(members)} };`;
    });
    const section = compile(
      { text: `${text}\n${variables.join("\n")}`, options: FREESTANDING },
      abi,
    );
    let at = 0;
    for (const [i, layout] of layouts.entries()) {
      const values = all[i]!;
      const theirs = section.subarray(at, at + layout.size);
      at += layout.size + 8 - (layout.size % 8);
      expect(layout.encode(valuesOf(values)), body(values)).toEqual(theirs);
      expect(layout.decode(theirs)).toEqual(valuesOf(values));
      const view = JSON.stringify(layout.view(theirs), plain);
      expect(view).toBe(JSON.stringify(layout.decode(theirs), plain));
    }
    expect(at).toBe(section.length);
  });
});

const plain = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;
