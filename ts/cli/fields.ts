import type { ImsgMessage } from "../entry/index.ts";
import type { Direction } from "../entry/protocol.ts";
import type { AnyProtocol } from "./protocols.ts";
import { messageOf, printable } from "./status.ts";

/** A payload as a protocol reads it, or why it cannot. */
export type Fields = { readonly payload: unknown } | { readonly problem: string };

/** The parts of a message that decoding needs. */
interface Readable {
  readonly type: number;
  readonly data: Uint8Array;
  readonly direction?: Direction;
}

/**
 * Returns a decoder of payloads, which uses the direction of the message, or else `usual`. If
 * neither is known, it tries the payload that clients receive first. It returns undefined for
 * messages without a description.
 */
export function fieldsBy(
  protocol: AnyProtocol,
  usual?: Direction,
): (message: Readable) => Fields | undefined {
  return (message) => {
    const direction = message.direction ?? usual;
    const name = protocol.nameOf(message.type);
    if (name === undefined) return undefined;
    const { [name]: definition } = protocol.messages;
    const ways = (direction ? [direction] : (["receive", "send"] as const)).filter(
      (way) => definition![way] !== undefined,
    );
    let problem: string | undefined;
    for (const way of ways) {
      try {
        return { payload: protocol.decode(message as unknown as ImsgMessage, way).payload };
      } catch (error) {
        problem ??= messageOf(error);
      }
    }
    return problem === undefined ? undefined : { problem };
  };
}

/** Converts a decoded value for JSON: bytes to hex, bigints to exact numbers or else to strings. */
export function forJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const isEmpty = (value: unknown): boolean => {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  if (Array.isArray(value)) return value.every(isEmpty);
  if (typeof value === "object" && value !== null) return Object.values(value).every(isEmpty);
  return !value;
};

const scalar = (value: unknown): string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "string" ? printable(value, 500) : String(value);
};

/** Formats a decoded value as lines, indented by its nesting, without the fields that are zero. */
export function tree(value: unknown, margin: string): string {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) {
    return isEmpty(value) ? "" : `${margin}${scalar(value)}\n`;
  }
  let text = "";
  for (const [key, inner] of Object.entries(value)) {
    if (isEmpty(inner)) continue;
    const name = printable(key);
    const isScalar = typeof inner !== "object" || inner instanceof Uint8Array;
    const isFlat = Array.isArray(inner) && inner.every((each) => typeof each !== "object");
    if (isScalar) text += `${margin}${name}: ${scalar(inner)}\n`;
    else if (isFlat) text += `${margin}${name}: ${(inner as unknown[]).map(scalar).join(" ")}\n`;
    else text += `${margin}${name}:\n${tree(inner, `${margin}  `)}`;
  }
  return text;
}
