/**
 * `imsg-wasm/node`: channels over Node's sockets, streams and child processes.
 *
 * @module
 */
export type { ChannelOptions } from "../channel/channel.ts";
export { connect, dup, fromDuplex, fromSocket, listen } from "../transports/node-net.ts";
export { spawn } from "../transports/node-spawn.ts";
export {
  CHANNEL_FD,
  type SpawnChannelOptions,
  type SpawnedChannel,
} from "../transports/node-spawned.ts";
export type {
  ChannelHandler,
  ImsgServer,
  ServerAddress,
  ServerCloseOptions,
  ServerOptions,
} from "../transports/server.ts";
