import { fieldsOf, type ImsgError } from "../module/error.ts";
import type { Abi } from "./abi.ts";
import {
  type AnyField,
  type Member,
  misdescribed,
  type Resolved,
  separated,
  shown,
} from "./field.ts";

/** The fields of a structure, in C's order. */
export type Fields = Readonly<Record<string, AnyField>>;

/** A field with its place in the structure. */
export interface Place {
  readonly name: string;
  readonly offset: number;
  readonly field: Resolved<unknown, never>;
}

/** Where the fields of a structure are. */
export interface Places {
  readonly size: number;
  readonly align: number;
  /** All fields. */
  readonly places: readonly Place[];
  /** The last field, if it stands behind the structure. */
  readonly behind: Place | undefined;
  readonly members: readonly Member[];
}

const up = (at: number, align: number): number => Math.ceil(at / align) * align;

/** Lays fields out by the rules of the C ABI. Throws EINVAL for fields that C cannot have. */
export function place(fields: Fields, abi: Abi): Places {
  const places: Place[] = [];
  let behind: Place | undefined;
  let [end, align] = [0, 1];
  for (const [name, each] of Object.entries(fields)) {
    checkField(name, each);
    const field = each.resolve(abi);
    if (behind !== undefined || field.holdsTrailing) throw misplaced(behind?.name ?? name);
    checkTag(fields, name, field.tag);
    align = Math.max(align, field.align);
    const offset = up(end, field.align);
    if (field.trailing) behind = { name, offset, field };
    else places.push({ name, offset, field });
    end = offset + field.size;
  }
  const size = up(end, align);
  if (behind !== undefined) {
    behind = { ...behind, offset: size };
    places.push(behind);
  }
  return { size, align, places, behind, members: places.flatMap(membersOf) };
}

function checkField(name: string, field: AnyField): void {
  if (/^(0|[1-9]\d*)$/.test(name)) {
    throw misdescribed(`a field is named ${name}, and JavaScript moves numbers to the front`);
  }
  if (typeof fieldsOf(field).resolve === "function") return;
  throw misdescribed(`${name}: ${shown(field)} is no field`);
}

function misplaced(name: string): ImsgError {
  return misdescribed(`${name}: trailing data is the last field of the outermost structure`);
}

function checkTag(fields: Fields, name: string, tag: string | undefined): void {
  if (tag === undefined || Object.hasOwn(fields, tag)) return;
  throw misdescribed(`${name}: there is no field ${tag}, which selects its variant`);
}

/** A field's own member, and those inside it. */
function membersOf({ name, offset, field }: Place): Member[] {
  const prefix = field.anonymous ? "" : name;
  const inside = (field.members ?? []).map((member) => ({
    ...member,
    path: prefix === "" ? member.path : prefix + separated(member.path),
    offset: offset + member.offset,
  }));
  if (field.anonymous) return inside;
  const { size, type } = field;
  const trailing = field.trailing === true ? { trailing: true } : {};
  return [{ path: name, offset, size, type, ...trailing }, ...inside];
}
