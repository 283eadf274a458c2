/** The sizes, in bytes, by which batches decide how they copy. See also ts/channel/limits.ts. */

/** Chunks shorter than this are collected before they cross the border, if they complete no message. */
export const TINY = 2048;
/** Bytes that can be collected. */
export const STAGE = 16384;
/** The largest size of a buffer that several payloads share. */
export const POOL = 65536;
/** A shared buffer has room for this many payloads of one size: more would pin too much memory. */
export const POOLED = 32;
/** Payloads up to this size are gathered as records; larger ones go straight into an ibuf. */
export const SMALL = 32744;
