import type { ImsgMessage, SendInit } from "../batch/message.ts";
import type { AnyPayload, Decoded, Encodable } from "./payload.ts";

/** Which way a message goes: `send` from the client to the daemon, `receive` the other way. */
export type Direction = "send" | "receive";

/** Which side of a protocol an end of a channel is. */
export type Side = "client" | "server";

/** One message of a protocol. */
export interface Definition {
  /** Its number, a uint32. */
  readonly type: number;
  /** The payload that clients send; absent if they never send it. */
  readonly send?: AnyPayload | undefined;
  /** The payload that clients receive; absent if they never do. */
  readonly receive?: AnyPayload | undefined;
  /** The messages that answer it, one of which comes. */
  readonly reply?: string | readonly string[] | undefined;
  /** The messages that answer it, many of which come until a message of the protocol's `ends`. */
  readonly lists?: string | readonly string[] | undefined;
  /**
   * Returns the text of a ProtocolError if a received message means that a request has failed;
   * undefined if it does not.
   */
  readonly failure?: (payload: never, message: ImsgMessage) => string | undefined;
  /** Whether a message of a listing ends it and is no part of it. */
  readonly last?: ((payload: never) => boolean) | undefined;
  /** The message's purpose, in a few words. */
  readonly note?: string | undefined;
}

/** The messages of a protocol by their names. */
export type Messages = Readonly<Record<string, Definition>>;

/** The direction of the messages that a side sends. */
type Sends<S extends Side> = S extends "client" ? "send" : "receive";

/** The direction of the messages that a side receives. */
type Receives<S extends Side> = S extends "client" ? "receive" : "send";

/** The names of the messages that have a payload in a direction. */
type NamesOf<M extends Messages, D extends Direction> = {
  [K in keyof M & string]: M[K] extends { readonly [P in D]: AnyPayload } ? K : never;
}[keyof M & string];

/** The payload of a message in a direction. */
type PayloadOf<M extends Messages, K extends keyof M, D extends Direction> = M[K] extends {
  readonly [P in D]: infer Payload;
}
  ? Payload
  : never;

/** The names of the messages that a side sends. */
export type SendName<M extends Messages, S extends Side> = NamesOf<M, Sends<S>>;

/** The names of the messages that a side receives. */
export type ReceiveName<M extends Messages, S extends Side> = NamesOf<M, Receives<S>>;

/** The values that a side sends under a name. */
export type SendValue<M extends Messages, S extends Side, K extends keyof M> = Encodable<
  PayloadOf<M, K, Sends<S>>
>;

/** A received message whose name the protocol knows. */
export interface TypedMessage<Name extends string, Value> {
  /** Its name. */
  readonly name: Name;
  /** Its number. */
  readonly type: number;
  /** The header's peerid. */
  readonly peerid: number;
  /** The header's pid. */
  readonly pid: number;
  /** The decoded payload. */
  readonly payload: Value;
  /** The message itself: its bytes, and its descriptor. */
  readonly message: ImsgMessage;
}

/** A received message that the protocol does not know, with its bytes. */
export interface UnknownMessage extends Omit<TypedMessage<string, Uint8Array>, "name"> {
  /** Always undefined: the protocol has no name for its type. */
  readonly name: undefined;
}

/** A received message of one name. */
export type ReceivedAs<M extends Messages, S extends Side, K extends keyof M> = K extends string
  ? TypedMessage<K, Decoded<PayloadOf<M, K, Receives<S>>>>
  : never;

/** Any received message, discriminated by `name`. */
export type Received<M extends Messages, S extends Side> =
  | { [K in ReceiveName<M, S>]: ReceivedAs<M, S, K> }[ReceiveName<M, S>]
  | UnknownMessage;

/** The names in a `reply` or `lists`. */
type Named<T> = T extends readonly (infer Name)[] ? Name : T;

/** The names of messages that have a reply, or a listing. */
export type AskName<M extends Messages, S extends Side, P extends "reply" | "lists"> = {
  [K in SendName<M, S>]: M[K] extends { readonly [Q in P]: string | readonly string[] } ? K : never;
}[SendName<M, S>];

/** The message that answers another one. */
export type Answer<
  M extends Messages,
  S extends Side,
  K extends keyof M,
  P extends "reply" | "lists",
> = M[K] extends { readonly [Q in P]: infer Names }
  ? ReceivedAs<M, S, Named<Names> & keyof M>
  : never;

/** Fields of the header that a message needs to differ in, and its descriptor. */
export type HeaderInit = Pick<SendInit, "peerid" | "pid" | "fd">;

/** Options of a typed request or listing. */
export interface AskOptions extends HeaderInit {
  /** Aborts the request, which rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Ends the request after so many milliseconds without a message, with ETIMEDOUT. */
  timeout?: number | undefined;
}

/** The value of a payload, which may be left out where the payload allows that, and options. */
export type ValueAnd<Value, Options> = undefined extends Value
  ? [value?: Value, options?: Options]
  : [value: Value, options?: Options];
