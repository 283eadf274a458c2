import { fieldsOf, ImsgError, isObject } from "../module/error.ts";
import type { Abi, AbiName } from "./abi.ts";
import { asImsgError, payloadBytes } from "./arguments.ts";
import { type Member, misdescribed, shown } from "./field.ts";
import { type BytesIn, decoder, toBytes } from "./texts.ts";

/**
 * Turns a message's payload into a value and back. Every object with these two methods is one:
 * a layout of {@link struct}, and the coders of `micro-packed`, `typed-binary`, protobuf or JSON.
 */
export interface Payload<Out, In = Out> {
  /** Returns the bytes of a value. The channel copies them before `send` returns. */
  encode(value: In): Uint8Array;
  /** Returns the value of a payload. The bytes belong to the message. */
  decode(bytes: Uint8Array): Out;
  /** The same payload as another ABI lays it out; absent if the ABI does not matter. */
  under?(abi: AbiName | Abi): Payload<Out, In>;
  /** Describes the payload for people, one field a line. */
  describe?(): string;
  /** The members of a structure with their places; absent if the payload is no structure. */
  readonly members?: readonly Member[] | undefined;
}

/** Any payload, whatever its values are. */
export type AnyPayload = Payload<unknown, never>;

/** The value to which a payload decodes. */
export type Decoded<P> = P extends Payload<infer Out, never> ? Out : never;

/** The values that a payload encodes. */
export type Encodable<P> = P extends Payload<unknown, infer In> ? In : never;

const NOTHING = new Uint8Array(0);

/** A message without a payload. Decoding throws EBADMSG if there are bytes. */
export const empty: Payload<undefined, undefined> = {
  encode(value: unknown) {
    const isNothing = value === undefined || (isObject(value) && Object.keys(value).length === 0);
    if (isNothing) return NOTHING;
    throw new ImsgError("EINVAL", {
      detail: `${shown(value)} is given, and this message has no payload`,
    });
  },
  decode(bytes) {
    const { length } = payloadBytes(bytes);
    if (length === 0) return undefined;
    const detail = `the payload has ${length} bytes, and this message has none`;
    throw new ImsgError("EBADMSG", { detail });
  },
  describe: () => "no payload",
};

/** A payload that a message may leave out: undefined stands for no bytes, both ways. */
export function optional<Out, In>(
  payload: Payload<Out, In>,
): Payload<Out | undefined, In | undefined> {
  if (typeof fieldsOf(payload).encode !== "function" || typeof payload.decode !== "function") {
    throw misdescribed(`${shown(payload)} is no object with encode and decode`);
  }
  return {
    encode: (value) => (value === undefined ? NOTHING : payload.encode(value)),
    decode: (bytes) => (payloadBytes(bytes).length === 0 ? undefined : payload.decode(bytes)),
    under: (abi) => optional(payload.under?.(abi) ?? payload),
    describe: () => payload.describe?.() ?? "a value",
    ...(payload.members && { members: payload.members }),
  };
}

/** A payload of any bytes, or of hexadecimal digits. Decoding returns the message's own array. */
export const raw: Payload<Uint8Array, BytesIn | undefined> = {
  encode: (value = NOTHING) => asImsgError(() => toBytes(value)),
  decode(bytes) {
    payloadBytes(bytes);
    return bytes;
  },
  describe: () => "any bytes",
};

const encoder = /* @__PURE__ */ new TextEncoder();

/** A payload that is one JSON document in UTF-8. The caller vouches for its type `T`. */
export function json<T>(): Payload<T> {
  return {
    encode(value) {
      let text: string | undefined;
      let cause: unknown;
      try {
        text = JSON.stringify(value);
      } catch (error) {
        cause = error; // of a bigint, of a cycle, or of the caller's toJSON
      }
      if (text !== undefined) return encoder.encode(text);
      throw new ImsgError("EINVAL", { detail: `JSON has no form for ${shown(value)}`, cause });
    },
    decode(bytes) {
      const plain = payloadBytes(bytes);
      try {
        return JSON.parse(decoder.decode(plain).replace(/^\ufeff/, "")) as T;
      } catch (cause) {
        const detail = `the payload is no JSON: ${(cause as Error).message}`;
        throw new ImsgError("EBADMSG", { detail, cause });
      }
    },
    describe: () => "a JSON document",
  };
}

/**
 * A payload that is one string in UTF-8 with a NUL behind it, as C programs send paths and names.
 * Decoding returns the text before the first NUL, or all of it if there is none.
 */
export const cString: Payload<string, string | undefined> = {
  encode(value = "") {
    if (typeof value !== "string") {
      throw new ImsgError("EINVAL", { detail: `${shown(value)} is no string` });
    }
    if (!value.includes("\0")) return encoder.encode(`${value}\0`);
    throw new ImsgError("EINVAL", { detail: "the string contains a NUL" });
  },
  decode(bytes) {
    const plain = payloadBytes(bytes);
    const end = plain.indexOf(0);
    return decoder.decode(end === -1 ? plain : plain.subarray(0, end));
  },
  describe: () => "a string with a NUL behind it",
};
