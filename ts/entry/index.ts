export { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
export { type CodecOptions, ImsgCodec } from "../channel/codec.ts";
export type { ImsgOptions } from "../channel/options.ts";
export type { RequestOptions } from "../channel/requests.ts";
export { ImsgDecoderStream, ImsgEncoderStream, type StreamPair } from "../channel/streams.ts";
export type { Transport, TransportSink } from "../channel/transport.ts";
export * from "../core/index.ts";
export type { ImsgMessage, MessageInit } from "../core/message.ts";
