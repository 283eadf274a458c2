import type { ImsgMessage } from "../batch/message.ts";
import { show } from "../module/check.ts";
import { ImsgError, isObject } from "../module/error.ts";
import { type Abi, type AbiName, abiOf, abis } from "./abi.ts";
import { type Conversation, TypedChannel } from "./channel.ts";
import { checkInit } from "./check.ts";
import { describeProtocol } from "./describe.ts";
import type { AnyPayload } from "./payload.ts";
import type { Definition, Direction, Messages, Received, Side } from "./types.ts";

/** The argument of {@link defineProtocol}. */
export interface ProtocolInit<M extends Messages> {
  /** The protocol's name, such as `bgpd`. */
  name: string;
  /** The program and version whose messages these are, such as `OpenBGPD 8.8`. */
  version?: string | undefined;
  /** Which layout the headers have, as the option of channels and codecs; `current` if absent. */
  dialect?: "current" | "classic" | undefined;
  /** The longest message in bytes, header included; 16,384 if absent. */
  maxSize?: number | undefined;
  /** The peerid of every message that does not name one; 0 if absent. */
  peerid?: number | undefined;
  /** The ABI of the peer, for structures whose own is another one. */
  abi?: AbiName | Abi | undefined;
  /** Messages that end a listing. */
  ends?: readonly (keyof M & string)[] | undefined;
  /** The messages by their names. */
  messages: M & Checked<M>;
}

/** Refuses names of messages that the protocol does not have. */
type Checked<M extends Messages> = {
  readonly [K in keyof M]: {
    readonly reply?: keyof M | readonly (keyof M)[] | undefined;
    readonly lists?: keyof M | readonly (keyof M)[] | undefined;
  };
};

/** Options of {@link Protocol.on}. */
export interface OnOptions<S extends Side> {
  /** Which side of the protocol the channel's own end is; `client` if absent. */
  side?: S | undefined;
}

/** The options by which a channel or codec speaks a protocol. */
export interface ProtocolOptions {
  /** Which layout the headers have. */
  dialect: "current" | "classic";
  /** The longest message in bytes, header included. */
  maxSize: number;
}

/** Options of {@link Protocol.describe}. */
export interface DescribeOptions {
  /** Whether the structures of the payloads follow, each as a table. */
  layouts?: boolean | undefined;
}

/** A protocol that {@link defineProtocol} has made. */
export class Protocol<M extends Messages> {
  /** The protocol's name. */
  readonly name: string;
  /** The program and version whose messages these are; empty if not given. */
  readonly version: string;
  /** Which layout the headers have. */
  readonly dialect: "current" | "classic";
  /** The longest message in bytes, header included. */
  readonly maxSize: number;
  /** The peerid of every message that does not name one. */
  readonly peerid: number;
  /** The messages by their names. */
  readonly messages: M;
  /** The messages that end a listing. */
  readonly ends: readonly string[];
  readonly #init: ProtocolInit<M>;
  readonly #names = new Map<number, string>();

  /** @internal */
  constructor(init: ProtocolInit<M>) {
    checkInit(init);
    const {
      name,
      version = "",
      dialect = "current",
      maxSize = 16384,
      peerid = 0,
      abi,
      ends,
    } = init;
    this.#init = init;
    this.name = name;
    this.version = version;
    this.dialect = dialect;
    this.maxSize = maxSize;
    this.peerid = peerid;
    this.ends = ends ?? [];
    const under = abi === undefined ? undefined : abiOf(abi);
    const messages: [name: string, message: Definition][] = [];
    for (const [key, message] of Object.entries<Definition>(init.messages)) {
      messages.push([key, under === undefined ? message : laidOut(message, under)]);
      const other = this.#names.get(message.type);
      if (other === undefined) {
        this.#names.set(message.type, key);
        continue;
      }
      const detail = `${name}: ${other} and ${key} have the type ${message.type}`;
      throw new ImsgError("EINVAL", { detail });
    }
    this.messages = Object.fromEntries(messages) as M;
  }

  /** Options for a channel or codec of this protocol: `new ImsgChannel(source, bgpd.options)`. */
  get options(): ProtocolOptions {
    return { dialect: this.dialect, maxSize: this.maxSize };
  }

  /** The name of a message type; undefined if the protocol has none. */
  nameOf(type: number): (keyof M & string) | undefined {
    return this.#names.get(type);
  }

