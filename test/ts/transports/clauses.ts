import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
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

/** What a kind of transport can do, besides what every transport must. */
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

const MEGABYTE = 1_000_000;
/** More than the buffers of a connection hold; TCP's grow to 10 MB. */
const STALL = 16 * MEGABYTE;
const LIMIT = 10_000;
const always = (): boolean => true;
const pauses = ({ pauses = true }: Abilities): boolean => pauses;
const stalls = ({ pauses = true, counts = true }: Abilities): boolean => pauses && counts;

/** Waits, and fails after ten seconds. */
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
async function until(condition: () => boolean, what: string): Promise<void> {
  for (const start = Date.now(); !condition(); await sleep(5)) {
    ok(Date.now() - start < LIMIT, `waited in vain until ${what}`);
  }
}
async function within<T>(promise: T | Promise<T>, what: string): Promise<T> {
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
async function isPending(promise: unknown, milliseconds: number): Promise<boolean> {
  const first = await Promise.race([
    Promise.resolve(promise).then(() => "done"),
    sleep(milliseconds),
  ]);
  return first !== "done";
}

/** Bytes that encode their own offset. */
function pattern(length: number, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 255;
  return bytes;
}

/** A transport with its recording sink, and what was sent with it. */
class End {
  readonly transport: Transport;
  readonly sink: RecordingSink;
  sent = 0;

  constructor(transport: Transport, highWaterMark?: number) {
    this.transport = transport;
    this.sink = new RecordingSink(highWaterMark);
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

const both = ({ a, b }: Pair, mark?: number): [End, End] => [new End(a, mark), new End(b, mark)];

/** Checks that a pair has what the abilities of its kind say, so that no clause is left out. */
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

/** The clauses that every implementation of Transport must hold. */
export const CLAUSES: readonly Clause[] = [
  {
    name: "bytes arrive in order, both ways at once, in chunks that the transport does not reuse",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await within(Promise.all([a.sendAll(MEGABYTE), b.sendAll(MEGABYTE)]), "sending");
      await Promise.all([a.arrived(b), b.arrived(a)]);
      a.arrivedAt(b);
      b.arrivedAt(a);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "send returns false at the high-water mark, drained follows, and then unsent is below the mark",
    applies: pauses,
    async run(pair, { holdsBack = true }) {
      const [a, b] = both(pair, 20_000);
      b.transport.pause!();
      a.fill();
      await sleep(30);
      if (a.transport.unsent !== undefined && holdsBack) {
        ok(a.unsent >= 20_000 || a.sink.has("drained"), `${a.unsent} bytes are unsent`);
      }
      strictEqual(b.sink.over, false);
      let atDrained = -1;
      a.sink.onCall = () => {
        if (atDrained === -1) atDrained = a.unsent;
      };
      b.transport.resume!();
      await until(() => a.sink.has("drained"), "drained was called");
      ok(atDrained < 20_000, `${atDrained} bytes were unsent at drained`);
      await a.arrived(b);
      a.arrivedAt(b);
      strictEqual(a.unsent, 0);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "nothing is received between pause and resume, and nothing is lost",
    applies: (abilities) => pauses(abilities) && abilities.holdsBack !== false,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(10);
      await a.arrived(b);
      b.transport.pause!();
      await sleep(10);
      const before = b.sink.length;
      a.send(50_000);
      await sleep(40);
      strictEqual(b.sink.length, before);
      b.transport.resume!();
      await a.arrived(b);
      a.arrivedAt(b);
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "end() is fulfilled when nothing is unsent, and the peer gets every byte, then the end",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await a.sendAll(MEGABYTE);
      await within(a.transport.end(), "end()");
      strictEqual(a.unsent, 0);
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      strictEqual(b.sink.has("failed"), false);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "end() stays pending while bytes are unsent, because the peer does not read",
    applies: (abilities) => stalls(abilities) && abilities.holdsBack !== false,
    async run(pair) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      const ended = a.transport.end();
      ok(await isPending(ended, 50), "end() was fulfilled");
      ok(a.unsent > 0);
      b.transport.resume!();
      await within(ended, "end()");
      strictEqual(a.unsent, 0);
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "send throws once the sending side has ended",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await within(a.transport.end(), "end()");
      throws(() => a.transport.send(pattern(1)));
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "a peer that has half-closed can still be sent to",
    applies: ({ halfCloses = true }) => halfCloses,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(100);
      await within(a.transport.end(), "end()");
      await until(() => b.sink.has("ended"), "the end had arrived");
      await sleep(300); // a transport that asks whether the peer is gone has asked
      strictEqual(b.sink.has("hungUp"), false);
      await b.sendAll(MEGABYTE);
      await within(b.transport.end(), "end()");
      await until(() => a.sink.over, "the other end had arrived");
      b.arrivedAt(a);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() instead of end() sends everything first, and the sink is not called any more",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(1000);
      await b.arrived(a); // TCP resets a connection that is closed with unread bytes
      await a.sendAll(MEGABYTE);
      a.send(MEGABYTE);
      await a.close();
      strictEqual(a.unsent, 0);
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() that waits for the peer to read calls the sink no more, whatever the peer sends",
    applies: stalls,
    async run(pair) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      const closed = a.close();
      b.send(1000);
      await sleep(30);
      b.transport.resume!();
      await closed;
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() after end(), and a second close(), are fulfilled",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await a.sendAll(100_000);
      await within(a.transport.end(), "end()");
      await a.close();
      await a.close();
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "two ends that both have much to send can be ended and closed",
    applies: ({ halfCloses = true }) => halfCloses,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(2 * MEGABYTE);
      b.send(2 * MEGABYTE);
      await within(Promise.all([a.transport.end(), b.transport.end()]), "end()");
      await until(() => a.sink.over && b.sink.over, "both ends had arrived");
      await Promise.all([a.close(), b.close()]);
      a.arrivedAt(b);
      b.arrivedAt(a);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "abort() is seen by the peer, calls the sink no more, and send throws",
    applies: always,
    async run(pair, { abortFails = false }) {
      const [a, b] = both(pair);
      a.send(10);
      await a.arrived(b);
      a.abort();
      throws(() => a.transport.send(pattern(1)));
      await until(() => b.sink.over, "the peer had seen it");
      if (abortFails) ok(b.sink.has("failed"), `the peer saw ${b.sink.calls}`);
      a.abort();
      await a.close();
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "after abort(), unsent is what the peer does not get",
    applies: (abilities) => abilities.keepsSent === true && stalls(abilities),
    async run(pair) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      await sleep(20);
      a.abort();
      ok(a.unsent > 0);
      b.transport.resume!();
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b, a.sent - a.unsent);
      await b.close();
    },
  },
  {
    name: "a failed send is reported once, after which send throws, and what had arrived is still delivered",
    applies: ({ keepsArrived = false, vanishes = false, pauses = true }) =>
      keepsArrived && vanishes && pauses,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      for (let i = 0; i < 60; i++) b.send(1000); // as much as a socket holds without a reader
      await within(b.transport.end(), "end()");
      a.send(10); // unread when the peer goes
      await pair.vanish!();
      for (let i = 0; i < 200 && !a.sink.has("sendFailed"); i++) {
        try {
          a.send(10_000);
        } catch {
          break;
        }
        await sleep(5);
      }
      await until(() => a.sink.has("sendFailed") || a.sink.has("failed"), "the send had failed");
      a.transport.resume!();
      await until(() => a.sink.over, "the end had been reported");
      b.arrivedAt(a, 60_000);
      ok(a.sink.has("sendFailed"), `calls: ${a.sink.calls}`);
      const error = a.sink.sendFailure as { name: string; code: string; fromPeer: boolean };
      strictEqual(error.name, "ImsgError");
      ok(["EPIPE", "ECONNRESET"].includes(error.code), error.code);
      strictEqual(error.fromPeer, true);
      if (a.transport.unsent !== undefined) ok(a.unsent > 0);
      throws(() => a.transport.send(pattern(1)));
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a peer that is gone is reported by hungUp, after everything that it sent",
    applies: ({ seesGone = false, vanishes = false }) => seesGone && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100_000);
      await until(() => b.unsent === 0, "everything was sent");
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), `hungUp was called (calls: ${a.sink.calls})`);
      b.arrivedAt(a);
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a peer that has half-closed and is gone later is reported by hungUp",
    applies: ({ seesGone = false, vanishes = false }) => seesGone && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100);
      await within(b.transport.end(), "end()");
      await until(() => a.sink.has("ended"), "the end had arrived");
      await sleep(50);
      strictEqual(a.sink.has("hungUp"), false);
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a peer that is gone is reported while the transport is paused with nothing to read",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100);
      await b.arrived(a);
      a.transport.pause!();
      await sleep(10);
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a peer that is gone is not reported before the bytes that a paused transport has not read",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      b.send(1000);
      await pair.vanish!();
      await sleep(50);
      deepStrictEqual(a.sink.calls, []);
      a.transport.resume!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a peer that is gone is reported although the channel pauses at its last bytes",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      b.send(1000);
      await pair.vanish!();
      await sleep(20);
      a.sink.onChunk = () => a.transport.pause!();
      a.transport.resume!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await a.close();
      strictEqual(a.sink.breach, undefined);
    },
  },
  {
    name: "a value arrives once, with the chunk that has the byte that it was sent with",
    applies: ({ value }) => value !== undefined,
    async run(pair, { value }) {
      const [a, b] = both(pair);
      const things = Array.from({ length: 5 }, () => value!());
      const at: number[] = [];
      for (const thing of things) {
        a.send(7000);
        at.push(a.sent);
        a.transport.send(
          pattern(10, a.sent),
          a.transport.claim?.(thing.value) ?? { value: thing.value },
        );
        a.sent += 10;
        await until(() => a.unsent === 0, "it was sent");
      }
      await a.arrived(b);
      a.arrivedAt(b);
      // the system may put bytes from before into the same chunk
      for (const [i, { from, to }] of b.sink.passed.entries()) {
        ok(from <= at[i]! && at[i]! < to, `value ${i} of byte ${at[i]} came with ${from} to ${to}`);
      }
      strictEqual(b.sink.passed.length, things.length);
      for (const [i, { value: arrived }] of b.sink.passed.entries()) {
        ok(things[i]!.same(arrived.value));
        arrived.dispose?.(arrived.value);
      }
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "a value that waits when the transport is aborted is closed",
    applies: (abilities) => abilities.value !== undefined && stalls(abilities),
    async run(pair, { value }) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      const thing = value!();
      a.transport.send(pattern(10), a.transport.claim?.(thing.value) ?? { value: thing.value });
      ok(thing.isOpen());
      a.abort();
      strictEqual(thing.isOpen(), false);
      b.abort();
    },
  },
  {
    name: "ref() and unref() can be called at any time",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      for (const { transport } of [a, b]) {
        transport.unref?.();
        transport.ref?.();
      }
      a.send(10);
      await a.arrived(b);
      await Promise.all([a.close(), b.close()]);
      for (const { transport } of [a, b]) {
        transport.unref?.();
        transport.ref?.();
      }
    },
  },
];
