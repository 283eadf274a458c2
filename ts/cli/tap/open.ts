import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import type { Transport } from "../../entry/index.ts";
import { connectSocket } from "../../transports/connect.ts";
import { duplexTransport } from "../../transports/node.ts";
import { type NodeUnix, nodeUnix } from "../../transports/unix-node.ts";
import { messageOf, UsageError } from "../status.ts";
import type { Target } from "../target.ts";

/** The places that a tap can listen on and connect to. */
export type Place = Extract<Target, { kind: "unix" | "tcp" }>;

/** Makes transports, which pass descriptors where that is possible. */
export interface Sockets {
  /** Absent where descriptors cannot pass. */
  readonly unix: NodeUnix | undefined;
  /** The reason why descriptors cannot pass. */
  readonly why: string | undefined;
}

/** Loads the functions that pass descriptors, where they are available. */
export async function loadSockets(): Promise<Sockets> {
  try {
    return { unix: await nodeUnix(), why: undefined };
  } catch (error) {
    return { unix: undefined, why: messageOf(error) };
  }
}

const addressOf = (place: Place) =>
  place.kind === "unix" ? { path: place.path } : { host: place.host, port: place.port };

function transportOf(socket: Socket, place: Place, { unix }: Sockets): Transport {
  // a reset before the transport has started must not end the process
  socket.on("error", () => {});
  return place.kind === "unix" && unix !== undefined ? unix.adopt(socket) : duplexTransport(socket);
}

/** Connects to the daemon. Rejects with the system's error. */
export async function connectTo(place: Place, sockets: Sockets): Promise<Transport> {
  const paused = place.kind === "unix" && sockets.unix !== undefined;
  return transportOf(await connectSocket(addressOf(place), undefined, paused), place, sockets);
}

/** Listens for clients. A Unix socket gets the permissions of the daemon's socket. */
export function listenOn(
  place: Place,
  to: Place,
  sockets: Sockets,
  connected: (client: Transport) => void,
): Promise<Server> {
  const pauseOnConnect = place.kind === "unix" && sockets.unix !== undefined;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect }, (socket) => {
    connected(transportOf(socket, place, sockets));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(addressOf(place), () => {
      server.off("error", reject);
      if (place.kind === "unix") chmodSync(place.path, modeOf(to));
      resolve(server);
    });
  });
}

function modeOf(to: Place): number {
  try {
    return to.kind === "unix" ? statSync(to.path).mode & 0o777 : 0o600;
  } catch {
    return 0o600; // the daemon may not listen yet
  }
}

/** The descriptor on which a privilege-separated child finds its parent. */
const CHANNEL = 3;

/** Starts a child, with a socketpair on its descriptor 3, and adopts our own descriptor 3. */
export async function wrapChild(
  command: string,
  { unix }: Sockets,
): Promise<{ parent: Transport; child: Transport; process: ChildProcess }> {
  let parent: Transport;
  try {
    parent = unix === undefined ? duplexTransport(new Socket({ fd: CHANNEL })) : unix.open(CHANNEL);
  } catch (error) {
    const what =
      "is no connection: a daemon starts the tap in its child's place, with the socket there";
    throw new UsageError(`descriptor ${CHANNEL} ${what} (${messageOf(error)})`);
  }
  // its output goes to our stderr: stdout is for the messages
  const stdio = ["inherit", 2, 2, "pipe"] as const;
  const process = spawn("/bin/sh", ["-c", command], { stdio: [...stdio] });
  await new Promise((resolve, reject) => {
    process.once("spawn", resolve);
    process.once("error", reject);
  });
  const socket = process.stdio[CHANNEL] as Socket;
  const child = unix === undefined ? duplexTransport(socket) : unix.adopt(socket);
  return { parent, child, process };
}
