import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Transport } from "../../../ts/channel/transport.ts";
import { RecordingSink } from "./recording-sink.ts";

/** Two connected transports that are not started. */
export interface Pair {
  readonly a: Transport;
  readonly b: Transport;
  /**
   * Closes the connection of `b` below the transport, without reading or writing
   * anything, as the death of a process does. `b` is not used any more then.
   */
  readonly vanish?: () => void | Promise<void>;
}

/** Abilities that only some kinds of transports have. */
export interface Abilities {
  /** It has `pause` and `resume`. True if absent. */
  readonly pauses?: boolean;
  /** Nothing is received while it is paused. True if absent; false where credit stops the sender. */
  readonly holdsBack?: boolean;
  /** It has `unsent`. True if absent. */
  readonly counts?: boolean;
  /** The pairs have `vanish`. */
  readonly vanishes?: boolean;
  /** After the peer's `end`, bytes can still be sent to it. True if absent. */
  readonly halfCloses?: boolean;
  /** `hungUp` is called when the peer is gone. */
  readonly seesGone?: boolean;
  /** `hungUp` is called while the transport is paused, too. */
  readonly seesGoneWhilePaused?: boolean;
  /** `abort` makes the peer's transport fail. */
  readonly abortFails?: boolean;
  /** `abort` loses nothing that the operating system has taken. */
  readonly keepsSent?: boolean;
  /** Bytes that have arrived can be read after the peer is gone and a send has failed. */
  readonly keepsArrived?: boolean;
  /** A value to pass; `same` returns whether an arrived value stands for the same object. */
  readonly value?: () => { value: unknown; same: (arrived: unknown) => boolean; isOpen(): boolean };
}

/** One clause of the contract, as the sentence that it proves. */
export interface Clause {
  readonly name: string;
  /** Whether the clause applies to a transport with these abilities. */
  readonly applies: (abilities: Abilities) => boolean;
  readonly run: (pair: Pair, abilities: Abilities) => Promise<void>;
}

export const MEGABYTE = 1_000_000;
/** More than the buffers of a connection hold; TCP's grow to 10 MB. */
export const STALL = 16 * MEGABYTE;
export const LIMIT = 10_000;
export const always = (): boolean => true;
export const pauses = ({ pauses = true }: Abilities): boolean => pauses;
export const stalls = ({ pauses = true, counts = true }: Abilities): boolean => pauses && counts;

/** Waits, and fails after ten seconds. */
export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const start = Date.now(); !condition(); await sleep(5)) {
    ok(Date.now() - start < LIMIT, `waited in vain until ${what}`);
  }
}
export async function within<T>(promise: T | Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} stayed pending`)), LIMIT);
  });
  try {
    return await Promise.race([Promise.resolve(promise), late]);
  } finally {
    clearTimeout(timer);
  }
}
export async function isPending(promise: unknown, milliseconds: number): Promise<boolean> {
  const first = await Promise.race([
    Promise.resolve(promise).then(() => "done"),
    sleep(milliseconds),
  ]);
  return first !== "done";
}

/** Bytes that encode their own offset. */
export function pattern(length: number, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 255;
  return bytes;
}

/** A transport whose methods, apart from `start`, must not call the sink before they return. */
const watched = (transport: Transport, sink: RecordingSink): Transport =>
  new Proxy(transport, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function" || name === "start") return value;
      return (...args: unknown[]) =>
        sink.during(String(name), () => Reflect.apply(value, target, args));
    },
  });

/** A transport with its recording sink, and what was sent with it. */
export class End {
  readonly transport: Transport;
  readonly sink: RecordingSink;
  sent = 0;

  constructor(transport: Transport, highWaterMark?: number) {
    this.sink = new RecordingSink(highWaterMark);
    this.transport = watched(transport, this.sink);
    transport.start(this.sink);
  }

  get unsent(): number {
    return this.transport.unsent ?? 0;
  }

  send(length: number): boolean {
    const bytes = pattern(length, this.sent);
    this.sent += length;
    return this.transport.send(bytes);
  }

  /** Sends so many bytes, and waits for room as a channel does. */
  async sendAll(total: number, piece = 10_000): Promise<void> {
    for (let left = total; left > 0; left -= piece) {
      const drained = this.#count("drained");
      if (this.send(Math.min(piece, left))) continue;
      await until(
        () => this.#count("drained") > drained || this.sink.has("sendFailed") || this.sink.over,
        "there was room to send",
      );
    }
  }

  /** Sends until `send` returns false because the peer does not read. */
  fill(): void {
    for (let i = 0; i < 10_000; i++) if (!this.send(10_000)) return;
    throw new Error("100 MB were taken without a request to wait");
  }

  #count(call: "drained"): number {
    return this.sink.calls.filter((name) => name === call).length;
  }

  async close(): Promise<void> {
    this.sink.silence();
    await within(this.transport.close(), "close()");
  }

  abort(): void {
    this.sink.silence();
    this.transport.abort(new Error("enough"));
  }

  /** Checks that the first bytes that were sent have arrived, and how many. */
  arrivedAt(other: End, length = this.sent): void {
    strictEqual(other.sink.length, length);
    const [got, right] = [other.sink.bytes(), pattern(length)];
    strictEqual(
      got.findIndex((byte, at) => byte !== right[at]),
      -1,
    );
  }

  arrived(other: End): Promise<void> {
    return until(
      () => other.sink.length === this.sent,
      `${this.sent} bytes had arrived (${other.sink.length} have)`,
    );
  }
}

export const both = ({ a, b }: Pair, mark?: number): [End, End] => [
  new End(a, mark),
  new End(b, mark),
];

/** Checks that a pair has the abilities of its kind, so that no clause is left out. */
export function checkAbilities({ a, vanish }: Pair, abilities: Abilities): void {
  const { pauses = true, counts = true, vanishes = false, value } = abilities;
  deepStrictEqual(
    {
      pauses: a.pause !== undefined && a.resume !== undefined,
      counts: a.unsent !== undefined,
      vanishes: vanish !== undefined,
      passes: a.passes === true,
    },
    { pauses, counts, vanishes, passes: value !== undefined },
  );
}
