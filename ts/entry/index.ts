/**
 * `imsg-wasm`: messages over any byte stream ({@link ImsgChannel}), without any
 * I/O ({@link ImsgCodec}), as streams, and C's own functions one to one
 * ({@link Imsgbuf}, {@link Ibuf} and their like).
 *
 * @module
 */
export { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
export { type CodecOptions, ImsgCodec } from "../channel/codec.ts";
export type { ImsgOptions } from "../channel/options.ts";
export type { RequestOptions } from "../channel/requests.ts";
export { ImsgDecoderStream, ImsgEncoderStream, type StreamPair } from "../channel/streams.ts";
export type { Passed, Transport, TransportSink } from "../channel/transport.ts";
export type { Dialect } from "../core/batch.ts";
export * from "../core/index.ts";
export type { ImsgMessage, MessageInit, SendInit } from "../core/message.ts";
