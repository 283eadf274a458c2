// A message taken apart: its fields, and which field each byte belongs to.

import { fieldsBy } from "../../ts/inspect/fields.ts";
import { HEADER_SIZE } from "../../ts/inspect/position.ts";
import type { AnyProtocol } from "../../ts/inspect/protocols.ts";
import { type FieldNode, fieldsAt, fieldTree } from "../../ts/inspect/tree.ts";
import type { Entry } from "./analysis.ts";

/** Offsets of all fields are from the start of the message, header included. */
export interface Anatomy {
  readonly entry: Entry;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fields: readonly FieldNode[];
  /** The decoded payload, if a protocol describes it. */
  readonly payload: unknown;
  /** Whether a protocol describes the payload. */
  readonly described: boolean;
  /** Why the protocol's description does not fit. */
  readonly problem: string | undefined;
  /** For each byte the colour of its field: a name of {@link KINDS}. */
  readonly kinds: Uint8Array;
}

/** The colours of bytes; fields of the payload take turns in two. */
export const KINDS = ["padding", "even", "odd", "type", "len", "peerid", "pid"] as const;

const moved = (field: FieldNode, by: number): FieldNode => ({
  ...field,
  offset: field.offset + by,
  children: field.children.map((child) => moved(child, by)),
});

function headerField(entry: Entry): FieldNode {
  const { type, length, peerid, pid, hasFd } = entry;
  const values = [
    ["type", type],
    ["len", length],
    ["peerid", peerid],
    ["pid", pid],
  ] as const;
  const children = values.map(([name, value], i) => ({
    name,
    type: "u32",
    offset: 4 * i,
    size: 4,
    value: name === "len" && hasFd ? `${value}, with a descriptor` : String(value),
    children: [],
  }));
  return { name: "header", type: "struct imsg_hdr", offset: 0, size: HEADER_SIZE, children };
}

/** Whether a field is an array of values without fields inside, which is shown in one row. */
export const isPlainArray = ({ children }: FieldNode): boolean =>
  children.length > 0 &&
  children.every(({ name, children: inside }) => name.startsWith("[") && inside.length === 0);

/** Returns a field's value as text; that of an array has all values, and a structure has none. */
export const shownValue = (field: FieldNode): string =>
  isPlainArray(field) ? field.children.map(({ value }) => value).join(" ") : (field.value ?? "");

function kindsOf(length: number, fields: readonly FieldNode[]): Uint8Array {
  const kinds = new Uint8Array(length);
  let n = 0;
  const color = (all: readonly FieldNode[]): void => {
    for (const each of all) {
      const { children, offset, size } = each;
      if (children.length > 0 && !isPlainArray(each)) color(children);
      else kinds.fill((n++ % 2) + 1, offset, offset + size);
    }
  };
  color(fields.slice(1));
  for (let i = 0; i < 4; i++) kinds.fill(3 + i, 4 * i, 4 * i + 4);
  return kinds;
}

/** Takes a message apart. Without a description, the payload is one field of bytes. */
export function anatomyOf(entry: Entry, protocol: AnyProtocol | undefined): Anatomy {
  const { bytes, length, type, direction } = entry;
  const data = bytes.subarray(HEADER_SIZE);
  const whole = bytes.length === length;
  const message = { type, data, ...(direction !== undefined && { direction }) };
  const read = whole && protocol !== undefined ? fieldsBy(protocol)(message) : undefined;
  const described = read !== undefined && "payload" in read;
  const fields = [headerField(entry)];
  if (described) {
    const tree = fieldTree(read.payload, read.by, data.length);
    fields.push(...tree.map((field) => moved(field, HEADER_SIZE)));
  } else if (data.length > 0) {
    const value = `${data.length} bytes`;
    const place = { offset: HEADER_SIZE, size: data.length };
    fields.push({ name: "payload", type: "bytes", ...place, value, children: [] });
  }
  return {
    entry,
    bytes,
    fields,
    described,
    payload: described ? read.payload : undefined,
    problem: read !== undefined && "problem" in read ? read.problem : undefined,
    kinds: kindsOf(bytes.length, fields),
  };
}

/** The bytes that are lit, and the fields around them from the outermost to the innermost. */
export interface Light {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  /** The byte that is pointed at; undefined if a field is. */
  readonly byte: number | undefined;
  readonly path: readonly FieldNode[];
}

/** Returns the light of a byte: the innermost field around it, or the byte alone in padding. */
export function lightOfByte({ fields }: Anatomy, byte: number): Light {
  const path = fieldsAt(fields, byte);
  const field = path.at(-1);
  if (field === undefined || field.children.length > 0) {
    return { start: byte, end: byte + 1, byte, path };
  }
  return { start: field.offset, end: field.offset + field.size, byte, path };
}

/** Returns the light of a field: its bytes. */
export function lightOfField(path: readonly FieldNode[]): Light {
  const { offset, size } = path.at(-1)!;
  return { start: offset, end: offset + size, byte: undefined, path };
}

/** The path of a field as C writes it, such as `conf.remote_addr`. */
export function nameOf(path: readonly FieldNode[]): string {
  let name = "";
  for (const { name: each } of path) {
    name += name === "" || each.startsWith("[") ? each : `.${each}`;
  }
  return name;
}
