// The native side of the demo: its start, and the answers that it must give. The comment at the top of
// test/oracle/native/peer.c describes it.

import { spawn } from "node:child_process";

/** Types of messages that the peer obeys; it counts all others silently. */
export const ECHO = 1;
export const SUM = 2;
export const SEND = 3;
/** The type of the messages that the peer makes by its formula. */
export const DATA = 16;

/** Starts the peer on a Unix socket and waits until it listens. */
export function startPeer(binary, path) {
  // --tied: it ends with its standard input, so it never outlives this process
  const child = spawn(binary, ["--listen", path, "--tied"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`the native peer ended before it listened (${signal ?? code})`));
    });
    child.stdout.once("data", () => resolve({ pid: child.pid, stop: () => child.kill() }));
  });
}

/** The messages that SEND requests. */
export function originated(count, size, pid) {
  return Array.from({ length: count }, (_, i) => ({
    type: DATA,
    peerid: i,
    pid,
    data: Uint8Array.from({ length: size }, (_, j) => (i * 31 + j * 7 + (j >> 8)) & 255),
  }));
}

/** The answer to SUM: how many payloads, how many bytes, and the FNV-1a hash of all of them. */
export function sumOf(payloads) {
  let count = 0;
  let bytes = 0;
  let hash = 0xcbf29ce484222325n;
  for (const payload of payloads) {
    count++;
    bytes += payload.length;
    for (const byte of payload) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
  }
  return new Uint8Array(new BigUint64Array([BigInt(count), BigInt(bytes), hash]).buffer);
}
