import type { Passed, Transport, TransportSink } from "../../../ts/channel/transport.ts";
import { ImsgError } from "../../../ts/entry/index.ts";
import type { Thing, Traveller } from "./tracked.ts";

/** The kinds of transport that a life runs over. */
export interface Kind {
  /** See Transport.lingers. */
  readonly lingers: boolean;
  /** Whether it has `unsent`. */
  readonly counts: boolean;
  /** Whether it has `pause` and `resume`. */
  readonly pauses: boolean;
  /** Whether things travel. */
  readonly passes: boolean;
  /** Whether `end` and `close` return nothing if nothing is unsent. */
  readonly atOnce: boolean;
  /** How many chunks arrive without a break. */
  readonly burst: number;
}

/** An event of the peer: bytes, or its end. */
export type Inbound =
  | { readonly chunk: Uint8Array; readonly thing?: Traveller | undefined }
  | { readonly event: "ended" | "gone" }
  | { readonly event: "failed"; readonly error: unknown };

/** The events that the hand reports to the model. */
export interface Watcher {
  /** The channel hands over bytes. */
  handed(bytes: Uint8Array): void;
  /** Bytes of the peer are about to reach the channel. */
  delivering(bytes: number): void;
  /** The channel has broken a rule of Transport. */
  misused(how: string): void;
}

/** The events that only a real transport reports to the model. */
export interface RealWatcher extends Watcher {
  /** How many bytes of the peer have reached the channel. */
  delivered(): number;
  /** The transport is about to report to the channel. */
  reporting(run: () => void): void;
  /** The transport has broken a rule of Transport. */
  wrong(how: string): void;
}

/** A transport with the system below it and the peer: what the model and the steps see of it. */
export interface Below extends Transport {
  readonly passes: boolean;
  /** Bytes that the channel has handed over, that the system has taken, and that it has not. */
  readonly handed: number;
  readonly taken: number;
  readonly waiting: number;
  /** Whether the last send has returned false. */
  readonly full: boolean;
  /** How often there was room again after that. */
  readonly drains: number;
  readonly paused: boolean;
  /** Nothing is taken any more: a write has failed, the peer is gone, or the channel was aborted. */
  readonly dead: boolean;
  /** Whether the system has the channel's end behind all bytes. */
  readonly finished: boolean;
  /** Whether a close has nothing left to wait for. */
  readonly released: boolean;
  /** Whether the connection keeps the process alive. */
  readonly referenced: boolean;
  /** The events that were reported to the channel. */
  readonly reported: { ended?: true; gone?: true; failed?: unknown; sendFailed?: unknown };
  /** The methods that the channel has called. */
  readonly called: { end?: true; close?: true; abort?: { reason: unknown } };
  /** The peer does not read. */
  stalled: boolean;
  /** The next send throws. */
  throwsNext: boolean;
  /** The peer sends something. */
  arrive(...items: Inbound[]): void;
  /** The connection is reset: what has not been delivered is lost. */
  reset(error: unknown): void;
  /** A write fails: nothing more can be sent. */
  failWrite(): void;
  /** The system takes some bytes. */
  take(bytes: number): void;
  /** Moves what can move. Returns whether anything did. */
  pump(): boolean;
  /** The connection is dead: the system takes no more bytes. */
  die(): void;
}

interface Outgoing {
  readonly bytes: number;
  readonly passed: Passed | undefined;
}

const release = ({ value, dispose }: Passed): void => {
  if (dispose !== undefined) dispose(value);
  else (value as Thing).close();
};
const broken = (): ImsgError =>
  new ImsgError("EPIPE", { syscall: "imsgbuf_write", detail: "the hand is broken" });

/**
 * A transport, the system below it and the peer, in the hands of the test. The
 * bytes move when {@link pump} is called, one thing at a time.
 */
export class Hand implements Below {
  declare readonly lingers?: boolean;
  declare readonly unsent?: number;
  declare readonly pause?: () => void;
  declare readonly resume?: () => void;
  declare readonly claim?: (value: unknown) => Passed;
  declare readonly name?: string;
  readonly passes: boolean;
  readonly #kind: Kind;
  readonly #watcher: Watcher;
  #sink!: TransportSink;
  #outgoing: Outgoing[] = [];
  readonly #inbound: Inbound[] = [];
  #ending: (() => void) | undefined;
  #closing: (() => void) | undefined;
  /** Bytes that the channel has handed over, and that the system has taken. */
  handed = 0;
  taken = 0;
  waiting = 0;
  /** Whether the last send has returned false. */
  full = false;
  drains = 0;
  paused = false;
  /** The peer does not read. */
  stalled = false;
  /** The next send throws. */
  throwsNext = false;
  /** A write has failed, or the peer is gone: nothing is taken any more. */
  dead = false;
  /** The events that were reported to the channel. */
  readonly reported: { ended?: true; gone?: true; failed?: unknown; sendFailed?: unknown } = {};
  /** Whether the system has the channel's end behind all bytes. */
  finished = false;
  /** The methods that the channel has called. */
  called: { end?: true; close?: true; abort?: { reason: unknown } } = {};

  constructor(kind: Kind, watcher: Watcher) {
    this.#kind = kind;
    this.#watcher = watcher;
    this.passes = kind.passes;
    if (kind.lingers) this.lingers = true;
    if (kind.atOnce) this.name = "hand";
    if (kind.counts) Object.defineProperty(this, "unsent", { get: () => this.waiting });
    if (kind.pauses) {
      this.pause = () => {
        this.paused = true;
      };
      this.resume = () => {
        this.paused = false;
      };
    }
    if (kind.passes) this.claim = (value) => this.#claim(value as Thing);
  }

