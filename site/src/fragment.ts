// The state of the page in the part of its address behind the #, which browsers do not send.

import type { Dialect } from "../../ts/entry/index.ts";
import type { ComposeState } from "./compose-state.ts";

/** The state that a link restores. */
export interface Shared {
  /** The stream or recording. */
  data?: Uint8Array<ArrayBuffer>;
  dialect: Dialect;
  /** The name of a protocol, or "none". */
  protocol: string;
  /** The longest message, in bytes, if it is not the protocol's. */
  maxSize?: number;
  /** The selected message. */
  message?: number;
  /** The byte of the message that the cursor is on. */
  byte?: number;
  view: "inspect" | "compose";
  compose?: ComposeState;
}

/** As many characters a link has behind the # at the most: chats and mails cut longer ones. */
export const LONGEST_FRAGMENT = 16_384;
/** As many bytes a link may unpack to: a small one could hold gigabytes of zeros. */
const MOST_UNPACKED = 16 * 1024 * 1024;

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_UNPACKED) {
      await reader.cancel();
      throw new RangeError(`The link unpacks to more than ${MOST_UNPACKED} bytes.`);
    }
    chunks.push(value as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function pack(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const packed = await through(bytes, new CompressionStream("deflate-raw"));
  let text = "";
  for (const byte of packed) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The packed form of each input: the cursor moves often, and the input stays the same. */
const packedData = new WeakMap<Uint8Array<ArrayBuffer>, Promise<string>>();

function packData(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const packed = packedData.get(data) ?? pack(data);
  packedData.set(data, packed);
  return packed;
}

async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const packed = Uint8Array.from(plain, (character) => character.charCodeAt(0));
  return through(packed, new DecompressionStream("deflate-raw"));
}

/** The fragment for a state, without the #, and whether it has the data too. */
export interface Fragment {
  readonly text: string;
  /** How many characters the fragment with the data would have. */
  readonly length: number;
  /** Whether the data fit. */
  readonly complete: boolean;
}

/** Returns the fragment for a state, whose data must not change; the data are left out if it would become too long. */
export async function toFragment(state: Shared): Promise<Fragment> {
  const values = new URLSearchParams();
  if (state.view === "compose") values.set("view", "compose");
  if (state.dialect !== "current") values.set("dialect", state.dialect);
  if (state.protocol !== "none") values.set("protocol", state.protocol);
  if (state.maxSize !== undefined) values.set("max", String(state.maxSize));
  if (state.message) values.set("message", String(state.message));
  if (state.byte) values.set("byte", String(state.byte));
  const settings = values.toString();
  if (state.compose !== undefined) {
    values.set("compose", await pack(new TextEncoder().encode(JSON.stringify(state.compose))));
  }
  if (state.data !== undefined) values.set("data", await packData(state.data));
  const text = values.toString();
  const complete = text.length <= LONGEST_FRAGMENT;
  return { text: complete ? text : settings, length: text.length, complete };
}

const whole = (text: string | null): number | undefined =>
  text !== null && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

function composeOf(json: string): ComposeState | undefined {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) return undefined;
  const texts = Object.entries(value).filter(([, each]) => typeof each === "string");
  return Object.fromEntries(texts) as unknown as ComposeState;
}

/**
 * Returns the state of a fragment; undefined if it has none. Rejects with an Error in plain words if
 * its data are damaged.
 */
export async function fromFragment(fragment: string): Promise<Shared | undefined> {
  const values = new URLSearchParams(fragment.replace(/^#/, ""));
  if (values.size === 0) return undefined;
  const [data, compose] = [values.get("data"), values.get("compose")];
  const [maxSize, message, byte] = ["max", "message", "byte"].map((key) => whole(values.get(key)));
  try {
    const drafted =
      compose === null ? undefined : composeOf(new TextDecoder().decode(await unpack(compose)));
    return {
      dialect: values.get("dialect") === "classic" ? "classic" : "current",
      protocol: values.get("protocol") ?? "none",
      view: values.get("view") === "compose" ? "compose" : "inspect",
      ...(data !== null && { data: await unpack(data) }),
      ...(maxSize !== undefined && { maxSize }),
      ...(message !== undefined && { message }),
      ...(byte !== undefined && { byte }),
      ...(drafted !== undefined && { compose: drafted }),
    };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new Error("The link is damaged: it does not unpack. Perhaps a part of it was cut off.");
  }
}
