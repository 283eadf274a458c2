import type { ImsgMessage } from "../entry/index.ts";
import type { Direction } from "../entry/protocol.ts";
import type { AnyProtocol } from "./protocols.ts";
import { messageOf, printable } from "./status.ts";

/** A payload as a protocol reads it, or why it cannot. */
export type Fields = { readonly payload: unknown } | { readonly problem: string };

/** What of a message decides how it is read. */
interface Readable {
  readonly type: number;
  readonly data: Uint8Array;
  readonly direction?: Direction;
}

/**
 * Decodes payloads by a protocol, as those of the message's direction, or else of `usual`. Where no
 * direction is known, that of the daemon is tried first. Undefined for messages without a description.
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

/** A decoded value for JSON: bytes are hex, and 64-bit numbers strings where JSON's are not exact. */
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

/** A decoded value as lines of text, indented by its nesting; what is zero is left out. */
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
