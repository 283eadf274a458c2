import type { SendInit } from "../../../ts/batch/message.ts";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgChannel, ImsgError, type ImsgMessage } from "../../../ts/entry/index.ts";
import { bytes as moduleBytes } from "../../../ts/generated/imsg.ts";
import { HEADER_SIZE } from "../../oracle/reference/codec.ts";
import { atRest } from "./at-rest.ts";
import { Clock } from "./clock.ts";
import { type Below, Hand, type Inbound, type RealWatcher } from "./hand.ts";
import { MESSAGE_COST, Model } from "./model.ts";
import { type Bounds, isFull, queuedBytes } from "./queued.ts";
import {
  type Arrival,
  type Read,
  type Sent,
  type Setup,
  type Shown,
  Violation,
} from "./records.ts";
import { macrotask } from "./runtime.ts";
import { Signal, Thing, Tracked, type Traveller } from "./tracked.ts";
import { Cutter, frame, OWN_PID, payload, pidOf } from "./wire.ts";
import type { Writer } from "./writing.ts";

/** The outcome that a message must have. */
export type Expected = Pick<Sent, "expect" | "full">;

/** The module that all lives share, so that one that leaves something behind is seen. */
const instance = createInstance(moduleBytes());

/** The fields that `console.log` prints of a channel. */
function inspect(channel: ImsgChannel): Shown {
  const custom = Symbol.for("nodejs.util.inspect.custom");
  return (channel as unknown as Record<symbol, () => Shown>)[custom]!();
}
/** Rounds of events until a life must have come to rest. */
const PATIENCE = 20_000;

/** Timers that may still run at the end of a life. */
const LAST_TIMERS = 100;

/** Pieces that a message of the peer is cut into at most. */
const PIECES = 30;

/** The longest message of the classic dialect: a longer maxSize means this one. */
const CLASSIC_MAX = 65_535;

/** Memory of messages, in bytes, that is decoded in one turn of the event loop. */
export const TURN = 4 * 1024 * 1024;
/** Decoding stops after the window of 64 KiB that reaches that, which has so many messages at most. */
const WINDOW = 65_536;
const WINDOW_MESSAGES = 4096;

export type Reading = Read["kind"];
/** The messages that a reader receives. */
export type Values = ImsgMessage | ImsgMessage[] | undefined;

/** The layers below the channel of a life: time, and a transport with the peer. */
export interface Ground {
  readonly clock: Clock;
  hand(watcher: RealWatcher): Below;
}

const scripted = (setup: Setup): Ground => ({
  clock: new Clock(),
  hand: (watcher) => new Hand(setup, watcher),
});

/** A channel, the transport below it, and the promises that it has given. */
export class World {
  readonly setup: Setup;
  readonly clock: Clock;
  /** Whether the transport is scripted and time virtual, so that everything is known exactly. */
  readonly isScripted: boolean = true;
  readonly model: Model;
  readonly hand: Below;
  readonly channel: ImsgChannel;
  readonly signals: Signal[] = [];
  readonly things: Traveller[] = [];
  readonly own = new Signal();
  readonly unhandled: unknown[];
  /** Whether the channel keeps the process alive. */
  referenced = true;
  /** The writer of the channel's stream. */
  writer: Writer | undefined;
  /** The reader: a loop, a stream, or none that stays. */
  holder: { kind: Reading; next: () => Promise<Values>; leave: () => void } | undefined;
  /** How many bytes at least a thing comes with. */
  readonly leastWithThing: number = 1;
  /** How many steps were taken. */
  steps = 0;
  /** Whether the peer sends nothing more. */
  inboundOver = false;
  hungUp = false;
  streamEnded = false;
  /** How many times loops were asked for messages. */
  turns = 0;
  readonly #cutter: Cutter;
  #unseen: Uint8Array[] = []; // a call hands bytes over before its message is noted
  #end = 0;
  #decoded = 0;

  constructor(setup: Setup, unhandled: unknown[], ground: Ground = scripted(setup)) {
    const { dialect, maxSize, mark, maxQueued, zero } = setup;
    this.setup =
      dialect === "current" ? setup : { ...setup, maxSize: Math.min(maxSize, CLASSIC_MAX) };
    this.#cutter = new Cutter(dialect);
    this.unhandled = unhandled;
    this.clock = ground.clock;
    this.clock.install();
    this.hand = ground.hand({
      handed: (bytes) => void this.#unseen.push(bytes),
      delivering: (bytes) => this.model.delivering(bytes),
      delivered: () => this.model.delivered,
      reporting: (run) => this.act(run),
      misused: (how) => this.model.violate(`the channel called the transport: ${how}`),
      wrong: (how) => this.model.violate(`the transport: ${how}`),
    });
    this.model = new Model(this.setup, this.hand);
    this.channel = new ImsgChannel(this.hand, {
      instance,
      ...{ pid: OWN_PID, dialect, maxSize },
      highWaterMark: zero && mark === 1 ? 0 : mark,
      maxQueued: zero && maxQueued === 1 ? 0 : maxQueued,
      lingerTimeout: setup.lingerTimeout,
      allowFdPass: setup.passes,
      copy: setup.copy,
      signal: this.own.signal,
    });
    if (setup.watched) this.watch();
  }

