import { arrayLength, zeros } from "./arguments.ts";
import { readAll, writeAll } from "./elements.ts";
import {
  type Field,
  FieldError,
  misdescribed,
  type Resolved,
  resolveInside,
  shown,
  within,
} from "./field.ts";
import { type Octet, u8 } from "./numbers.ts";
import { type BytesIn, bytesAt, decoder, toBytes } from "./texts.ts";

const encoder = /* @__PURE__ */ new TextEncoder();

function behind<Out, In>(
  type: string,
  from: (bytes: Uint8Array) => Out,
  to: (value: In) => Uint8Array,
): Resolved<Out, In> {
  return {
    size: 0,
    align: 1,
    type,
    trailing: true,
    read: (view, at) => from(bytesAt(view, at, view.byteLength - at)),
    // the structure places the bytes, since their number decides its length
    write() {},
    bytes: to,
  };
}

/**
 * The bytes behind a structure, up to the end of the payload. Only a structure's last field may be
 * trailing. It begins behind the padding, as in `sizeof`. `trailing(u8)` decodes to a copy of the bytes, any
 * other field to an array; decoding throws EBADMSG where the bytes are no whole number of elements.
 */
export function trailing(field: Octet): Field<Uint8Array, BytesIn>;
export function trailing<Out, In>(field: Field<Out, In>): Field<Out[], readonly In[]>;
export function trailing<Out, In>(
  field: Field<Out, In>,
): Field<Uint8Array | Out[], BytesIn & readonly In[]> {
  if ((field as unknown) === u8) {
    const rest = behind("u8[…]", (bytes) => bytes.slice(), toBytes);
    return {
      resolve: () => rest as unknown as Resolved<Uint8Array | Out[], BytesIn & readonly In[]>,
    };
  }
  return {
    resolve(abi) {
      const inner = resolveInside(field, abi);
      if (inner.size === 0) {
        throw misdescribed(
          `${inner.type} has no bytes, so that the length of a payload cannot say how many trail`,
        );
      }
      const from = (all: Uint8Array): Out[] => {
        if (all.length % inner.size !== 0) {
          const detail = `${all.length} bytes are no whole number of ${inner.size}-byte elements`;
          throw new FieldError("EBADMSG", detail);
        }
        const view = new DataView(all.buffer, all.byteOffset, all.length);
        return readAll(inner, view, 0, all.length / inner.size);
      };
      const to = (value: readonly In[]): Uint8Array => {
        const length = arrayLength(value);
        const all = zeros(length * inner.size);
        const view = new DataView(all.buffer);
        writeAll(inner, view, 0, value, length);
        return all;
      };
      return behind(`${inner.type}[…]`, from, to);
    },
  };
}

function terminated(value: string): Uint8Array {
  if (typeof value !== "string") throw new FieldError("EINVAL", `${shown(value)} is no string`);
  if (value.includes("\0")) throw new FieldError("EINVAL", "the string contains a NUL");
  return encoder.encode(`${value}\0`);
}

/** A string and its NUL behind a structure, such as a path; decodes to the text before the NUL. */
export const trailingString: Field<string> = {
  resolve: () =>
    behind(
      "string",
      (bytes) => {
        const end = bytes.indexOf(0);
        return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
      },
      terminated,
    ),
};

/** Strings behind a structure, each with its NUL, such as the arguments of a command. */
export const trailingStrings: Field<string[], readonly string[]> = {
  resolve: () =>
    behind(
      "strings",
      (bytes) => {
        const texts = decoder.decode(bytes).split("\0");
        // every string has a NUL behind it, so the text behind the last NUL is empty
        if (texts.at(-1) === "") texts.pop();
        return texts;
      },
      (value: readonly string[]) => {
        const all = Array.from({ length: arrayLength(value) }, (_, i) =>
          within(i, () => terminated(value[i]!)),
        );
        const joined = new Uint8Array(all.reduce((sum, each) => sum + each.length, 0));
        let at = 0;
        for (const each of all) {
          joined.set(each, at);
          at += each.length;
        }
        return joined;
      },
    ),
};
