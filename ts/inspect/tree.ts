// The decoded fields of a payload with the bytes that each one takes.

import type { AnyPayload, Member } from "../entry/protocol.ts";
import { forJson } from "./fields.ts";

/** A field of a message, with the bytes that hold it. */
export interface FieldNode {
  /** Its name; of an element of an array, its index. */
  readonly name: string;
  /** Its type in C, or the protocol's description of it; empty if unknown. */
  readonly type: string;
  /** Bytes from the start of the payload. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Its value as text; absent for a field with fields inside. */
  readonly value?: string;
  /** The fields inside. */
  readonly children: readonly FieldNode[];
}

/** Members by the parts of their paths. */
interface Branch {
  member?: Member;
  readonly inside: Map<string, Branch>;
}

/** The place of a value. Inside an array it is shifted from the place of the array's first element. */
interface Place {
  readonly name: string;
  readonly branch: Branch | undefined;
  /** Bytes to add to the offsets of members. */
  readonly shift: number;
  /** The bytes of a field that has no place of its own. */
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}

function branches(members: readonly Member[]): Branch {
  const root: Branch = { inside: new Map() };
  for (const member of members) {
    let at = root;
    for (const part of member.path.match(/\[0\]|[^.[]+/g) ?? []) {
      let next = at.inside.get(part);
      if (next === undefined) {
        next = { inside: new Map() };
        at.inside.set(part, next);
      }
      at = next;
    }
    at.member = member;
  }
  return root;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !(value instanceof Uint8Array) &&
  !Array.isArray(value);

const textOf = (value: unknown): string => {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  const plain = forJson("", value);
  return typeof plain === "object" ? JSON.stringify(plain, forJson) : String(plain);
};

/** The type of an array's elements: `u32` of `u32[8]` and of `u32[…]`; undefined for no array. */
const elementType = (type: string, length: number): string | undefined => {
  const [, inner, count] = /^(.*)\[(\d+|…)\]$/.exec(type) ?? [];
  return count === "…" || Number(count) === length ? inner : undefined;
};

function fieldNode(place: Place, value: unknown): FieldNode {
  const { name, branch, offset, size, type } = place;
  const node = { name, type, offset, size };
  if (isObject(value)) return { ...node, children: childNodes(place, value) };
  const element = Array.isArray(value) ? elementType(type, value.length) : undefined;
  if (!Array.isArray(value) || element === undefined) {
    return { ...node, value: textOf(value), children: [] };
  }
  const stride = size / value.length;
  const inner = branch?.inside.get("[0]");
  const children = value.map((each, i) =>
    fieldNode(
      {
        name: `[${i}]`,
        branch: inner,
        shift: place.shift + i * stride,
        offset: offset + i * stride,
        size: stride,
        type: element,
      },
      each,
    ),
  );
  return { ...node, children };
}

function childNodes(place: Place, values: Record<string, unknown>): FieldNode[] {
  const known = place.branch?.inside;
  return Object.entries(values).map(([name, value]) => {
    const branch = known?.get(name);
    if (branch !== undefined) return fieldNode(memberPlace(name, branch, place), value);
    // the members of an anonymous union belong to the structure around it
    const [variant, ...others] = isObject(value) ? Object.keys(value) : [];
    const found = variant === undefined || others.length > 0 ? undefined : known?.get(variant);
    if (found === undefined)
      return fieldNode({ ...place, name, branch: undefined, type: "" }, value);
    const held = (value as Record<string, unknown>)[variant!];
    return fieldNode(memberPlace(variant!, found, place), held);
  });
}

function memberPlace(name: string, branch: Branch, around: Place): Place {
  const { member } = branch;
  if (member === undefined) return { ...around, name, branch, type: "" };
  const offset = around.shift + member.offset;
  // trailing data ends with the payload
  const size = member.trailing ? around.offset + around.size - offset : member.size;
  return { name, branch, shift: around.shift, offset, size, type: member.type };
}

/**
 * Returns the fields of a decoded payload of `length` bytes. Fields of a structure have the bytes
 * that a C compiler assigns them; those of any other payload have all of its bytes.
 */
export function fieldTree(payload: unknown, by: AnyPayload, length: number): readonly FieldNode[] {
  if (payload === undefined) return [];
  const branch = by.members === undefined ? undefined : branches(by.members);
  const type = by.describe?.().split("\n")[0] ?? "";
  const whole: Place = { name: "payload", branch, shift: 0, offset: 0, size: length, type };
  if (!isObject(payload)) return [fieldNode({ ...whole, type }, payload)];
  return childNodes(whole, payload);
}

/** Returns the fields that hold a byte, from the outermost to the innermost one. */
export function fieldsAt(fields: readonly FieldNode[], offset: number): FieldNode[] {
  const path: FieldNode[] = [];
  let level = fields;
  for (;;) {
    const found = level.find((each) => offset >= each.offset && offset < each.offset + each.size);
    if (found === undefined) return path;
    path.push(found);
    level = found.children;
  }
}
