import { isObject } from "../module/error.ts";
import {
  FieldError,
  inside,
  isArray,
  type Member,
  Op,
  type Resolved,
  shown,
  within,
} from "./field.ts";
import type { Place, Places } from "./place.ts";

/** A structure under one ABI. */
export interface Structure<Out, In> extends Resolved<Out, In | undefined> {
  readonly members: readonly Member[];
  readonly places: readonly Place[];
  /** The last of the places, if it stands behind the structure. */
  readonly behind: Place | undefined;
  /** A value's bytes behind the structure, which write() does not write; undefined if there are none. */
  bytesBehind(value: In | undefined): Uint8Array | undefined;
}

type Values = Record<string, unknown>;

/** Makes the reader and the writer of a structure. */
export function structure<Out, In>(laid: Places, type: string): Structure<Out, In> {
  const { size, align, places, behind, members } = laid;
  const names = new Set(places.map(({ name }) => name));
  const check = (value: unknown): Values => {
    if (!isObject(value) || isArray(value)) {
      throw new FieldError("EINVAL", `${shown(value)} is no object with fields`);
    }
    for (const name in value) {
      if (!names.has(name)) throw new FieldError("EINVAL", `there is no field ${shown(name)}`);
    }
    return value as Values;
  };
  return {
    size,
    align,
    type,
    places,
    behind,
    members,
    holdsTrailing: behind !== undefined,
    read: reader(laid) as (view: DataView, at: number) => Out,
    write(view, at, given) {
      if (given === undefined) return;
      const value = check(given);
      for (const each of places) {
        if (each === behind) continue; // its value is read once, by bytesBehind()
        if (each.field.tag === undefined) writeField(view, at, each, heldBy(value, each.name));
      }
      writeUnions(view, at, places, value);
    },
    bytesBehind(given) {
      if (behind === undefined || given === undefined) return undefined;
      const held = heldBy(check(given), behind.name);
      return held === undefined
        ? undefined
        : within(behind.name, () => behind.field.bytes!(held as never));
    },
  };
}

const inherited = Object.prototype as unknown as Values;

/**
 * The value of a field; undefined if it is absent. A view inherits its fields from its class. What
 * every object has, such as `toString`, is no field of it.
 */
function heldBy(value: Values, name: string): unknown {
  if (Object.hasOwn(value, name)) return value[name];
  const held = name === "__proto__" ? undefined : value[name];
  return held === inherited[name] ? undefined : held;
}

function writeField(
  view: DataView,
  at: number,
  { name, offset, field }: Place,
  held: unknown,
): void {
  if (held !== undefined) within(name, () => field.write(view, at + offset, held as never));
}

/** Writes the unions, and the tags that are absent; a tag that is given must select the variant. */
function writeUnions(view: DataView, at: number, places: readonly Place[], value: Values): void {
  const written = new Set<string>();
  for (const each of places) {
    const { name, field } = each;
    const held = field.tag === undefined ? undefined : heldBy(value, name);
    if (held === undefined) continue;
    writeField(view, at, each, held);
    const place = places.find((other) => other.name === field.tag)!;
    if (written.has(place.name) || heldBy(value, place.name) !== undefined) {
      const tag = within(place.name, () => place.field.read(view, at + place.offset));
      within(name, () => field.checkTag!(held as never, tag));
    } else {
      writeField(
        view,
        at,
        place,
        within(name, () => field.tagFor!(held as never)),
      );
      written.add(place.name);
    }
  }
}

/**
 * Reads all fields into a plain object. Numbers are read in the loop itself: a call of a function
 * for each costs more than the reading.
 */
function reader({ places: all }: Places): (view: DataView, at: number) => Values {
  const names = all.map(({ name }) => name);
  const ops = Uint8Array.from(all, ({ field }) => field.op ?? 0);
  const offsets = Int32Array.from(all, ({ offset }) => offset);
  const tagged = all.filter(({ field }) => field.tag !== undefined);
  const hasProto = names.includes("__proto__");
  return (view, at) => {
    const values: Values = {};
    if (hasProto) defineProto(values); // assigning it would set the prototype
    for (let i = 0; i < ops.length; i++) {
      const place = at + offsets[i]!;
      let value: unknown;
      switch (ops[i]) {
        case Op.u8:
          value = view.getUint8(place);
          break;
        case Op.i8:
          value = view.getInt8(place);
          break;
        case Op.u16:
          value = view.getUint16(place, true);
          break;
        case Op.i16:
          value = view.getInt16(place, true);
          break;
        case Op.u32:
          value = view.getUint32(place, true);
          break;
        case Op.i32:
          value = view.getInt32(place, true);
          break;
        case Op.u64:
          value = view.getBigUint64(place, true);
          break;
        case Op.i64:
          value = view.getBigInt64(place, true);
          break;
        default:
          value = readField(view, place, all[i]!);
      }
      values[names[i]!] = value;
    }
    for (const { name, offset, field } of tagged) {
      values[name] = within(name, () => field.read(view, at + offset, values[field.tag!]));
    }
    return values;
  };
}

/** A union waits for its tag, which may stand behind it. */
function readField(view: DataView, at: number, { name, field }: Place): unknown {
  if (field.tag !== undefined) return undefined;
  try {
    return field.read(view, at);
  } catch (error) {
    throw inside(name, error);
  }
}

function defineProto(values: Values): void {
  Object.defineProperty(values, "__proto__", {
    value: undefined,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
