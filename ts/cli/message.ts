import type { MessageInit } from "../entry/index.ts";
import { HEADER_SIZE } from "../inspect/position.ts";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { messageOf, UsageError } from "./status.ts";
import type { TypeNames } from "./values.ts";

/** Fields that `--json` prints and that sending ignores, so that its output can be sent again. */
const IGNORED = new Set(["n", "offset", "name", "fd", "time", "connection", "from", "problem"]);
const NUMBERS = ["peerid", "pid"] as const;
const PAYLOADS = ["data", "text", "base64"] as const;
/** The decoded fields of the payload. Bytes beside them have precedence. */
const FIELDS = "payload";
/** The fields of a message to send. */
export const MESSAGE_FIELDS: readonly string[] = ["type", "len", ...NUMBERS, ...PAYLOADS, FIELDS];
/** The short form of a message: its type, and the fields of its payload. */
const SHORT = /^\s*([\w.-]+)\s*(\{.*)?$/s;

/**
 * Reads a message to send: a JSON object with `type` (a number, or a name of
 * --type), `peerid` and `pid` (0 if absent; pid 0 is the sender's own), and at
 * most one of `data` (hex), `text` (UTF-8) and `base64`. With a protocol, `payload`
 * holds the fields of the payload: an absent field is zero, and an absent `payload` has zero fields
 * only. A `len` must agree. `TYPE` and `TYPE {FIELDS}` are short for an object with that `type` and
 * `payload`. Throws a {@link UsageError} for anything else.
 */
export function parseMessage(text: string, names: TypeNames, protocol?: AnyProtocol): MessageInit {
  const [, type, payload] = SHORT.exec(text) ?? [];
  const fields =
    type === undefined
      ? objectIn(text)
      : { type: names.parse(type), ...(payload && { [FIELDS]: objectIn(payload) }) };
  for (const name of Object.keys(fields)) {
    if (!MESSAGE_FIELDS.includes(name) && !IGNORED.has(name)) {
      const all = MESSAGE_FIELDS.join(", ");
      throw new UsageError(`"${name}" is no field of a message: the fields are ${all}`);
    }
  }
  const message: MessageInit = { type: typeOf(fields.type, names) };
  for (const name of NUMBERS) {
    if (fields[name] !== undefined) message[name] = u32(fields[name], name);
  }
  if (protocol !== undefined && message.peerid === undefined) message.peerid = protocol.peerid;
  const data = payloadOf(fields) ?? encoded(fields[FIELDS], message.type, protocol);
  if (data !== undefined) message.data = data;
  const length = HEADER_SIZE + (data?.length ?? 0);
  if (fields.len !== undefined && fields.len !== length) {
    throw new UsageError(`"len" is ${JSON.stringify(fields.len)}, but the message has ${length}`);
  }
  return message;
}

function objectIn(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(`not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError('a message is a JSON object such as {"type":13}');
  }
  return value as Record<string, unknown>;
}

/** The payload that a protocol encodes from its fields; undefined for a message without fields. */
function encoded(
  value: unknown,
  type: number,
  protocol: AnyProtocol | undefined,
): Uint8Array | undefined {
  const name = protocol?.nameOf(type);
  if (value === undefined && (name === undefined || protocol!.messages[name]!.send === undefined)) {
    return undefined;
  }
  if (protocol === undefined) throw new UsageError('"payload" needs --protocol');
  if (name === undefined) throw new UsageError(`${protocol.name} has no message of type ${type}`);
  try {
    return protocol.encode(name, value);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function typeOf(value: unknown, names: TypeNames): number {
  if (value === undefined) throw new UsageError('a message needs a "type"');
  return typeof value === "string" ? names.parse(value) : u32(value, "type");
}

function u32(value: unknown, name: string): number {
  if (typeof value === "number" && value >>> 0 === value) return value;
  throw new UsageError(`"${name}" is a number from 0 to 4294967295, not ${JSON.stringify(value)}`);
}

function payloadOf(fields: Record<string, unknown>): Buffer | undefined {
  const [name, ...others] = PAYLOADS.filter((payload) => fields[payload] !== undefined);
  if (name === undefined) return undefined;
  if (others.length > 0) throw new UsageError(`"${name}" and "${others[0]}" exclude each other`);
  const value = fields[name];
  if (typeof value !== "string") throw new UsageError(`"${name}" is a string`);
  if (name === "text") return Buffer.from(value);
  if (name === "base64") {
    const bytes = Buffer.from(value, "base64");
    // Node skips characters that are no base64: encode the bytes again, and compare
    const plain = value.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
    if (bytes.toString("base64").replace(/=+$/, "") === plain) return bytes;
    throw new UsageError('"base64" is no base64');
  }
  const hex = value.replace(/\s+/g, "");
  if (/^([\da-f]{2})*$/i.test(hex)) return Buffer.from(hex, "hex");
  throw new UsageError('"data" is hex, two digits a byte (or give "text" or "base64")');
}
