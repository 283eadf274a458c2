/** A stream to decode or to encode: the messages, and the lengths of the chunks. */
export interface Workload {
  readonly name: string;
  /** Payload sizes in bytes, one for each message. */
  readonly sizes: readonly number[];
  /** The length of each chunk, in bytes. */
  readonly chunk: number;
}

export interface BenchMessage {
  type: number;
  peerid: number;
  pid: number;
  data: Uint8Array;
}

export const PAYLOADS = [0, 16, 64, 256, 1024, 16000] as const;
export const CHUNKS = [65536, 1500, 17] as const;

/** Payload sizes of a bgpd 8.8 that lists neighbors and its RIB: those of the captures, repeated. */
const BGPD_MIX = [2144, 2144, 0, 408, 392, 400, 412, 396, 404, 392, 0, 288];

/** Enough messages for one pass of a millisecond or so, with payloads like the real ones. */
export function workload(payload: number | "mix", chunk: number): Workload {
  const one = payload === "mix" ? BGPD_MIX : [payload];
  const bytes = one.reduce((sum, size) => sum + size + 16, 0);
  const passes = Math.max(2, Math.floor((chunk < 100 ? 65536 : 262144) / bytes));
  const sizes = Array.from({ length: passes }, () => one).flat();
  return { name: `${payload}`, sizes, chunk };
}

/** The messages of a workload; payloads differ, so that a mix-up is noticed. */
export function messagesOf({ sizes }: Workload): BenchMessage[] {
  return sizes.map((size, i) => ({
    type: i & 0xff,
    peerid: i,
    pid: 1000,
    data: new Uint8Array(size).fill((i * 7 + 1) & 0xff),
  }));
}

/** Cuts bytes into chunks, each with a buffer of its own as a socket would deliver it. */
export function cut(bytes: Uint8Array, chunk: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.slice(at, at + chunk));
  return chunks;
}

/** The tally that every contender must reach: order, fields and first bytes. */
export class Tally {
  count = 0;
  sum = 0;
  add(type: number, peerid: number, pid: number, data: Uint8Array): void {
    this.count++;
    this.sum =
      (this.sum * 31 + type + peerid + pid + data.length + (data.length > 0 ? data[0]! : 0)) | 0;
  }
}

/** One way to decode and encode. */
export interface Contender {
  readonly name: string;
  /** Bytes of all messages in this contender's own format. */
  bytes(messages: readonly BenchMessage[]): Uint8Array | Promise<Uint8Array>;
  /** Decodes chunks to message objects, tallies each, and keeps the last ones alive. */
  decode?(chunks: readonly Uint8Array[], tally: Tally): void | Promise<void>;
  /** Encodes messages, and returns the number of bytes. */
  encode?(messages: readonly BenchMessage[]): number | Promise<number>;
}
