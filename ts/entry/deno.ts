/**
 * `imsg-wasm/deno`: channels over Deno's connections.
 *
 * @module
 */
export type { ChannelOptions } from "../channel/channel.ts";
export type { DenoConn } from "../transports/deno.ts";
export {
  closeFd,
  connect,
  dup,
  fromConn,
  fromSocket,
  listen,
  readFd,
} from "../transports/deno-net.ts";
export type { DenoAddress, DenoTcpAddress, DenoUnixAddress } from "../transports/deno-open.ts";
export type {
  ChannelHandler,
  ImsgServer,
  ServerAddress,
  ServerCloseOptions,
  ServerOptions,
} from "../transports/server.ts";
