import type { Abi } from "./abi.ts";
import { type Field, FieldError, Op, type Resolved, resolveField, shown } from "./field.ts";

/** A field whose layout is the same under every ABI. */
export function fixedField<Out, In>(resolved: Resolved<Out, In>): Field<Out, In> {
  return { resolve: () => resolved };
}

/** Refuses a number that is no integer of the range. */
export function checkInteger(value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new FieldError("EINVAL", `${shown(value)} is not an integer`);
  }
  if (value < least || value > most) {
    throw new FieldError("ERANGE", `${value} is not within ${least} and ${most}`);
  }
  return value;
}

interface Kind {
  type: string;
  size: 1 | 2 | 4;
  signed?: boolean | undefined;
  /** Network byte order. */
  big?: boolean | undefined;
  op?: Op | undefined;
}

function integer({ type, size, signed = false, big = false, op }: Kind): Field<number> {
  const most = 2 ** (8 * size - (signed ? 1 : 0)) - 1;
  const least = signed ? -most - 1 : 0;
  const bits = (8 * size) as 8 | 16 | 32;
  const get = `get${signed ? "Int" : "Uint"}${bits}` as const;
  const set = `set${signed ? "Int" : "Uint"}${bits}` as const;
  return fixedField({
    size,
    align: size,
    type,
    signed,
    ...(op !== undefined && { op }),
    read: (view, at) => view[get](at, !big),
    write: (view, at, value) => view[set](at, checkInteger(value, least, most), !big),
  });
}

/** The type of {@link u8}, by which `trailing(u8)` knows that bytes are meant. */
export interface Octet extends Field<number> {
  /** Set in {@link u8} alone. */
  readonly octet: true;
}

/** `uint8_t`. */
export const u8: Octet = {
  .../* @__PURE__ */ integer({ type: "u8", size: 1, op: Op.u8 }),
  octet: true,
};
/** `int8_t`. */
export const i8 = /* @__PURE__ */ integer({ type: "i8", size: 1, signed: true, op: Op.i8 });
/** `uint16_t`. */
export const u16 = /* @__PURE__ */ integer({ type: "u16", size: 2, op: Op.u16 });
/** `int16_t`. */
export const i16 = /* @__PURE__ */ integer({ type: "i16", size: 2, signed: true, op: Op.i16 });
/** `uint32_t` and `unsigned int`. */
export const u32 = /* @__PURE__ */ integer({ type: "u32", size: 4, op: Op.u32 });
/** `int32_t` and `int`. */
export const i32 = /* @__PURE__ */ integer({ type: "i32", size: 4, signed: true, op: Op.i32 });
/** A 16-bit number in network byte order, such as `in_port_t`. */
export const be16 = /* @__PURE__ */ integer({ type: "be16", size: 2, big: true });
/** A 32-bit number in network byte order. */
export const be32 = /* @__PURE__ */ integer({ type: "be32", size: 4, big: true });

/** `bool`. Encodes to 0 or 1; every other byte than 0 decodes to true. */
export const bool: Field<boolean> = /* @__PURE__ */ fixedField({
  size: 1,
  align: 1,
  type: "bool",
  read: (view, at) => view.getUint8(at) !== 0,
  write(view, at, value) {
    if (typeof value !== "boolean") {
      throw new FieldError("EINVAL", `${shown(value)} is neither true nor false`);
    }
    view.setUint8(at, value ? 1 : 0);
  },
});

/**
 * The values that a 64-bit field encodes: a bigint, a number that is a safe integer, or a string of
 * decimal digits or 0x….
 */
export type Integer64 = bigint | number | string;

/** Refuses a value that is no integer of so many bits. */
function integerOf(value: Integer64, bits: 32 | 64, signed: boolean): bigint {
  const isInteger =
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isInteger(value)) ||
    (typeof value === "string" && /^(-?\d+|0x[\da-f]+)$/i.test(value));
  if (!isInteger) throw new FieldError("EINVAL", `${shown(value)} is not an integer`);
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    const detail = `${value} has lost digits as a number: give a bigint or a string`;
    throw new FieldError("ERANGE", detail);
  }
  const big = BigInt(value);
  const kept = signed ? BigInt.asIntN(bits, big) : BigInt.asUintN(bits, big);
  if (kept === big) return big;
  const kind = signed ? "a signed" : "an unsigned";
  throw new FieldError("ERANGE", `${big} does not fit ${kind} ${bits}-bit field`);
}

