import { isObject } from "../module/error.ts";
import { arrayLength } from "./arguments.ts";
import { readAll, writeAll } from "./elements.ts";
import {
  checkLength,
  checkNames,
  type Field,
  FieldError,
  type FieldIn,
  type FieldOut,
  misdescribed,
  noneOf,
  resolveField,
  resolveInside,
  separated,
  shown,
  within,
} from "./field.ts";
import { u32 } from "./numbers.ts";

/**
 * `TYPE[length]`. Elements that are missing at the end are encoded as zero. All elements of an array
 * of unions share one tag.
 */
export function array<Out, In>(field: Field<Out, In>, length: number): Field<Out[], readonly In[]> {
  checkLength(length, 0);
  return {
    resolve(abi) {
      const inner = resolveInside(field, abi);
      const { tagFor, checkTag } = inner;
      return {
        size: inner.size * length,
        align: inner.align,
        type: `${inner.type}[${length}]`,
        read: (view, at, tag) => readAll(inner, view, at, length, tag),
        write(view, at, value) {
          const given = arrayLength(value);
          if (given > length) {
            throw new FieldError("ERANGE", `${given} elements are given, ${length} fit`);
          }
          writeAll(inner, view, at, value, given);
        },
        ...(inner.tag !== undefined && { tag: inner.tag }),
        ...(tagFor && {
          tagFor: (value) => {
            const length = arrayLength(value);
            for (let i = 0; i < length; i++) {
              const each = value[i];
              if (each !== undefined) return tagFor(each);
            }
            return tagFor(undefined as In);
          },
        }),
        ...(checkTag && {
          checkTag: (value, tag) => {
            const length = arrayLength(value);
            for (let i = 0; i < length; i++) within(i, () => checkTag(value[i]!, tag));
          },
        }),
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
 * where there is none; of several names of one number to the first. Encodes both. C's `enum` is a
 * {@link u32}, which is what `field` is if absent.
 */
export function enumeration<const Names extends Readonly<Record<string, number>>>(
  names: Names,
  field: Field<number> = u32,
): Field<(keyof Names & string) | number> {
  const byNumber = new Map<number, string>();
  checkNames(names, "the names of an enumeration are");
  for (const [name, number] of Object.entries(names)) {
    if (!byNumber.has(number)) byNumber.set(number, name);
  }
  return {
    resolve(abi) {
      const { op: _, ...inner } = resolveField(field, abi);
      return {
        ...inner,
        type: `enum ${inner.type}`,
        read(view, at) {
          const number = inner.read(view, at);
          return byNumber.get(number) ?? number;
        },
        write(view, at, value) {
          if (typeof value === "string" && !Object.hasOwn(names, value)) {
            throw new FieldError("EINVAL", noneOf(value, names));
          }
          inner.write(view, at, typeof value === "string" ? names[value]! : (value as number));
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
      const { tagFor, checkTag, bytes, op: _, ...inner } = resolveField(field, abi);
      return {
        ...inner,
        read: (view, at, tag) => from(inner.read(view, at, tag) as FieldOut<F>),
        write: (view, at, value) => inner.write(view, at, to(value) as never),
        ...(tagFor && { tagFor: (value) => tagFor(to(value) as never) }),
        ...(checkTag && { checkTag: (value, tag) => checkTag(to(value) as never, tag) }),
        ...(bytes && { bytes: (value) => bytes(to(value) as never) }),
      };
    },
  };
}

/** A value of a union: an object whose only key is the variant's name. */
export type UnionOut<V> = {
  [K in keyof V]: { readonly [Name in K]: FieldOut<V[K]> };
}[keyof V];

/** The values that a union encodes. */
export type UnionIn<V> = {
  [K in keyof V]: { readonly [Name in K]: FieldIn<V[K]> };
}[keyof V];

/** How the variant of a union is selected. */
export interface UnionOptions<Name extends string> {
  /** The field of the same structure that selects the variant. */
  tag: string;
  /** The variants' names by the decoded values of that field. */
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
  checkNames(variants, "the variants of a union are");
  checkNames(when, "`when` is");
  const tags = Object.entries(when);
  for (const [value, name] of tags) {
    if (Object.hasOwn(variants, name)) continue;
    throw misdescribed(`the tag ${value} selects ${name}, and ${noneOf(name, variants)}`);
  }
  const only = (value: object): string => {
    const [name, ...others] = isObject(value) ? Object.keys(value) : [];
    if (name !== undefined && others.length === 0 && Object.hasOwn(variants, name)) return name;
    throw new FieldError("EINVAL", `a union has one of ${Object.keys(variants).join(", ")}`);
  };
  const nameBy = (value: unknown): string | undefined =>
    Object.hasOwn(when, value as string) ? when[value as string] : undefined;
  return {
    resolve(abi) {
      const inner = Object.entries(variants).map(([name, field]) => ({
        name,
        ...resolveInside(field, abi),
      }));
      const align = Math.max(1, ...inner.map((each) => each.align));
      const size = Math.ceil(Math.max(0, ...inner.map((each) => each.size)) / align) * align;
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
          const name = nameBy(value);
          if (name === undefined) return undefined;
          const held = within(name, () => byName.get(name)!.read(view, at));
          return { [name]: held } as UnionOut<V>;
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
          if (found === undefined) {
            throw new FieldError("EINVAL", `no value of ${tag} selects ${name}`);
          }
          return Number.isNaN(Number(found)) ? found : Number(found);
        },
        checkTag(value, given) {
          if (value === undefined) return;
          const [name, selected] = [only(value), nameBy(given)];
          if (name === selected) return;
          const what = selected === undefined ? "no variant" : selected;
          const detail = `${name} is given, and ${tag} is ${shown(given)}, which selects ${what}`;
          throw new FieldError("EINVAL", detail);
        },
      };
    },
  };
}
