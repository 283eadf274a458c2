import type { NetConnectOpts } from "node:net";
import { type ChannelOptions, ImsgChannel } from "../entry/index.ts";
import { fromSocket } from "../entry/node.ts";
import { connectSocket } from "../transports/connect.ts";
import type { DialectOptions } from "./dialect.ts";
import { endGroup, startCommand } from "./exec.ts";
import { openWebSocket, type WebSocketOptions, webSocketTransport } from "./relay/websocket.ts";
import { UsageError } from "./status.ts";

/** A target of `imsg connect` and of the relay. */
export type Target =
  | { kind: "unix"; path: string }
  | { kind: "tcp"; host: string; port: number }
  | { kind: "ws"; url: string }
  | { kind: "exec"; command: string };

/** The syntax of targets, for errors and help. */
export const TARGETS = "unix:PATH, tcp:HOST:PORT, ws://HOST:PORT or exec:COMMAND";

/** Reads a target; throws a {@link UsageError} that shows the forms. */
export function parseTarget(text: string): Target {
  const [, kind, rest] = /^(unix|tcp|exec|wss?):(.+)$/s.exec(text) ?? [];
  if (kind === "unix") return { kind, path: rest! };
  if (kind === "exec") return { kind, command: rest! };
  if (kind === "tcp") return { kind, ...parseAddress(rest!) };
  if (kind !== undefined && URL.canParse(text) && new URL(text).hostname !== "") {
    return { kind: "ws", url: text };
  }
  throw new UsageError(`${text}: a target is ${TARGETS}`);
}

/** Parses HOST:PORT, with brackets around an IPv6 address. Throws a {@link UsageError}. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new UsageError(`${text}: not HOST:PORT`);
  return { host: (match[1] ?? match[2])!, port };
}

/** Options of {@link openTarget}. */
export interface TargetOptions
  extends Omit<ChannelOptions, "signal" | "lingerTimeout">,
    DialectOptions {
  /** Aborts the attempt to connect; no effect once connected. */
  signal?: AbortSignal;
  /** Options of a WebSocket. */
  webSocket?: WebSocketOptions;
}

/** An open connection to a target. */
export interface OpenTarget {
  channel: ImsgChannel;
  /**
   * Sends the queued messages and closes the connection. Resolves after a second
   * in which the peer neither reads nor ends its side, and never rejects: bytes
   * that such a peer has not read are lost.
   */
  dispose(): Promise<void>;
}

/** Connects to a target. Rejects with the system's error, or the signal's reason. */
export async function openTarget(target: Target, options: TargetOptions): Promise<OpenTarget> {
  const { signal, webSocket = {}, ...rest } = options;
  const channelOptions = { ...rest, lingerTimeout: PATIENCE };
  signal?.throwIfAborted();
  switch (target.kind) {
    case "unix":
      return overSocket({ path: target.path }, channelOptions, signal);
    case "tcp":
      return overSocket({ host: target.host, port: target.port }, channelOptions, signal);
    case "ws": {
      const socket = await openWebSocket(target.url, webSocket, signal);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      const channel = new ImsgChannel(webSocketTransport(socket), channelOptions);
      return { channel, dispose: () => finish(channel, closed, () => socket.terminate()) };
    }
    case "exec": {
      const { child, socket } = await startCommand(target.command);
      const channel = fromSocket(socket, channelOptions);
      return {
        channel,
        dispose: async () => {
          await Promise.all([closeQuietly(channel), endGroup(child, PATIENCE)]);
        },
      };
    }
  }
}

async function overSocket(
  address: NetConnectOpts,
  options: ChannelOptions & DialectOptions,
  signal: AbortSignal | undefined,
): Promise<OpenTarget> {
  const socket = await connectSocket(address, signal);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const channel = fromSocket(socket, options);
  return { channel, dispose: () => finish(channel, closed, () => socket.destroy()) };
}

/** Closes a channel and ignores its error: the command has its outcome by then. */
async function closeQuietly(channel: ImsgChannel): Promise<void> {
  await channel.close().catch(() => {});
}

/** Closes a channel, and aborts its connection if that stays open. */
async function finish(
  channel: ImsgChannel,
  closed: Promise<unknown>,
  breakOff: () => void,
): Promise<void> {
  await closeQuietly(channel);
  const timer = setTimeout(breakOff, PATIENCE);
  await closed;
  clearTimeout(timer);
}

/** Milliseconds without progress after which the end of a connection is not waited for. */
const PATIENCE = 1000;
