/**
 * `imsg-wasm/bun`: channels over Bun's sockets.
 *
 * @module
 */
export type { ChannelOptions } from "../channel/channel.ts";
export type { BunSocket, BunSocketHandler } from "../transports/bun.ts";
export {
  type BunAddress,
  type BunTcpAddress,
  type BunUnixAddress,
  connect,
  dup,
  fromSocket,
  listen,
  socketHandler,
} from "../transports/bun-net.ts";
export type {
  ChannelHandler,
  ImsgServer,
  ServerAddress,
  ServerCloseOptions,
  ServerOptions,
} from "../transports/server.ts";
