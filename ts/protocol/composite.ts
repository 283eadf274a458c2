import {
  type Field,
  FieldError,
  type FieldIn,
  type FieldOut,
  separated,
  shown,
  within,
} from "./field.ts";
import { checkInteger } from "./numbers.ts";

/** `TYPE[length]`. What is missing at the end when encoding is zero. */
export function array<Out, In>(field: Field<Out, In>, length: number): Field<Out[], readonly In[]> {
  checkInteger(length, 1, 0x7fffffff);
  return {
    resolve(abi) {
      const inner = field.resolve(abi);
      const { size } = inner;
      return {
        size: size * length,
        align: inner.align,
        type: `${inner.type}[${length}]`,
        read: (view, at) => Array.from({ length }, (_, i) => inner.read(view, at + i * size)),
        write(view, at, value) {
          if (!Array.isArray(value)) throw new FieldError("EINVAL", `${shown(value)} is no array`);
          if (value.length > length) {
            throw new FieldError("ERANGE", `${value.length} elements are given, ${length} fit`);
          }
          for (const [i, each] of value.entries()) {
            within(String(i), () => inner.write(view, at + i * size, each as In));
          }
        },
        ...(inner.members && {
          members: inner.members.map((member) => ({
            ...member,
            path: `[0]${separated(member.path)}`,
          })),
        }),
      };
    },
  };
}

/**
 * An `enum`, or any number field with names for some values. Decodes to the name, or to the number
 * where there is none; encodes both. C's `enum` is a {@link u32}, which is what `field` is if absent.
 */
export function enumeration<const Names extends Readonly<Record<string, number>>>(
  names: Names,
  field: Field<number>,
): Field<(keyof Names & string) | number> {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]));
  return {
    resolve(abi) {
      const { op: _, ...inner } = field.resolve(abi);
      return {
        ...inner,
        type: `enum ${inner.type}`,
        read(view, at) {
          const number = inner.read(view, at);
          return byNumber.get(number) ?? number;
        },
        write(view, at, value) {
          if (typeof value === "string" && !Object.hasOwn(names, value)) {
            const known = Object.keys(names).join(", ");
            throw new FieldError("EINVAL", `${shown(value)} is none of ${known}`);
          }
          inner.write(view, at, typeof value === "string" ? names[value]! : (value as number));
        },
      };
    },
  };
}

/**
 * A number field whose bits have names. Decodes to the names of the bits that are set, in the order
 * of `bits`, and the number of the bits that have no name, if any is set.
 */
export function flags<const Bits extends Readonly<Record<string, number>>>(
  field: Field<number>,
  bits: Bits,
): Field<((keyof Bits & string) | number)[], readonly ((keyof Bits & string) | number)[]> {
  const all = Object.entries(bits);
  return {
    resolve(abi) {
      const inner = field.resolve(abi);
      return {
        size: inner.size,
        align: inner.align,
        type: `flags ${inner.type}`,
        read(view, at) {
          let rest = inner.read(view, at);
          const found: (string | number)[] = [];
          for (const [name, bit] of all) {
            if ((rest & bit) === 0) continue;
            found.push(name);
            rest = (rest & ~bit) >>> 0;
          }
          if (rest !== 0) found.push(rest);
          return found;
        },
        write(view, at, value) {
          if (!Array.isArray(value))
            throw new FieldError("EINVAL", `${shown(value)} is no array of flags`);
          let sum = 0;
          for (const flag of value as readonly (string | number)[]) {
            if (typeof flag === "string" && !Object.hasOwn(bits, flag)) {
              const known = Object.keys(bits).join(", ");
              throw new FieldError("EINVAL", `${shown(flag)} is none of ${known}`);
            }
            sum =
              (sum |
                (typeof flag === "string" ? bits[flag]! : checkInteger(flag, 0, 0xffffffff))) >>>
              0;
          }
          inner.write(view, at, sum);
        },
      };
    },
  };
}

/**
 * A field under another form: `from` makes the value that programs see of what the field holds, and
 * `to` makes what the field holds. Both run for every message.
 */
export function convert<F extends Field<unknown, never>, Out, In = Out>(
  field: F,
  from: (held: FieldOut<F>) => Out,
  to: (value: In) => FieldIn<F>,
): Field<Out, In> {
  return {
    resolve(abi) {
      const { tagFor, bytes, op: _, ...inner } = field.resolve(abi);
      return {
        ...inner,
        read: (view, at, tag) => from(inner.read(view, at, tag) as FieldOut<F>),
        write: (view, at, value) => inner.write(view, at, to(value) as never),
        ...(tagFor && { tagFor: (value) => tagFor(to(value) as never) }),
        ...(bytes && { bytes: (value) => bytes(to(value) as never) }),
      };
    },
  };
}

/** A value of a union: an object whose only key is the variant's name. */
export type UnionOut<V> = {
  [K in keyof V]: { readonly [Name in K]: FieldOut<V[K]> };
}[keyof V];

/** What a union encodes. */
export type UnionIn<V> = {
  [K in keyof V]: { readonly [Name in K]: FieldIn<V[K]> };
}[keyof V];

/** How the variant of a union is selected. */
export interface UnionOptions<Name extends string> {
  /** The field of the same structure that selects the variant. */
  tag: string;
  /** The variants' names by the tag's values, which are what that field decodes to. */
  when: Readonly<Record<string | number, Name>>;
  /** Whether C's union has no name of its own, so that its members belong to the structure. */
  anonymous?: boolean | undefined;
}

/**
 * A `union` whose variant another field of the structure selects. Decodes to an object with one key,
 * the variant's name; to undefined where no variant belongs to the tag. When encoding, the tag
 * follows from the variant if the value of the structure leaves it out.
 */
export function union<const V extends Readonly<Record<string, Field<unknown, never>>>>(
  variants: V,
  { tag, when, anonymous = false }: UnionOptions<keyof V & string>,
): Field<UnionOut<V> | undefined, UnionIn<V> | undefined> {
  const tags = Object.entries(when);
  const only = (value: object): string => {
    const [name, ...others] = Object.keys(value);
    if (name !== undefined && others.length === 0 && Object.hasOwn(variants, name)) return name;
    throw new FieldError("EINVAL", `a union has one of ${Object.keys(variants).join(", ")}`);
  };
  return {
    resolve(abi) {
      const inner = Object.entries(variants).map(([name, field]) => ({
        name,
        ...field.resolve(abi),
      }));
      const align = Math.max(...inner.map((each) => each.align));
      const size = Math.ceil(Math.max(...inner.map((each) => each.size)) / align) * align;
      const byName = new Map(inner.map((each) => [each.name, each]));
      return {
        size,
        align,
        type: `union by ${tag}`,
        tag,
        anonymous,
        members: inner.flatMap(({ name, size, type, members = [] }) => [
          { path: name, offset: 0, size, type },
          ...members.map((member) => ({ ...member, path: name + separated(member.path) })),
        ]),
        read(view, at, value) {
          const name = when[value as string | number];
          const found = name === undefined ? undefined : byName.get(name);
          return found && ({ [found.name]: found.read(view, at) } as UnionOut<V>);
        },
        write(view, at, value) {
          if (value === undefined) return;
          const name = only(value);
          const held = (value as Record<string, unknown>)[name];
          within(name, () => byName.get(name)!.write(view, at, held as never));
        },
        tagFor(value) {
          if (value === undefined) return undefined;
          const name = only(value);
          const [found] = tags.find(([, each]) => each === name) ?? [];
          return found === undefined || Number.isNaN(Number(found)) ? found : Number(found);
        },
      };
    },
  };
}