function wide(type: string, op: Op | undefined, big = false): Field<bigint, Integer64> {
  const signed = type.startsWith("i");
  const get = signed ? "getBigInt64" : "getBigUint64";
  const set = signed ? "setBigInt64" : "setBigUint64";
  return {
    resolve: (abi) => ({
      size: 8,
      align: abi.align64,
      type,
      signed,
      ...(op !== undefined && { op }),
      read: (view, at) => view[get](at, !big),
      write: (view, at, value) => view[set](at, integerOf(value, 64, signed), !big),
    }),
  };
}

/** `uint64_t` and `unsigned long long`, as a bigint. Aligned to 4 bytes on i386. */
export const u64 = /* @__PURE__ */ wide("u64", Op.u64);
/** `int64_t` and `long long`, as a bigint. Aligned to 4 bytes on i386. */
export const i64 = /* @__PURE__ */ wide("i64", Op.i64);
/** A 64-bit number in network byte order, as a bigint. */
export const be64 = /* @__PURE__ */ wide("u64", undefined, true);

/** Refuses a value that is no number. */
function float(value: unknown): number {
  if (typeof value === "number") return value;
  throw new FieldError("EINVAL", `${shown(value)} is no number`);
}

/** `double`. Aligned to 4 bytes on i386. */
export const f64: Field<number> = {
  resolve: (abi) => ({
    size: 8,
    align: abi.align64,
    type: "f64",
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, float(value), true),
  }),
};

/** `float`. */
export const f32: Field<number> = /* @__PURE__ */ fixedField({
  size: 4,
  align: 4,
  type: "f32",
  read: (view, at) => view.getFloat32(at, true),
  write: (view, at, value) => view.setFloat32(at, float(value), true),
});

/** A field whose width, 4 or 8 bytes, depends on the ABI. It decodes to a bigint in both. */
function word(
  type: string,
  signed: boolean,
  width: (abi: Abi) => number,
): Field<bigint, Integer64> {
  const [narrow, long] = signed ? [i32, i64] : [u32, u64];
  return {
    resolve(abi) {
      const inner = long.resolve(abi);
      if (width(abi) === 8) return { ...inner, type };
      const { read, write } = narrow.resolve(abi);
      return {
        size: 4,
        align: 4,
        type,
        signed,
        read: (view, at) => BigInt(read(view, at)),
        write: (view, at, value) => write(view, at, Number(integerOf(value, 32, signed))),
      };
    },
  };
}

/** `unsigned long`, as a bigint: 4 or 8 bytes by the ABI. */
export const ulong = /* @__PURE__ */ word("ulong", false, (abi) => abi.long);
/** `long`, as a bigint: 4 or 8 bytes by the ABI. */
export const long = /* @__PURE__ */ word("long", true, (abi) => abi.long);
/** `size_t`, as a bigint: 4 or 8 bytes by the ABI. */
export const sizeT = /* @__PURE__ */ word("size_t", false, (abi) => abi.pointer);
/** A pointer of the peer, as a bigint. Only whether it is 0 has a meaning for another process. */
export const pointer = /* @__PURE__ */ word("pointer", false, (abi) => abi.pointer);

/**
 * The same field with numbers instead of bigints. Decoding throws EBADMSG for a number beyond
 * `Number.MAX_SAFE_INTEGER`, which would lose digits.
 */
export function asNumber(field: Field<bigint, Integer64>): Field<number, Integer64> {
  return {
    resolve(abi) {
      const { op, ...inner } = resolveField(field, abi);
      return {
        ...inner,
        read(view, at) {
          // most numbers have their high half empty, and a bigint costs an allocation
          if (inner.size === 8 && op !== undefined && view.getUint32(at + 4, true) === 0) {
            return view.getUint32(at, true);
          }
          const value = Number(inner.read(view, at));
          if (Number.isSafeInteger(value)) return value;
          throw new FieldError(
            "ERANGE",
            `${inner.read(view, at)} is no safe integer: read it as a bigint`,
          );
        },
      };
    },
  };
}

/** `time_t`, as a number of seconds: 4 or 8 bytes by the ABI. */
export const time: Field<number, Integer64> = /* @__PURE__ */ asNumber(
  /* @__PURE__ */ word("time_t", true, (abi) => abi.time),
);
