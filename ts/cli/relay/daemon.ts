import type { NetConnectOpts, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { connectSocket } from "../../transports/connect.ts";
import { endGroup, startCommand } from "../exec.ts";
import type { Target } from "../target.ts";
import { openWebSocket } from "./websocket.ts";
import { webSocketWire } from "./websocket-wire.ts";
import { SharedReads, socketWire, type Wire } from "./wire.ts";

/** A connection to the daemon. */
export interface DaemonLink {
  readonly wire: Wire;
  /**
   * Sends the written bytes, half-closes, and discards arriving bytes until the
   * daemon has closed. Breaks off after `patience` milliseconds. The process
   * group of an exec target gets SIGTERM then, and after as long again SIGKILL.
   */
  dispose(patience: number): Promise<void>;
}

/** Longest frame that a relay accepts from a client, whatever its --max-size. */
const RELAY_FRAME = 65536;

/** Connects to a target. Rejects with the system's error, or the signal's reason. */
export async function openDaemon(target: Target, signal: AbortSignal): Promise<DaemonLink> {
  switch (target.kind) {
    case "unix":
      return overConnection({ path: target.path }, signal);
    case "tcp": {
      const { host, port } = target;
      return overConnection({ host, port }, signal);
    }
    case "ws": {
      const socket = await openWebSocket(target.url, {}, signal);
      const wire = webSocketWire(socket, RELAY_FRAME);
      const dispose = async (patience: number): Promise<void> => {
        wire.stop();
        socket.close(1000);
        await ended(wire, patience);
      };
      return { wire, dispose };
    }
    case "exec": {
      const { child, socket } = await startCommand(target.command);
      const link = overSocket(socket);
      const dispose = async (patience: number): Promise<void> => {
        await Promise.all([link.dispose(patience), endGroup(child, patience)]);
      };
      if (signal.aborted) {
        await dispose(0);
        throw signal.reason;
      }
      return { wire: link.wire, dispose };
    }
  }
}

async function overConnection(address: NetConnectOpts, signal: AbortSignal): Promise<DaemonLink> {
  const reads = new SharedReads();
  return overSocket(await connectSocket({ ...address, onread: reads }, signal, true), reads);
}

function overSocket(socket: Socket, reads?: SharedReads): DaemonLink {
  const wire = socketWire(socket, reads);
  return {
    wire,
    async dispose(patience) {
      wire.stop();
      wire.end();
      await ended(wire, patience);
    },
  };
}

async function ended(wire: Wire, patience: number): Promise<void> {
  const stop = new AbortController();
  const late = delay(patience, undefined, { signal: stop.signal }).then(
    () => wire.destroy(),
    () => {},
  );
  await wire.closed;
  stop.abort();
  await late;
}
