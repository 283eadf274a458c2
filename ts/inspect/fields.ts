import type { ImsgMessage } from "../entry/index.ts";
import type { AnyPayload, Direction } from "../entry/protocol.ts";
import type { AnyProtocol } from "./protocols.ts";

/** A payload that a protocol has decoded, and the description that decoded it, or the error. */
export type Fields =
  | { readonly payload: unknown; readonly by: AnyPayload }
  | { readonly problem: string };

/** The parts of a message that decide how its payload is read. */
interface Readable {
  readonly type: number;
  readonly data: Uint8Array;
  readonly direction?: Direction;
}

/**
 * Returns a function that decodes payloads by a protocol, in the message's direction, or else in
 * `usual`. Without a direction, it tries the daemon's description first, then the client's. It
 * returns undefined for messages that the protocol does not describe.
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
    let problem: string | undefined;
    for (const way of direction ? [direction] : (["receive", "send"] as const)) {
      const by = definition![way];
      if (by === undefined) continue;
      try {
        return { payload: protocol.decode(message as unknown as ImsgMessage, way).payload, by };
      } catch (error) {
        problem ??= error instanceof Error ? error.message : String(error);
      }
    }
    return problem === undefined ? undefined : { problem };
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns bytes as hexadecimal digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** A replacer for JSON.stringify: bytes become hex, 64-bit numbers strings where JSON's are not exact. */
export function forJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