  /**
   * Returns the bytes of a message's payload. `direction` is `send` for what clients send and
   * `receive` for what they receive. Throws EINVAL if the message is not sent in that direction, and
   * what the payload's encode throws.
   */
  encode(name: keyof M & string, value: unknown, direction: Direction = "send"): Uint8Array {
    const payload = this.#definition(name)[direction];
    if (payload !== undefined) return payload.encode(value as never);
    const detail = `${this.name}: ${direction === "send" ? "clients do" : "the daemon does"} not send ${name}`;
    throw new ImsgError("EINVAL", { detail });
  }

  /**
   * Decodes a message. Its `name` is undefined, and its payload bytes, if the protocol does not know
   * its type or no payload in that direction. Throws EBADMSG with the message's and the protocol's
   * name and version if the payload has the wrong size, or its coder throws an error of its own,
   * which is the `cause`.
   */
  decode<S extends Side = "client">(
    message: ImsgMessage,
    direction: Direction = "receive",
  ): Received<M, S> {
    if (!isObject(message)) {
      throw new ImsgError("EINVAL", { detail: `${this.name}: ${show(message)} is no message` });
    }
    const name = this.#names.get(message.type);
    const payload = name === undefined ? undefined : this.messages[name]?.[direction];
    const known = payload !== undefined;
    const { type, peerid, pid, data } = message;
    const value = known ? this.#decode(name!, payload, data) : data;
    const decoded = { name: known ? name : undefined, type, peerid, pid, payload: value, message };
    return decoded as unknown as Received<M, S>;
  }

  /** Types a channel: `bgpd.on(channel)` sends the messages of clients, with names and values. */
  on<S extends Side = "client">(
    channel: Conversation,
    options: OnOptions<S> = {},
  ): TypedChannel<M, S> {
    return new TypedChannel<M, S>(this, channel, options.side ?? ("client" as S));
  }

  /** The same protocol with a peer of another ABI. */
  under(abi: AbiName | Abi): Protocol<M> {
    return new Protocol<M>({ ...this.#init, abi });
  }

  /** The protocol for people: all messages, and with `layouts` the structures of their payloads. */
  describe(options: DescribeOptions = {}): string {
    return describeProtocol(this, options);
  }

  #definition(name: string): Definition {
    if (typeof name === "string" && Object.hasOwn(this.messages, name)) return this.messages[name]!;
    const shown = typeof name === "string" ? name : show(name);
    throw new ImsgError("EINVAL", { detail: `${this.name} has no message ${shown}` });
  }

  #decode(name: string, payload: AnyPayload, data: Uint8Array): unknown {
    try {
      return payload.decode(data);
    } catch (cause) {
      const of = this.version === "" ? this.name : this.version;
      const text = cause instanceof Error ? cause.message : String(cause);
      const isOurs = cause instanceof ImsgError;
      const plain = isOurs ? text.replace(/^\w+: [^:]*: /, "") : text;
      const detail = `${name} of ${of}: ${plain}${otherAbi(payload, data)}`;
      // the coders of other packages throw errors of their own
      throw new ImsgError(isOurs ? cause.code : "EBADMSG", { detail, cause });
    }
  }
}

function laidOut(message: Definition, abi: Abi): Definition {
  const { send, receive } = message;
  return {
    ...message,
    ...(send && { send: send.under?.(abi) ?? send }),
    ...(receive && { receive: receive.under?.(abi) ?? receive }),
  };
}

/** Explains a wrong size: it may be right under another ABI, or in another version of the protocol. */
function otherAbi(payload: AnyPayload, data: Uint8Array): string {
  if (payload.under === undefined) return "";
  const fits = Object.values(abis).find((abi) => {
    try {
      payload.under!(abi).decode(data);
      return true;
    } catch {
      return false;
    }
  });
  return fits === undefined
    ? "; the peer is probably another version"
    : `; the size is right for a peer of the ABI ${fits.name}`;
}

/**
 * Describes a protocol: its messages, their numbers and payloads. The types of {@link Protocol.on}
 * follow from it.
 *
 * @example
 * ```js
 * const clock = defineProtocol({
 *   name: "clock",
 *   messages: {
 *     NOW: { type: 1, send: empty, receive: struct({ seconds: time }), reply: "NOW" },
 *   },
 * });
 * const typed = clock.on(channel);
 * const { payload } = await typed.request("NOW");
 * ```
 */
export function defineProtocol<const M extends Messages>(init: ProtocolInit<M>): Protocol<M> {
  return new Protocol<M>(init);
}
