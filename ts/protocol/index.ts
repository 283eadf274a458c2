// Everything that describes a protocol, for the entry and for the protocols that ship.

export { type Abi, type AbiName, abis } from "./abi.ts";
export { type Conversation, TypedChannel } from "./channel.ts";
export {
  array,
  convert,
  enumeration,
  type UnionIn,
  type UnionOptions,
  type UnionOut,
  union,
} from "./composite.ts";
export {
  type DescribeOptions,
  defineProtocol,
  type OnOptions,
  Protocol,
  type ProtocolInit,
  type ProtocolOptions,
} from "./define.ts";
export { ProtocolError } from "./failure.ts";
export {
  type AnyField,
  type Field,
  FieldError,
  type FieldIn,
  type FieldOut,
  type Member,
  type Resolved,
} from "./field.ts";
export { type Bits, flags } from "./flags.ts";
export { parseIPv4, parseIPv6, printIPv4, printIPv6 } from "./ip.ts";
export {
  asNumber,
  be16,
  be32,
  be64,
  bool,
  f32,
  f64,
  type Integer64,
  i8,
  i16,
  i32,
  i64,
  long,
  type Octet,
  pointer,
  sizeT,
  time,
  u8,
  u16,
  u32,
  u64,
  ulong,
} from "./numbers.ts";
export {
  type AnyPayload,
  cString,
  type Decoded,
  type Encodable,
  empty,
  json,
  optional,
  type Payload,
  raw,
} from "./payload.ts";
export type { Fields } from "./place.ts";
export {
  Layout,
  type StructIn,
  type StructOptions,
  type StructOut,
  struct,
} from "./struct.ts";
export { type BytesIn, bytes, chars, in6Addr, inAddr, text } from "./texts.ts";
export { trailing, trailingString, trailingStrings } from "./trailing.ts";
export type {
  Answer,
  AskName,
  AskOptions,
  Definition,
  Direction,
  HeaderInit,
  Messages,
  Received,
  ReceivedAs,
  ReceiveName,
  SendName,
  SendValue,
  Side,
  TypedMessage,
  UnknownMessage,
  ValueAnd,
} from "./types.ts";
