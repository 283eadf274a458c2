import { chmodSync, chownSync, lstatSync, unlinkSync } from "node:fs";
import { connect, type ListenOptions, type Server } from "node:net";
import { UsageError } from "../status.ts";
import { parseAddress } from "../target.ts";
import type { Ids } from "./users.ts";

/** Where a relay listens. */
export type Place =
  | { kind: "tcp"; host: string; port: number }
  | { kind: "unix"; path: string; mode: number; owner?: Ids }
  /** A descriptor that listens already, such as 3 from systemd. */
  | { kind: "fd"; fd: number };

/** Reads `[HOST:]PORT`, `unix:PATH` or `fd:N`. Throws a {@link UsageError} for other text. */
export function parsePlace(text: string): Place {
  if (/^unix:./s.test(text)) return { kind: "unix", path: text.slice(5), mode: 0o600 };
  const [, fd] = /^fd:(\d{1,4})$/.exec(text) ?? [];
  if (fd !== undefined) return { kind: "fd", fd: Number(fd) };
  const address = /^\d+$/.test(text) ? `127.0.0.1:${text}` : text;
  return { kind: "tcp", ...parseAddress(address) };
}

/** Reads a mode such as 660. Throws a {@link UsageError} for other text. */
export function parseMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new UsageError(`${text}: a mode has three octal digits, such as 660`);
}

/** Longest path of a Unix socket on Linux in bytes: Node cuts longer ones. */
const LONGEST_PATH = 107;

/**
 * Listens. A socket file that no process listens on is replaced; a live one
 * is EADDRINUSE, and another file is never touched. Rejects with the system's error.
 */
export async function listenAt(server: Server, place: Place): Promise<void> {
  if (place.kind === "tcp") return listening(server, { host: place.host, port: place.port });
  if (place.kind === "fd") return listening(server, { fd: place.fd });
  const { path, mode, owner } = place;
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new UsageError(`${path}: the path of a Unix socket has at most ${LONGEST_PATH} bytes`);
  }
  await removeStale(path);
  // for others the file must not even exist with another mode
  const before = process.umask(0o177);
  let ready: Promise<void>;
  try {
    ready = listening(server, { path });
  } finally {
    process.umask(before);
  }
  await ready;
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
}

function listening(server: Server, options: ListenOptions | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(false));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
    socket.once("close", () => socket.removeAllListeners());
    socket.on("connect", () => socket.destroy());
  });
  if (refused) unlinkSync(path);
}
