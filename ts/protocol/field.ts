import type { ErrnoName } from "../module/errno.ts";
import { fieldsOf, ImsgError, isObject } from "../module/error.ts";
import type { Abi } from "./abi.ts";

/** How the loop of a structure reads a field without a call of a function. */
export const Op = {
  call: 0,
  u8: 1,
  u16: 2,
  u32: 3,
  i32: 4,
  u64: 5,
  i64: 6,
  i8: 7,
  i16: 8,
} as const;

/** One of the values of {@link Op}. */
export type Op = (typeof Op)[keyof typeof Op];

/** A field with its place in a structure, as C's offsetof and sizeof see it. */
export interface Member {
  /** C's member designator, such as `conf.remote_addr.aid` or `counters[0].sent`. */
  readonly path: string;
  /** Bytes from the start of the outermost structure. */
  readonly offset: number;
  /** Bytes; 0 for trailing data. */
  readonly size: number;
  /** Whether the field follows the structure and has any length. */
  readonly trailing?: boolean | undefined;
  /** The field's type as a reader of C would write it. */
  readonly type: string;
}

/** A field whose size and alignment are known, because the ABI is. */
export interface Resolved<Out, In = Out> {
  /** Bytes, with padding at the end. */
  readonly size: number;
  /** Bytes. */
  readonly align: number;
  /** The field's type as a reader of C would write it: `u32`, `char[64]`, `struct peer_config`. */
  readonly type: string;
  /**
   * How the loop of a structure reads it; absent if by read().
   * @internal
   */
  readonly op?: Op | undefined;
  /** Whether the field is an integer with a sign. */
  readonly signed?: boolean | undefined;
  /** Reads the field at a byte offset. `tag` is the value of the field that selects a union's variant. */
  read(view: DataView, at: number, tag?: unknown): Out;
  /** Writes the field. The bytes are zero before. Throws a FieldError. */
  write(view: DataView, at: number, value: In): void;
  /** The members inside, with offsets from the field's own start. */
  readonly members?: readonly Member[] | undefined;
  /** Members inside are named as if they belonged to the structure around the field. */
  readonly anonymous?: boolean | undefined;
  /** The field of the same structure that selects a union's variant. */
  readonly tag?: string | undefined;
  /** The tag that belongs to a union's value. */
  tagFor?(value: In): unknown;
  /** Throws a FieldError if the tag selects another variant than that of a union's value. */
  checkTag?(value: In, tag: unknown): void;
  /** Whether the field stands behind the structure and has any length. */
  readonly trailing?: boolean | undefined;
  /** Whether the last field of the structure stands behind it, so that no other one can hold it. */
  readonly holdsTrailing?: boolean | undefined;
  /** The bytes of a trailing field's value. */
  bytes?(value: In): Uint8Array;
}

/** A field of a C structure, of which each ABI makes a {@link Resolved} one. */
export interface Field<Out, In = Out> {
  /** Computes size and alignment under an ABI. */
  resolve(abi: Abi): Resolved<Out, In>;
}

/** Any field, whatever its values are. */
export type AnyField = Field<unknown, never>;

/** The value to which a field decodes. */
export type FieldOut<F> = F extends Field<infer Out, never> ? Out : never;

/** The values that a field encodes. */
export type FieldIn<F> = F extends Field<unknown, infer In> ? In : never;

/** A value that a field cannot hold; every structure around it adds its name to the path. */
export class FieldError extends Error {
  /** The names from the outermost structure on. */
  readonly path: string[] = [];
  /** EINVAL for a wrong kind of value, ERANGE for one that does not fit. */
  readonly code: ErrnoName;

  /**
   * An error that names its field once the structures around it have added their names.
   * @param code EINVAL or ERANGE
   * @param detail the value and what fits
   */
  constructor(code: ErrnoName, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The characters of a string that an error message shows. */
const SHOWN = 100;

/** A value in an error message. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    return value.length <= SHOWN
      ? JSON.stringify(value)
      : `${JSON.stringify(value.slice(0, SHOWN))}… (${value.length} characters)`;
  }
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return isArray(value) ? "an array" : "an object";
  return String(value);
}

/** Whether a value is an array. A revoked proxy is none. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** The text of an error for a name that is none of the known ones. */
export const noneOf = (name: unknown, known: object): string =>
  `${shown(name)} is none of ${Object.keys(known).join(", ")}`;

/** Adds a name to the path of an error that a value inside caused, and returns the error. */
export function inside(name: string | number, error: unknown): unknown {
  if (error instanceof FieldError) error.path.unshift(String(name));
  return error;
}

/** Runs a function, whose error gets a name in its path. */
export function within<T>(name: string | number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw inside(name, error);
  }
}

/** The error of a description that C cannot have, or that has no meaning. */
export const misdescribed = (detail: string): ImsgError => new ImsgError("EINVAL", { detail });

/** Refuses a description's table of names, such as the fields of a structure, that is no object. */
export function checkNames(names: unknown, what: string): void {
  if (isObject(names)) return;
  throw misdescribed(`${what} an object, not ${shown(names)}`);
}

/** Refuses a number of elements or bytes that is no integer from `least` to 2147483647. */
export function checkLength(length: unknown, least: 0 | 1): void {
  if (Number.isInteger(length) && (length as number) >= least && (length as number) < 2 ** 31) {
    return;
  }
  throw misdescribed(`a length is an integer from ${least} to 2147483647, not ${shown(length)}`);
}

/** Resolves a field under an ABI. Throws EINVAL for a value that is no field. */
export function resolveField<Out, In>(field: Field<Out, In>, abi: Abi): Resolved<Out, In> {
  if (typeof fieldsOf(field).resolve === "function") return field.resolve(abi);
  throw misdescribed(`${shown(field)} is no field`);
}

/** Resolves a field that stands inside an array or a union, where no data can trail. */
export function resolveInside<Out, In>(field: Field<Out, In>, abi: Abi): Resolved<Out, In> {
  const inner = resolveField(field, abi);
  if (!inner.trailing && !inner.holdsTrailing) return inner;
  throw misdescribed(`${inner.type}: trailing data is the last field of the outermost structure`);
}

/** The path of an inner member, behind the name of the field that holds it. */
export const separated = (path: string): string => (path.startsWith("[") ? path : `.${path}`);
