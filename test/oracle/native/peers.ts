// Peers and connections for the tests of the native peer.

import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import {
  type ListeningPeer,
  listenPeer,
  type PairedPeer,
  pairPeer,
  peerPayload,
} from "../../helpers/peer.ts";
import { concat, encode, HEADER_SIZE, type ReferenceMessage } from "../reference/codec.ts";
import { ReferenceConnection } from "../reference/connection.ts";

export function paired(...args: string[]): PairedPeer & { connection: ReferenceConnection } {
  const peer = pairPeer(...args);
  onTestFinished(() => peer.stop());
  return { ...peer, connection: new ReferenceConnection(peer.socket, { maxSize: 0x7fffffff }) };
}

export async function listening(...args: string[]): Promise<ListeningPeer> {
  const peer = await listenPeer(...args);
  onTestFinished(() => peer.stop());
  return peer;
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
export const byFormula = (count: number, size: number, pid = -1, type = 16): ReferenceMessage[] =>
  Array.from({ length: count }, (_, i) => ({
    type,
    len: HEADER_SIZE + size,
    peerid: i,
    pid,
    hasFd: false,
    data: peerPayload(i, size),
  }));

/** Resolves when the system has taken the bytes. */
export const written = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

export const burst = concat(
  Array.from({ length: 300 }, (_, i) =>
    encode({ type: 1, peerid: i, data: peerPayload(i, 16000) }),
  ),
);
