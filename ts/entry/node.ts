/**
 * `imsg-wasm/node`: channels over Node's sockets, streams and child processes.
 *
 * @module
 */
import { type ChildProcess, type SpawnOptions, spawn as spawnChild } from "node:child_process";
import {
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Socket as NetSocket,
  connect as netConnect,
  type Server,
} from "node:net";
import type { Duplex } from "node:stream";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { ImsgError } from "../core/error.ts";
import { duplexTransport } from "../transports/node.ts";

/** A channel over any of Node's duplex streams, which is the channel's from then on. */
export function fromDuplex(duplex: Duplex, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(duplexTransport(duplex), options);
}

/** A channel over a connected socket, which is the channel's from then on. */
export function fromSocket(socket: NetSocket, options?: ChannelOptions): ImsgChannel {
  return fromDuplex(socket, options);
}

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, host }`).
 * Rejects with what Node says (ENOENT, ECONNREFUSED, …), and the reason of
 * `options.signal`.
 */
export function connect(
  address: NetConnectOpts,
  options: ChannelOptions = {},
): Promise<ImsgChannel> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    signal?.throwIfAborted();
    const socket = netConnect({ ...address, allowHalfOpen: true });
    const settle = (): void => {
      socket.off("error", failed);
      signal?.removeEventListener("abort", aborted);
    };
    const failed = (error: unknown): void => {
      settle();
      reject(error);
    };
    const aborted = (): void => {
      socket.destroy();
      failed(signal!.reason);
    };
    socket.once("error", failed);
    signal?.addEventListener("abort", aborted);
    socket.once("connect", () => {
      settle();
      try {
        resolve(fromSocket(socket, options));
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
  });
}

/** A server of channels: {@link listen}. */
export interface ImsgServer {
  /** Node's server, with its address and events. */
  readonly server: Server;
  /** Accepts no more connections; the open channels go on. */
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket (`{ path }`) or a TCP port (`{ port, host }`) and
 * calls back with a channel for each connection. Resolves when it listens;
 * rejects with what Node says (EADDRINUSE, …).
 */
export function listen(
  address: ListenOptions,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions = {},
): Promise<ImsgServer> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      onChannel(fromSocket(socket, options));
    });
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve({
        server,
        close: () => new Promise((done) => server.close(() => done())),
      });
    });
  });
}

/** What {@link spawn} takes besides the channel's options. */
export interface SpawnChannelOptions extends ChannelOptions {
  /** Options of Node's spawn; `stdio` may set the first three descriptors. */
  spawn?: SpawnOptions;
}

/** What {@link spawn} resolves with. */
export interface SpawnedChannel {
  /** The child. */
  child: ChildProcess;
  /** The channel to it. */
  channel: ImsgChannel;
}

/** The descriptor of a child on which it finds its end of the socketpair. */
export const CHANNEL_FD = 3;

/**
 * Starts a child process with a Unix socketpair on its descriptor 3, as
 * privilege-separated daemons do, and resolves when it runs. Ending the channel
 * does not end the child, nor the other way round. Rejects with what Node says
 * (ENOENT, …).
 */
export function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnChannelOptions = {},
): Promise<SpawnedChannel> {
  const { spawn: spawnOptions = {}, ...channelOptions } = options;
  const given = spawnOptions.stdio;
  if (given !== undefined && typeof given !== "string" && given.length > CHANNEL_FD) {
    const detail = "descriptor 3 of the child is the channel's";
    return Promise.reject(new ImsgError("EINVAL", { syscall: "spawn", detail }));
  }
  const [stdin = "ignore", stdout = "inherit", stderr = "inherit"] =
    given === undefined ? [] : typeof given === "string" ? [given, given, given] : given;
  return new Promise((resolve, reject) => {
    const child = spawnChild(command, args, {
      ...spawnOptions,
      stdio: [stdin, stdout, stderr, "pipe"],
    });
    child.once("error", reject);
    child.once("spawn", () => {
      child.off("error", reject);
      try {
        resolve({ child, channel: fromDuplex(child.stdio[CHANNEL_FD] as Duplex, channelOptions) });
      } catch (error) {
        child.kill();
        reject(error);
      }
    });
  });
}
