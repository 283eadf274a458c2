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
  type Server,
} from "node:net";
import type { Duplex } from "node:stream";
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { ImsgError } from "../module/error.ts";
import { connectSocket } from "../transports/connect.ts";
import { duplexTransport } from "../transports/node.ts";

/** A channel over any of Node's duplex streams, which is the channel's from then on. */
export function fromDuplex(duplex: Duplex, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(duplexTransport(duplex), options);
}

const syscall = "imsgbuf_allow_fdpass";

/** It is most of what this entry weighs, so it is loaded when it is asked for. */
const unix = async () => (await import("../transports/unix-node.ts")).nodeUnix();

/**
 * A channel over a connected socket, which is the channel's from then on.
 *
 * By its number, which another program may have left open (3, say) or a message
 * brought, a Unix socket passes descriptors with `allowFdPass`; it takes what
 * {@link connect} takes for that, and rejects with EINVAL if it is another kind of
 * socket, EBADF, ENOTSOCK or ENOTCONN if it is none that is connected: it is still
 * the caller's then. A socket of Node's own would drop them: EINVAL.
 */
export function fromSocket(fd: number, options?: ChannelOptions): Promise<ImsgChannel>;
export function fromSocket(socket: NetSocket, options?: ChannelOptions): ImsgChannel;
export function fromSocket(
  socket: NetSocket | number,
  options: ChannelOptions = {},
): ImsgChannel | Promise<ImsgChannel> {
  if (typeof socket === "number") {
    return unix().then(({ open }) => new ImsgChannel(open(socket), options));
  }
  if (options.allowFdPass) {
    const detail = "Node's sockets drop descriptors: give the number of one, or connect, or listen";
    throw new ImsgError("EINVAL", { syscall, detail });
  }
  return fromDuplex(socket, options);
}

/** Makes the channel of a socket that nothing has been read from. */
type Make = (socket: NetSocket) => ImsgChannel;

/** Where descriptors pass, they do by koffi: Node's own sockets would drop them. */
async function maker(options: ChannelOptions, isUnix: boolean): Promise<Make> {
  if (options.allowFdPass !== true) return (socket) => fromSocket(socket, options);
  if (!isUnix) {
    const detail = "only Unix sockets pass descriptors";
    throw new ImsgError("EINVAL", { syscall, detail });
  }
  const { adopt } = await unix();
  return (socket) => {
    const transport = adopt(socket);
    try {
      return new ImsgChannel(transport, options);
    } catch (error) {
      transport.abort(error);
      throw error;
    }
  };
}

/**
 * Connects to a Unix socket (`{ path }`) or a TCP port (`{ port, host }`).
 * Rejects with what Node says (ENOENT, ECONNREFUSED, …), and the reason of
 * `options.signal`. A Unix listener whose queue is full is asked for two seconds;
 * then it rejects with EAGAIN.
 *
 * With `allowFdPass`, which takes a Unix socket, Linux and the package koffi
 * (else ERR_IMSG_UNSUPPORTED), what passes are numbers of descriptors. One that
 * is sent is closed here; one that is taken is to be closed by who takes it
 * (`fs.close`).
 */
export async function connect(
  address: NetConnectOpts,
  options: ChannelOptions = {},
): Promise<ImsgChannel> {
  const { signal } = options;
  signal?.throwIfAborted();
  const make = await maker(options, "path" in address && address.path !== undefined);
  const socket = await connectSocket(address, signal, options.allowFdPass);
  try {
    return make(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
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
 * rejects with what Node says (EADDRINUSE, …). `allowFdPass` as in {@link connect};
 * a connection that no descriptor is left for is dropped.
 */
export async function listen(
  address: ListenOptions,
  onChannel: (channel: ImsgChannel) => void,
  options: ChannelOptions = {},
): Promise<ImsgServer> {
  const make = await maker(options, address.path !== undefined);
  const pauseOnConnect = options.allowFdPass === true; // nothing may be read
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect }, (socket) => {
      let channel: ImsgChannel;
      try {
        channel = make(socket);
      } catch (error) {
        socket.destroy();
        if ((error as { code?: string }).code === "EMFILE") return;
        throw error;
      }
      onChannel(channel);
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
 * (ENOENT, …). `allowFdPass` as in {@link connect}.
 */
export async function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnChannelOptions = {},
): Promise<SpawnedChannel> {
  const { spawn: spawnOptions = {}, ...channelOptions } = options;
  const given = spawnOptions.stdio;
  if (given !== undefined && typeof given !== "string" && given.length > CHANNEL_FD) {
    const detail = "descriptor 3 of the child is the channel's";
    throw new ImsgError("EINVAL", { syscall: "spawn", detail });
  }
  const [stdin = "ignore", stdout = "inherit", stderr = "inherit"] =
    given === undefined ? [] : typeof given === "string" ? [given, given, given] : given;
  const make = await maker(channelOptions, true);
  return new Promise((resolve, reject) => {
    const child = spawnChild(command, args, {
      ...spawnOptions,
      stdio: [stdin, stdout, stderr, "pipe"],
    });
    child.once("error", reject);
    child.once("spawn", () => {
      child.off("error", reject);
      try {
        resolve({ child, channel: make(child.stdio[CHANNEL_FD] as NetSocket) });
      } catch (error) {
        child.kill();
        reject(error);
      }
    });
  });
}
