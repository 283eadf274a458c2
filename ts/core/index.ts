export type { Bytes } from "./check.ts";
export type { Descriptors } from "./descriptors.ts";
export type { ObjectKind } from "./engine.ts";
export type { ErrnoName } from "./errno.ts";
export { ImsgError, type ImsgErrorCode, type ImsgErrorOptions } from "./error.ts";
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