  /** Looks at the promises of the channel's end. */
  watch(): void {
    this.model.closed ??= new Tracked("closed", this.channel.closed);
    this.model.peerEnded ??= new Tracked("peerEnded", this.channel.peerEnded);
  }

  /** Looks at the bytes that the channel has handed over. */
  #look(): void {
    const bytes = this.#unseen;
    this.#unseen = [];
    for (const message of bytes.flatMap((each) => this.#cutter.push(each))) {
      this.#end += HEADER_SIZE + message.data.length;
      this.model.handed(message, this.#end);
    }
  }

  /** The channel's fields that inspecting it shows. */
  get shown(): Shown {
    return inspect(this.channel);
  }

  /** Whether the channel has ended. */
  get isClosed(): boolean {
    return this.shown.state === "closed";
  }

  /** How many messages the channel has for a reader. */
  get received(): number {
    return this.shown.received;
  }

  /** Something that the program may send. */
  thing(): Traveller {
    const thing = new Thing(`thing ${this.things.length}`);
    this.things.push(thing);
    return thing;
  }

  /** Something that the peer may send. */
  peerThing(): Traveller {
    return this.thing();
  }

  signal(aborted: boolean): Signal {
    const signal = new Signal();
    if (aborted) signal.abort();
    this.signals.push(signal);
    return signal;
  }

  /** Runs a call of the program, and notes if it was the first reason for an end. */
  act(run: () => void): void {
    const before = this.model.causes();
    run();
    this.#look();
    this.model.noteFirst(before);
  }

  // --- sending ------------------------------------------------------------------

  /** A message with the next number, or with one that is given. */
  init(size: number, peerid: number | undefined, thing?: Traveller, number?: number): SendInit {
    const id = number ?? this.model.sent.length;
    const data = payload(id, size);
    const [pieces, ofOther] = [id % 4 === 1, id % 5 === 2];
    return {
      type: id + 1,
      data: pieces ? [data.subarray(0, size >> 1), data.subarray(size >> 1)] : data,
      ...(ofOther ? { pid: pidOf(id) } : {}),
      ...(peerid === undefined ? {} : { peerid }),
      ...(thing === undefined ? {} : { fd: thing.value }),
    };
  }

  /** The outcome that a message must have if it is sent now, behind bytes of the same call. */
  expectSent(signal: Signal | undefined, before: Bounds = [0, 0]): Expected {
    const { model } = this;
    if (signal?.aborted || model.sendingIsOver || model.closed?.pending === false) {
      return { expect: "refused", full: "no" };
    }
    const [least, most] = queuedBytes(model);
    const full = isFull(model, [least + before[0], most + before[1]]);
    if (model.causes().length > 0) return { expect: "either", full: full === "no" ? "no" : "may" };
    const expects = { must: "refused", may: "either", no: "queued" } as const;
    return { expect: expects[full], full };
  }

  note(sent: Omit<Sent, "id" | "waits">): Sent {
    const { hand, model } = this;
    const waits = hand.full ? hand.drains : undefined;
    const noted = { id: model.sent.length, waits, ...sent };
    model.sent.push(noted);
    return noted;
  }

  // --- receiving ----------------------------------------------------------------

  /** Notes what a reader has got. */
  got(values: Values, byLoop: boolean, takes: boolean, shared = false): void {
    const list = values === undefined ? [] : Array.isArray(values) ? values : [values];
    if (byLoop) this.turns++;
    for (const message of list) {
      this.model.read(message, byLoop ? this.turns : 0, !shared);
      this.keepThing(message, takes);
    }
  }

  /** Takes the thing that a message came with, or leaves it in the message. */
  keepThing(message: ImsgMessage, takes: boolean): void {
    const arrival = this.model.arrivals[message.type - 1];
    if (arrival?.thing === undefined) return;
    if (takes) this.takeThing(arrival);
    else this.model.untaken.read(arrival);
  }

  /** Takes a thing, which comes once, unless it was closed. */
  takeThing(arrival: Arrival): void {
    const { thing, message, id } = arrival;
    const isHere = thing?.ours === false && thing.closed === 0;
    const value = message!.takeFd();
    const there = this.things.filter((each) => each.closed === 0 && each.value !== undefined);
    const taken = there.find((each) => each.value === value);
    if (taken !== undefined) taken.ours = true;
    if (taken !== undefined) arrival.thingIs = "taken";
    if (taken !== (isHere ? thing : undefined)) {
      this.model.violate(`message ${id} has ${taken?.name ?? value}, not ${thing?.name}`);
    }
  }

  // --- the peer -----------------------------------------------------------------

  /** Bytes of the peer, cut at these lengths; a thing begins a chunk. */
  arrive(bytes: Uint8Array, cuts: readonly number[], thing?: Traveller): void {
    const items: Inbound[] = [];
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const cut = (i < PIECES && cuts[i % cuts.length]) || bytes.length;
      const length = thing !== undefined && at === 0 ? Math.max(cut, this.leastWithThing) : cut;
      // the original closes a descriptor whose header is not complete in the same read
      const isCut = thing !== undefined && at === 0 && length < HEADER_SIZE;
      if (isCut) this.model.arrivals.at(-1)!.drop = "must";
      // a chunk is the channel's: it has memory of its own
      items.push({ chunk: bytes.slice(at, at + length), thing: at === 0 ? thing : undefined });
      at += length;
    }
    this.hand.arrive(...items);
  }

