/**
 * `imsg-wasm/protocol`: describes a protocol once ({@link defineProtocol}), with C's structures
 * ({@link struct}), and types channels by it ({@link Protocol.on}).
 *
 * @module
 */

export * from "../protocol/index.ts";
