// Composing a message from the texts of the form. Nothing here needs the form itself.

import { type Dialect, ImsgCodec } from "../../ts/entry/index.ts";
import type { AnyPayload, Direction } from "../../ts/entry/protocol.ts";
import { forJson } from "../../ts/inspect/fields.ts";
import { HEADER_SIZE } from "../../ts/inspect/position.ts";
import type { AnyProtocol } from "../../ts/inspect/protocols.ts";
import { bytesOfText } from "./hextext.ts";

/** The form's fields, as they were typed. */
export interface ComposeState {
  /** A number, or a name of the protocol. */
  type: string;
  peerid: string;
  pid: string;
  /** `send` for a message that a client sends, `receive` for one that it receives. */
  way: string;
  /** How the payload is written: `fields`, `hex` or `text`. */
  as: string;
  payload: string;
}

/** An empty form. */
export const EMPTY: ComposeState = {
  type: "1",
  peerid: "0",
  pid: "0",
  way: "send",
  as: "hex",
  payload: "",
};

/** A field of the form that holds no good value; the message is in plain words. */
export class FormError extends Error {
  override name = "FormError";
  readonly field: keyof ComposeState;

  constructor(field: keyof ComposeState, message: string) {
    super(message);
    this.field = field;
  }
}

function uint32(text: string, field: keyof ComposeState): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >>> 0 === value) return value;
  const names = field === "type" ? ", or the name of a message of the protocol" : "";
  throw new FormError(field, `${field} is a number from 0 to 4294967295${names}, not “${text}”.`);
}

/** The number of a type that is written as a number or as a name. Throws a {@link FormError}. */
export function typeOf(text: string, protocol: AnyProtocol | undefined): number {
  const name = text.trim();
  const named = protocol !== undefined && Object.hasOwn(protocol.messages, name);
  return named ? protocol.messages[name]!.type : uint32(name, "type");
}

const directionOf = ({ way }: ComposeState): Direction => (way === "receive" ? "receive" : "send");

function payloadOf(
  state: ComposeState,
  type: number,
  protocol: AnyProtocol | undefined,
): Uint8Array {
  if (state.as === "text") return new TextEncoder().encode(state.payload);
  if (state.as !== "fields") {
    return state.payload.trim() === "" ? new Uint8Array(0) : bytesOfText(state.payload);
  }
  const name = protocol?.nameOf(type);
  if (protocol === undefined || name === undefined) {
    throw new FormError("payload", "Fields need a protocol that describes messages of this type.");
  }
  let value: unknown;
  try {
    value = state.payload.trim() === "" ? undefined : JSON.parse(state.payload);
  } catch (error) {
    throw new FormError("payload", `The fields are no JSON: ${(error as Error).message}.`);
  }
  return protocol.encode(name, value, directionOf(state));
}

/**
 * Returns the bytes of the form's message, framed by the original. Throws a {@link FormError},
 * TextError or ImsgError whose message names the fault.
 */
export function compose(
  state: ComposeState,
  protocol: AnyProtocol | undefined,
  { dialect, maxSize }: { dialect: Dialect; maxSize: number },
): Uint8Array<ArrayBuffer> {
  const type = typeOf(state.type, protocol);
  const [peerid, pid] = [uint32(state.peerid, "peerid"), uint32(state.pid, "pid")];
  const data = payloadOf(state, type, protocol);
  const length = HEADER_SIZE + data.length;
  if (length > maxSize) {
    const limit = `the largest message is set to ${maxSize} bytes`;
    throw new FormError("payload", `The message would have ${length} bytes, and ${limit}.`);
  }
  const codec = new ImsgCodec({ dialect, maxSize });
  try {
    return codec.encode({ type, peerid, pid, data });
  } finally {
    codec.dispose();
  }
}

/** The description of a message's payload in a direction, if the protocol has one. */
export function payloadFor(
  state: ComposeState,
  protocol: AnyProtocol | undefined,
): AnyPayload | undefined {
  let type: number;
  try {
    type = typeOf(state.type, protocol);
  } catch {
    return undefined;
  }
  const name = protocol?.nameOf(type);
  return name === undefined ? undefined : protocol!.messages[name]![directionOf(state)];
}

const json = (value: unknown): string => JSON.stringify(value, forJson, 2) ?? "";

/** All fields of a payload, with zeros, as JSON; empty if the payload has none. */
export function template(payload: AnyPayload): string {
  for (const candidate of [{}, "", []]) {
    try {
      return json(payload.decode(payload.encode(candidate as never)));
    } catch {
      // the payload is made of another kind of value
    }
  }
  return "";
}

/** The form for a decoded payload, as JSON that encodes to the same fields. */
export const fieldsText = (payload: unknown): string =>
  payload === undefined ? "" : json(payload);