  /** A message of the peer's, in bytes. It may mark a descriptor that does not come. */
  peerMessage(
    size: number,
    peerid: number,
    thing?: Traveller,
    lacks = false,
  ): Uint8Array<ArrayBuffer> {
    const id = this.model.arrivals.length;
    this.model.peerSent += size + HEADER_SIZE;
    const end = this.model.peerSent;
    this.model.arrivals.push({
      ...{ id, size, peerid, thing, lacks, end, arrived: false, fate: "waits", late: "no", at: 0 },
      ...{ turn: 0, drop: "no" },
    });
    const fields = { type: id + 1, peerid, pid: pidOf(id), data: payload(id, size) };
    return frame({ ...fields, marked: lacks || thing !== undefined }, this.setup.dialect);
  }

  /** Bytes with a header that cannot be right; the peer sends nothing behind them. */
  garbage(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(24);
    // the classic dialect has 16 bits for a length
    const isLong = this.setup.maxSize === CLASSIC_MAX && length > CLASSIC_MAX;
    new DataView(bytes.buffer).setUint32(4, isLong ? 1 : length, true);
    this.model.garbageAt = this.model.peerSent;
    this.inboundOver = true;
    return bytes;
  }

  /** The peer half-closes, and reads on unless it dies. */
  peerEnds(dies: boolean): void {
    this.inboundOver = true;
    this.hand.arrive({ event: "ended" });
    if (dies) this.hand.die();
  }

  /** The peer is gone, and the system reports that. */
  hangUp(): void {
    this.inboundOver = true;
    this.hungUp = true;
    this.hand.arrive({ event: "gone" });
  }

  /** The connection is reset, at once or behind what has been sent. */
  reset(behind: boolean): void {
    this.inboundOver = true;
    this.hungUp = true;
    const error = new ImsgError("ECONNRESET", { detail: "the hand has reset the connection" });
    if (behind) this.hand.arrive({ event: "failed", error });
    else this.hand.reset(error);
  }

  /** The system takes some bytes. */
  take(bytes: number): void {
    const { taken } = this.hand;
    this.hand.take(bytes);
    if (this.hand.taken > taken) this.model.progressAt = this.clock.now;
  }

  // --- time -----------------------------------------------------------------------

  /** Lets everything happen that does not need time, and checks every promise then. */
  async rest(): Promise<void> {
    for (let i = 0; ; i++) {
      if (i === PATIENCE) throw new Violation("the channel never comes to rest");
      await macrotask();
      this.#endTurn();
      if (this.clock.turn()) continue;
      const { taken } = this.hand;
      let moved = false;
      this.act(() => {
        moved = this.hand.pump();
      });
      if (this.hand.taken > taken) this.model.progressAt = this.clock.now;
      if (!moved && !this.clock.advance(this.clock.now)) break;
    }
    this.settled();
  }

  /** Notes how much was decoded since the last turn. */
  #endTurn(): void {
    const { model, setup, channel } = this;
    if (setup.mark < TURN) return; // so much cannot wait
    const count = this.received + model.gotten + channel.lateReplies;
    const decoded = (model.arrivals[count - 1]?.end ?? 0) + count * MESSAGE_COST;
    if (decoded - this.#decoded > TURN + WINDOW + WINDOW_MESSAGES * MESSAGE_COST) {
      model.violate(`${decoded - this.#decoded} bytes of messages were decoded in one turn`);
    }
    this.#decoded = decoded;
  }

  /** Everything has come to rest: checks every promise. */
  protected settled(): void {
    this.#look();
    this.model.skipped();
    this.check();
  }

  /** Throws if a promise is broken. */
  check(): void {
    const broken = [...this.model.violations, ...atRest(this)];
    if (broken.length > 0) throw new Violation(broken.join("; "));
  }

  /** Lets time pass. */
  async wait(milliseconds: number): Promise<void> {
    const end = this.clock.now + milliseconds;
    while (this.clock.advance(end)) await this.rest();
    await this.rest();
  }

  /** Lets time pass until the life that is to end is over, if it ever is. */
  async lastTimers(): Promise<void> {
    for (let i = 0; i < LAST_TIMERS && this.clock.next !== undefined; i++) {
      await this.wait(this.clock.next - this.clock.now);
    }
  }

  /** Objects of the module that are left when no channel is. */
  static leaks(): string | undefined {
    const { batch } = instance.stats().objects;
    return batch === 0 ? undefined : `${batch} batches are left in the module`;
  }
}
