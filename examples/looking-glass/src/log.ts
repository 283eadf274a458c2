import type { ImsgChannel, ImsgMessage, MessageInit } from "imsg-wasm";
import { Ibuf } from "imsg-wasm/c";
import { bgpd } from "imsg-wasm/protocols/bgpd";

/** A message that was sent or received. */
export interface Logged {
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly sent: boolean;
  readonly type: number;
  readonly peerid: number;
  readonly pid: number;
  readonly data: Uint8Array;
}

export const HEADER_SIZE = 16;
/** How many messages are kept, and how many go at once when there are more. */
const KEPT = 30_000;
const DROPPED = 5_000;

/** bgpd's name for a message type. */
export const typeName = (type: number): string => bgpd.nameOf(type) ?? `type ${type}`;

/** The messages of all connections since the page was opened, the last ones of them. */
export class MessageLog {
  entries: Logged[] = [];
  sent = 0;
  received = 0;
  receivedBytes = 0;
  /** Called after every change. */
  changed: () => void = () => {};

  add(sent: boolean, { type, peerid, pid, data }: Omit<Logged, "n" | "time" | "sent">): void {
    if (sent) this.sent++;
    else {
      this.received++;
      this.receivedBytes += HEADER_SIZE + data.length;
    }
    const n = this.sent + this.received;
    if (this.entries.length >= KEPT) this.entries = this.entries.slice(DROPPED);
    this.entries.push({ n, time: Date.now(), sent, type, peerid, pid, data });
    this.changed();
  }

  clear(): void {
    this.entries = [];
    this.changed();
  }
}

/** The methods of a channel that a session calls. */
export type Conversation = Pick<ImsgChannel, "send" | "receive" | "close" | "abort">;

/** A channel whose messages are logged on their way. */
export function logged(channel: ImsgChannel, pid: number, log: MessageLog): Conversation {
  return {
    send(message: MessageInit) {
      const { type, peerid = 0, data } = message;
      // copied, as a channel does, because the caller may change its bytes
      const bytes = data instanceof Uint8Array ? data.slice() : new Uint8Array(0);
      log.add(true, { type, peerid, pid, data: bytes });
      return channel.send(message);
    },
    async receive(options): Promise<ImsgMessage | undefined> {
      const message = await channel.receive(options);
      if (message !== undefined) log.add(false, message);
      return message;
    },
    close: () => channel.close(),
    abort: (reason) => channel.abort(reason),
  };
}

/** A message as it was on the wire: the header's four numbers, and the data. */
export function wireBytes({ type, peerid, pid, data }: Logged): Uint8Array {
  const ibuf = Ibuf.open(HEADER_SIZE + data.length);
  try {
    for (const field of [type, HEADER_SIZE + data.length, peerid, pid]) ibuf.addH32(field);
    ibuf.add(data);
    return ibuf.data();
  } finally {
    ibuf.dispose();
  }
}

/** Sixteen bytes a line: offset, hexadecimal, printable characters; * for lines like the one before. */
export function hexdump(bytes: Uint8Array, from: number, to: number): string {
  const offset = (at: number): string => at.toString(16).padStart(5, "0");
  const lines: string[] = [];
  let before = "";
  let same = false;
  for (let at = from; at < to; at += 16) {
    const some = [...bytes.subarray(at, Math.min(at + 16, to))];
    const hex = some.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")].join("  ").padEnd(48);
    if (halves === before) {
      if (!same) lines.push("*\n");
      same = true;
      continue;
    }
    before = halves;
    same = false;
    const text = some.map((b) => (b > 31 && b < 127 ? String.fromCharCode(b) : "·")).join("");
    lines.push(`${offset(at)}  ${halves}  ${text}\n`);
  }
  // how far it goes, which the * does not say
  if (same) lines.push(`${offset(to)}\n`);
  return lines.join("");
}
