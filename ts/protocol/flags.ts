import { arrayLength } from "./arguments.ts";
import {
  checkNames,
  type Field,
  FieldError,
  misdescribed,
  noneOf,
  type Resolved,
  resolveField,
  shown,
} from "./field.ts";
import type { Integer64 } from "./numbers.ts";

/** Names of bits. A value may have several bits, and has its name if all of them are set. */
export type Bits<N extends number | bigint> = Readonly<Record<string, N>>;

type Entries = readonly (readonly [name: string, bits: bigint])[];

/** Splits a number of at most 32 bits, without bigints: routes have such flags by the thousands. */
function splitNarrow(all: Entries, bits: number): (held: number) => (string | number)[] {
  const narrow = all.map(([name, bit]) => [name, Number(BigInt.asUintN(32, bit)) | 0] as const);
  const mask = bits === 32 ? -1 : 2 ** bits - 1;
  return (held) => {
    let rest = held & mask;
    const found: (string | number)[] = [];
    for (const [name, bit] of narrow) {
      if (bit === 0 || (rest & bit) !== bit) continue;
      found.push(name);
      rest &= ~bit;
    }
    if (rest !== 0) found.push(rest >>> 0);
    return found;
  };
}

function splitWide(all: Entries, bits: number): (held: number | bigint) => unknown[] {
  return (held) => {
    let rest = BigInt.asUintN(bits, BigInt(held));
    const found: unknown[] = [];
    for (const [name, bit] of all) {
      if (bit === 0n || (rest & bit) !== bit) continue;
      found.push(name);
      rest &= ~bit;
    }
    if (rest !== 0n) found.push(typeof held === "bigint" ? rest : Number(rest));
    return found;
  };
}

/** Joins flags to the number that a field holds. */
function joined(value: unknown, bits: Bits<number | bigint>): bigint {
  const length = arrayLength(value);
  let sum = 0n;
  for (let i = 0; i < length; i++) {
    const flag = (value as readonly unknown[])[i];
    const isNumber = typeof flag === "bigint" || Number.isSafeInteger(flag);
    if (isNumber && (flag as number | bigint) < 0) {
      throw new FieldError("ERANGE", `${flag} is below 0, and flags are bits`);
    }
    if (isNumber) sum |= BigInt(flag as number | bigint);
    else if (typeof flag === "string" && Object.hasOwn(bits, flag)) sum |= BigInt(bits[flag]!);
    else throw new FieldError("EINVAL", noneOf(flag, bits));
  }
  return sum;
}

/** Refuses flags beyond the bits of a field, and returns the number that it writes for them. */
function fitting(sum: bigint, { size, signed }: Resolved<unknown, never>): bigint {
  const bits = 8 * size;
  if (BigInt.asUintN(bits, sum) !== sum) {
    throw new FieldError("ERANGE", `0x${sum.toString(16)} does not fit into ${bits} bits`);
  }
  return signed ? BigInt.asIntN(bits, sum) : sum;
}

/**
 * A number field whose bits have names. Decodes to the names of the bits that are set, in the order
 * of `bits`, and the number of the bits that have no name, if any is set. Fields of 64 bits take
 * bigints as bits, and decode unknown bits to one.
 */
export function flags<const B extends Bits<number>>(
  field: Field<number, number>,
  bits: B,
): Field<((keyof B & string) | number)[], readonly ((keyof B & string) | number)[]>;
export function flags<const B extends Bits<number | bigint>>(
  field: Field<bigint, Integer64>,
  bits: B,
): Field<((keyof B & string) | bigint)[], readonly ((keyof B & string) | number | bigint)[]>;
export function flags(
  field: Field<number | bigint, never>,
  bits: Bits<number | bigint>,
): Field<unknown[], readonly (string | number | bigint)[]> {
  checkNames(bits, "the flags are");
  const all = Object.entries(bits).map(([name, bit]) => {
    const isBits = typeof bit === "bigint" ? bit >= 0n : Number.isSafeInteger(bit) && bit >= 0;
    if (isBits) return [name, BigInt(bit)] as const;
    throw misdescribed(`the flag ${name} is ${shown(bit)}, and must be an integer from 0`);
  });
  return {
    resolve(abi) {
      const inner = resolveField(field, abi);
      const width = 8 * inner.size;
      const narrow = splitNarrow(all, width);
      const wide = splitWide(all, width);
      return {
        size: inner.size,
        align: inner.align,
        type: `flags ${inner.type}`,
        read(view, at) {
          const held = inner.read(view, at);
          return typeof held === "number" && width <= 32 ? narrow(held) : wide(held);
        },
        write(view, at, value) {
          const sum = fitting(joined(value, bits), inner);
          inner.write(view, at, (inner.size === 8 ? sum : Number(sum)) as never);
        },
      };
    },
  };
}
