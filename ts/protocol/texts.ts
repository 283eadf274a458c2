import { plainBytes } from "./arguments.ts";
import { checkLength, type Field, FieldError, shown } from "./field.ts";
import { parseIPv4, parseIPv6, printIPv4, printIPv6 } from "./ip.ts";
import { fixedField } from "./numbers.ts";

const encoder = /* @__PURE__ */ new TextEncoder();
/** Keeps a byte order mark, which is part of the text. */
export const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** The bytes of a field, as a view. */
export function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function readText(view: DataView, at: number, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    const byte = view.getUint8(at + i);
    if (byte === 0) return text;
    // a decoder costs more than a short ASCII text
    if (byte > 127 || i === 64) {
      const all = bytesAt(view, at, length);
      const end = all.indexOf(0);
      return decoder.decode(end === -1 ? all : all.subarray(0, end));
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

function textField(length: number, hasNul: boolean): Field<string> {
  checkLength(length, 1);
  const room = hasNul ? length - 1 : length;
  return fixedField({
    size: length,
    align: 1,
    type: `char[${length}]${hasNul ? "" : ", no NUL"}`,
    read: (view, at) => readText(view, at, length),
    write(view, at, value) {
      if (typeof value !== "string") throw new FieldError("EINVAL", `${shown(value)} is no string`);
      if (value.includes("\0")) throw new FieldError("EINVAL", "the string contains a NUL");
      const bytes = encoder.encode(value);
      if (bytes.length > room) {
        throw new FieldError("ERANGE", `the string has ${bytes.length} bytes, ${room} fit`);
      }
      bytesAt(view, at, length).set(bytes);
    },
  });
}

/** `char[length]` with a string and its NUL: at most `length` - 1 bytes of UTF-8. */
export const chars = (length: number): Field<string> => textField(length, true);

/** `char[length]` that a string may fill without a NUL: at most `length` bytes of UTF-8. */
export const text = (length: number): Field<string> => textField(length, false);

/** The values that a field of bytes encodes: bytes, or a string of hexadecimal digits. */
export type BytesIn = Uint8Array | string;

const isHex = (value: string): boolean => value.length % 2 === 0 && /^[\da-f]*$/i.test(value);

/** Bytes, or the bytes that hexadecimal digits mean, two a byte. Throws a FieldError for other values. */
export function toBytes(value: BytesIn): Uint8Array<ArrayBuffer> {
  if (typeof value === "string" && isHex(value)) {
    return Uint8Array.from(value.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  }
  const bytes = plainBytes(value);
  if (bytes !== undefined) return bytes;
  throw new FieldError("EINVAL", `${shown(value)} is neither bytes nor hexadecimal digits`);
}

/** `uint8_t[length]`. Decodes to a copy. Encoding fills a shorter value with zeros. */
export function bytes(length: number): Field<Uint8Array, BytesIn> {
  checkLength(length, 0);
  return fixedField({
    size: length,
    align: 1,
    type: `u8[${length}]`,
    read: (view, at) => bytesAt(view, at, length).slice(),
    write(view, at, value) {
      const given = toBytes(value);
      if (given.length > length) {
        throw new FieldError("ERANGE", `${given.length} bytes are given, ${length} fit`);
      }
      bytesAt(view, at, length).set(given);
    },
  });
}

function addressField(
  type: string,
  size: number,
  align: number,
  print: (bytes: Uint8Array) => string,
  parse: (text: string) => Uint8Array | undefined,
): Field<string> {
  return fixedField({
    size,
    align,
    type,
    read: (view, at) => print(bytesAt(view, at, size)),
    write(view, at, value) {
      const parsed = typeof value === "string" ? parse(value) : undefined;
      if (parsed === undefined) throw new FieldError("EINVAL", `${shown(value)} is no ${type}`);
      bytesAt(view, at, size).set(parsed);
    },
  });
}

/** `struct in_addr`, as text such as `192.0.2.1`. */
export const inAddr = /* @__PURE__ */ addressField("in_addr", 4, 4, printIPv4, parseIPv4);
/** `struct in6_addr`, as text such as `2001:db8::1`. */
export const in6Addr = /* @__PURE__ */ addressField("in6_addr", 16, 4, printIPv6, parseIPv6);
