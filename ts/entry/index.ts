/**
 * `imsg-wasm`: messages over any byte stream ({@link ImsgChannel}), without any
 * I/O ({@link ImsgCodec}), and as streams. C's own functions one to one, and
 * instances of the module, are in `imsg-wasm/c`.
 *
 * @module
 */

// First the numbers, so that esbuild puts their values in place of their names, then the module's text,
// so that it is not between parts of the code: gzip looks back 32 KiB
import "../batch/limits.ts";
import "../channel/limits.ts";
import "../module/abi.ts";
import "../module/embedded.ts";

export type { Dialect } from "../batch/batch.ts";
export type { ImsgMessage, MessageInit, SendInit } from "../batch/message.ts";
export type { ImsgInstance } from "../c/instance.ts";
export {
  type ChannelOptions,
  ImsgChannel,
  type ReplyInit,
  type WaitOptions,
} from "../channel/channel.ts";
export {
  type CodecOptions,
  type EncodeIntoResult,
  ImsgCodec,
  type PushPartResult,
} from "../channel/codec.ts";
export type { ImsgOptions } from "../channel/options.ts";
export type { RequestOptions } from "../channel/requests.ts";
export type {
  ByteChunk,
  ByteReadable,
  ByteReader,
  ByteWritable,
  ByteWriter,
  StreamPair,
} from "../channel/streams.ts";
export { ImsgDecoderStream, ImsgEncoderStream } from "../channel/transforms.ts";
export type { Passed, PeerCredentials, Transport, TransportSink } from "../channel/transport.ts";
export type { Bytes } from "../module/check.ts";
export type { ErrnoName } from "../module/errno.ts";
export {
  ImsgError,
  type ImsgErrorCode,
  type ImsgErrorOptions,
  type OpeningErrorName,
} from "../module/error.ts";
export type { InstanceHandle } from "../module/instance.ts";
