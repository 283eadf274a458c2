import type { Socket } from "node:net";
import { Patience } from "./patience.ts";

/** Milliseconds that a connection has to become a client. */
const HANDSHAKE = 5000;
/** Milliseconds that a connection keeps its place after it has been refused. */
export const LEAVE = 2000;
/** Connections that are no clients, at once. */
const MOST = 256;
/** The same for one address. */
const MOST_OF_ADDRESS = 64;

interface Stranger {
  socket: Socket;
  address: string;
  patience: Patience;
}

/**
 * The connections that are no clients yet: handshakes, refusals, requests that
 * are no WebSockets. They have places of their own. When these are full, the
 * oldest stranger of the address that has most loses its place, never the new
 * one, whose handshake may be a round trip away: so slow handshakes keep no client out.
 */
export class Strangers {
  /** In the order in which they came. */
  readonly #all = new Map<unknown, Stranger>();

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds a new connection, and drops another one if its place is needed. */
  add(socket: Socket): void {
    const address = addressOf(socket);
    const counts = this.#counts();
    if ((counts.get(address) ?? 0) >= MOST_OF_ADDRESS) this.#evict(address);
    else if (this.#all.size >= MOST) {
      const [[most]] = [...counts].sort((a, b) => b[1] - a[1]) as [[string, number]];
      this.#evict(most);
    }
    const key = keyOf(socket);
    const patience = new Patience(HANDSHAKE, () => socket.destroy());
    this.#all.set(key, { socket, address, patience });
    socket.once("close", () => this.#remove(key));
  }

  /** A connection has become a client. */
  admit(socket: Socket): void {
    this.#remove(keyOf(socket));
  }

  /** A connection has been refused: it has {@link LEAVE} milliseconds to read why. */
  refuse(socket: Socket): void {
    const stranger = this.#all.get(keyOf(socket));
    if (stranger === undefined) return;
    stranger.patience.stop();
    stranger.patience = new Patience(LEAVE, () => stranger.socket.destroy());
  }

  /** Cuts all of them off. */
  destroy(): void {
    for (const { socket } of this.#all.values()) socket.destroy();
  }

  #counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { address } of this.#all.values()) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return counts;
  }

  #evict(address: string): void {
    for (const [key, stranger] of this.#all) {
      if (stranger.address !== address) continue;
      stranger.socket.destroy();
      this.#remove(key);
      return;
    }
  }

  #remove(key: unknown): void {
    this.#all.get(key)?.patience.stop();
    this.#all.delete(key);
  }
}

/** A TLS socket and the TCP socket below it are one connection: both have the peer's port. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? socket : `${remoteAddress} ${remotePort}`;
}

/**
 * The key by which limits for each address count: an IPv4 address, the first 64 bits of
 * an IPv6 address, since one host has all addresses that begin with them, or
 * "unix" for a Unix socket.
 */
export function addressOf({ remoteAddress }: { remoteAddress?: string | undefined }): string {
  if (remoteAddress === undefined) return "unix";
  const address = remoteAddress.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/, "");
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (address.includes("::")) {
    const last = tail === "" ? [] : tail.split(":");
    while (groups.length + last.length < 8) groups.push("0");
    groups.push(...last);
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** Whether clients of an address are on this machine: a proxy has all of its clients' connections. */
export const isLocal = (address: string): boolean =>
  address === "unix" || address.startsWith("127.") || address === "0:0:0:0::/64";
