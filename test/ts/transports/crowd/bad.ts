// Clients that behave badly, each in a way of its own.
import { connect, type NetConnectOpts, type Socket } from "node:net";

/** The misbehaviour of a bad client, which may take some milliseconds only. */
type Behaviour = (socket: Socket, random: () => number) => void;

const header = (length: number): Uint8Array =>
  new Uint8Array(Uint32Array.of(5, length, 0, 1).buffer);
const isTcp = (socket: Socket): boolean => socket.remotePort !== undefined;
const breakOff = (socket: Socket): void =>
  void (isTcp(socket) ? socket.resetAndDestroy() : socket.destroy());
const after = (random: () => number, most: number, run: () => void): void =>
  void setTimeout(run, random() * most);

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "connects and goes": (socket) => void socket.destroy(),
  "resets at once": (socket) => breakOff(socket),
  "sends random bytes": (socket, random) =>
    socket.end(Uint8Array.from({ length: 1 + random() * 200 }, () => random() * 256)),
  "sends 0xff": (socket) => socket.end(new Uint8Array(16).fill(0xff)),
  "sends three bytes": (socket) => socket.end(new Uint8Array(3)),
  "ends inside a message": (socket, random) => {
    socket.write(header(16));
    socket.end(header(1000).subarray(0, 1 + random() * 15));
  },
  "promises a large message and goes": (socket, random) => {
    socket.write(header(16_384));
    after(random, 20, () => socket.destroy());
  },
  "resets later": (socket, random) => {
    socket.write(header(16));
    after(random, 20, () => breakOff(socket));
  },
  "asks a thousand times, and goes without reading": (socket, random) => {
    const all = new Uint8Array(16_000);
    for (let i = 0; i < all.length; i += 16) all.set(header(16), i);
    socket.pause();
    socket.write(all);
    after(random, 20, () => breakOff(socket));
  },
  "half-closes, and goes later": (socket, random) => {
    socket.end(header(16));
    after(random, 50, () => socket.destroy());
  },
  "sends a byte at a time": (socket, random) => {
    const timer = setInterval(() => socket.write(new Uint8Array(1)), 50);
    socket.once("close", () => clearInterval(timer));
    setTimeout(() => socket.destroy(), 500 + random() * 1000);
  },
};

/** The names of what bad clients do. */
export const KINDS = Object.keys(BEHAVIOURS);

/** Connects one bad client. Resolves when its connection is closed, with the connect's error if there was one. */
export function badClient(at: NetConnectOpts, n: number, random: () => number): Promise<unknown> {
  return new Promise((resolve) => {
    // more addresses than one, or the ports of one machine are used up
    const tcp = "port" in at ? { localAddress: `127.0.0.${2 + (n % 64)}` } : {};
    const socket = connect({ ...at, ...tcp, allowHalfOpen: true });
    let failed: unknown = "it has not connected";
    socket.on("error", (error) => {
      if (failed !== undefined) failed = error;
    });
    socket.once("connect", () => {
      failed = undefined;
      BEHAVIOURS[KINDS[n % KINDS.length]!]!(socket, random);
    });
    socket.on("end", () => socket.end());
    socket.once("close", () => resolve(failed));
    socket.resume();
  });
}
