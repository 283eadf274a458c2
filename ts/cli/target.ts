import type { ChildProcess } from "node:child_process";
import type { NetConnectOpts } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type ChannelOptions, ImsgChannel } from "../entry/index.ts";
import { fromSocket, spawn } from "../entry/node.ts";
import { connectSocket } from "../transports/connect.ts";
import type { DialectOptions } from "./dialect.ts";
import { openWebSocket, type WebSocketOptions, webSocketTransport } from "./relay/websocket.ts";
import { UsageError } from "./status.ts";

/** What can be talked to. */
export type Target =
  | { kind: "unix"; path: string }
  | { kind: "tcp"; host: string; port: number }
  | { kind: "ws"; url: string }
  | { kind: "exec"; command: string };

/** How targets are written. */
export const TARGETS = "unix:PATH, tcp:HOST:PORT, ws://HOST:PORT or exec:COMMAND";

/** Reads a target; throws a {@link UsageError} that says how they are written. */
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

/** Reads HOST:PORT, with brackets around an IPv6 address. */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new UsageError(`${text}: not HOST:PORT`);
  return { host: (match[1] ?? match[2])!, port };
}

/** Options of {@link openTarget}. */
export interface TargetOptions extends Omit<ChannelOptions, "signal">, DialectOptions {
  /** Gives up while it connects; no effect later. */
  signal?: AbortSignal;
  /** For WebSockets. */
  webSocket?: WebSocketOptions;
}

/** An open connection to a target. */
export interface OpenTarget {
  channel: ImsgChannel;
  /** Sends what is queued and closes; what takes longer than a second is broken off. */
  dispose(): Promise<void>;
}

/** Connects to a target. Rejects with what the system says, or the signal's reason. */
export async function openTarget(target: Target, options: TargetOptions): Promise<OpenTarget> {
  const { signal, webSocket = {}, ...channelOptions } = options;
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
      const { channel, child } = await spawn("/bin/sh", ["-c", target.command], {
        // a group of its own, to end with all that it starts; its words go to our stderr
        spawn: { detached: true, stdio: ["ignore", 2, 2] },
        ...channelOptions,
      });
      return {
        channel,
        dispose: async () => {
          await channel.close();
          await ended(child);
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

/** Closes a channel, and breaks off what is under it if that takes long. */
async function finish(
  channel: ImsgChannel,
  closed: Promise<unknown>,
  breakOff: () => void,
): Promise<void> {
  await channel.close();
  const timer = setTimeout(breakOff, PATIENCE);
  await closed;
  clearTimeout(timer);
}

/** Milliseconds that the end of a connection may take. */
const PATIENCE = 1000;

/** Milliseconds between two looks at a process group. */
const LOOK = 20;

/**
 * Resolves when the process group of a child has ended. A group that runs for
 * PATIENCE gets SIGTERM, after as long again SIGKILL. The leader may be gone
 * while others of its group run. A dead process that its parent never collects
 * is waited for no longer than PATIENCE after SIGKILL.
 */
async function ended(child: ChildProcess): Promise<void> {
  const start = performance.now();
  const signals: NodeJS.Signals[] = ["SIGTERM", "SIGKILL"];
  for (let next = 1; signalGroup(child, 0); ) {
    if (performance.now() - start >= PATIENCE * next) {
      const name = signals.shift();
      if (name === undefined) return;
      signalGroup(child, name);
      next++;
    }
    await delay(LOOK);
  }
}

/** Sends a signal to the group of a child; 0 sends none. Returns false if there is no such group. */
function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, name);
  } catch (error) {
    // EPERM: the group is there, and runs as another user
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
