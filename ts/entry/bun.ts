/**
 * `imsg-wasm/bun`: channels over Bun's sockets.
 *
 * @module
 */
export type { ChannelOptions } from "../channel/channel.ts";
export type { BunSocket, BunSocketHandler } from "../transports/bun.ts";
export { socketHandler } from "../transports/bun-handler.ts";
export { connect, dup, fromSocket, listen } from "../transports/bun-net.ts";
export type { BunAddress, BunTcpAddress, BunUnixAddress } from "../transports/bun-open.ts";
export type {
  ChannelHandler,
  ImsgServer,
  ServerAddress,
  ServerCloseOptions,
  ServerOptions,
} from "../transports/server.ts";
