export type { Bytes } from "../module/check.ts";
export type { ObjectKind } from "../module/engine.ts";
export type { ErrnoName } from "../module/errno.ts";
export { ImsgError, type ImsgErrorCode, type ImsgErrorOptions } from "../module/error.ts";
export type { WasmMemory, WasmModule, WasmSource } from "../module/wasm-types.ts";
export type { Descriptors } from "./descriptors.ts";
export { Ibuf } from "./ibuf.ts";
export { Imsg, type ImsgHeader } from "./imsg.ts";
export { type ComposeInit, type ComposevInit, Imsgbuf, type ImsgInit } from "./imsgbuf.ts";
export {
  createInstance,
  defaultInstance,
  ImsgInstance,
  type ImsgStats,
  type InstanceOptions,
  instantiate,
} from "./instance.ts";
export { Msgbuf } from "./msgbuf.ts";
export { type Segment, Socket } from "./socket.ts";
