/**
 * `imsg-wasm/web`: channels over the connections of browsers and their workers.
 *
 * @module
 */
export type { DataChannelLike } from "../transports/datachannel.ts";
export type { FrameEvent, FrameSocket } from "../transports/frames.ts";
export type { MessagePortLike, PortListener } from "../transports/message-port.ts";
export {
  fromMessagePort,
  fromRTCDataChannel,
  fromStreams,
  fromWebSocket,
  fromWindow,
  type WebSocketChannelOptions,
} from "../transports/web.ts";
export type {
  WebSocketClosing,
  WebSocketLike,
  WebSocketTransportOptions,
} from "../transports/websocket.ts";
export type { WindowLike } from "../transports/window.ts";