  #claim(thing: Thing): Passed {
    if (!thing.ours) throw new ImsgError("EINVAL", { detail: "the thing is claimed" });
    thing.ours = false;
    return {
      value: thing,
      dispose: thing.close,
      release: () => {
        thing.ours = true;
      },
    };
  }

  /** Whether reports still reach the channel. */
  get connected(): boolean {
    return !this.#released && !("failed" in this.reported);
  }

  get #released(): boolean {
    return this.called.close === true || this.called.abort !== undefined;
  }

  /** Whether bytes of the peer wait to be delivered. */
  get holds(): boolean {
    return this.#inbound.length > 0;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    if (!(sink.highWaterMark >= 1)) this.#watcher.misused("start with a mark below 1");
  }

  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean {
    const { end, close, abort } = this.called;
    if (end || close || abort) this.#watcher.misused("send after the end");
    if (this.throwsNext || this.dead) {
      this.throwsNext = false;
      this.die();
      if (passed !== undefined) release(passed);
      const error = broken();
      this.reported.sendFailed ??= error;
      throw error;
    }
    const { length } = bytes;
    this.#watcher.handed(bytes);
    this.#outgoing.push({ bytes: length, passed });
    this.handed += length;
    this.waiting += length;
    if (this.waiting >= this.#sink.highWaterMark) this.full = true;
    return !this.full;
  }

  end(): void | Promise<void> {
    if (this.called.end) this.#watcher.misused("end twice");
    this.called.end = true;
    if (this.#kind.atOnce && this.waiting === 0 && !this.dead) {
      this.finished = true;
      return;
    }
    return new Promise((resolve) => {
      this.#ending = resolve;
    });
  }

  close(): void | Promise<void> {
    this.called.close = true;
    if (this.#kind.atOnce && this.waiting === 0) return;
    return new Promise((resolve) => {
      this.#closing = resolve;
    });
  }

  abort(reason: unknown): void {
    if (this.called.abort !== undefined) this.#watcher.misused("abort twice");
    this.called.abort = { reason };
    this.die();
  }

  get released(): boolean {
    return this.waiting === 0 && !this.dead;
  }

  /** The connection is dead: the system takes no more bytes. */
  die(): void {
    this.dead = true;
    for (const { passed } of this.#outgoing) if (passed !== undefined) release(passed);
    this.#outgoing = [];
  }

  /** Whether the connection keeps the process alive. */
  referenced = true;

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  /** The peer sends something. */
  arrive(...items: Inbound[]): void {
    this.#inbound.push(...items);
  }

  /** The connection is reset: what has not been delivered is lost. */
  reset(error: unknown): void {
    this.#inbound.length = 0;
    this.die();
    this.#report({ event: "failed", error });
  }

  /** A write fails: nothing more can be sent. */
  failWrite(): void {
    this.die();
    const { sendFailed, gone } = this.reported;
    if (!this.connected || sendFailed !== undefined || gone) return;
    const error = broken();
    this.reported.sendFailed = error;
    this.#sink.sendFailed(error);
  }

  /** The system takes some bytes. */
  take(bytes: number): void {
    if (this.dead) return;
    let left = Math.min(bytes, this.waiting);
    this.waiting -= left;
    this.taken += left;
    while (left > 0) {
      const [first, ...others] = this.#outgoing;
      if (first!.passed !== undefined) release(first!.passed);
      const rest = first!.bytes - left;
      this.#outgoing = rest > 0 ? [{ bytes: rest, passed: undefined }, ...others] : others;
      left = Math.max(0, -rest);
    }
    if (!this.full || this.waiting >= this.#sink.highWaterMark) return;
    this.full = false;
    this.drains++;
    if (this.connected) this.#sink.drained();
  }

  /** Moves what can move. Returns whether anything did. */
  pump(): boolean {
    const sent = this.#pumpOut();
    return this.#pumpIn() || sent;
  }

  #pumpOut(): boolean {
    if (this.called.abort !== undefined) return false;
    if (this.dead) {
      const unnoticed = this.waiting > 0 || this.#ending !== undefined;
      const known = this.reported.sendFailed !== undefined || this.reported.gone === true;
      if (!unnoticed || known || !this.connected) return false;
      this.failWrite();
      return true;
    }
    if (this.waiting > 0) {
      if (this.stalled) return false;
      this.take(this.waiting);
      return true;
    }
    const done = [this.#ending, this.#closing].filter((resolve) => resolve !== undefined);
    if (done.length === 0) return false;
    this.finished = true;
    this.#ending = undefined;
    this.#closing = undefined;
    for (const resolve of done) resolve();
    return true;
  }

  #pumpIn(): boolean {
    let moved = false;
    for (let i = 0; i < this.#kind.burst; i++) {
      if (this.#inbound.length === 0 || this.paused || !this.connected) break;
      moved = true;
      this.#report(this.#inbound.shift()!);
    }
    return moved;
  }

  #report(item: Inbound): void {
    if (!this.connected) return;
    if ("chunk" in item) {
      const { chunk, thing } = item;
      this.#watcher.delivering(chunk.length);
      if (thing === undefined) this.#sink.received(chunk);
      else {
        thing.ours = false;
        this.#sink.received(chunk, [{ value: thing.value }]);
      }
    } else if (item.event === "failed") {
      this.reported.failed = item.error;
      this.die();
      this.#sink.failed(item.error);
    } else if (item.event === "ended") {
      this.reported.ended = true;
      this.#sink.ended();
    } else {
      this.reported.gone = true;
      this.die();
      this.#sink.hungUp();
    }
  }
}
