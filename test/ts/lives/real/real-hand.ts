import type { Passed, Transport, TransportSink } from "../../../../ts/channel/transport.ts";
import type { Below, Inbound, RealWatcher } from "../hand.ts";
import { FNV, fnv } from "./end.mjs";
import type { FdThing } from "./fd-thing.ts";
import type { Remote } from "./remote.ts";
import type { Descriptors, Nature, Session } from "./session.ts";

/**
 * A real transport between a channel and the peer of a life. It notes what both sides
 * do and report, as the model wants it, and knows what the transport owes them.
 */
export class RealHand implements Below {
  declare readonly lingers?: boolean;
  declare readonly unsent?: number;
  declare readonly pause?: () => void;
  declare readonly resume?: () => void;
  declare readonly claim?: (value: unknown) => Passed;
  readonly passes: boolean;
  readonly #transport: Transport;
  readonly #remote: Remote;
  readonly #nature: Nature;
  readonly #descriptors: Descriptors | undefined;
  readonly #watcher: RealWatcher;
  readonly #things: readonly FdThing[];
  #hash = FNV;
  /** Bytes that were unsent when the channel was aborted. */
  #left: number | undefined;
  #fds = 0;
  #inodes = 0;
  /** Bytes that the peer was commanded to send. */
  #told = 0;
  #peer: "open" | "ends" | "closes" | "resets" = "open";
  /** Whether the command to reset the connection came before the command to end the peer's side. */
  #isReset = false;
  #stalled = false;
  /** Whether the peer was ever commanded to stop reading. */
  #hasStalled = false;
  /** The method of the transport that runs. */
  #inside: string | undefined;
  handed = 0;
  full = false;
  drains = 0;
  paused = false;
  throwsNext = false;
  referenced = true;
  finished = false;
  released = false;
  readonly reported: { ended?: true; gone?: true; failed?: unknown; sendFailed?: unknown } = {};
  called: { end?: true; close?: true; abort?: { reason: unknown } } = {};

  constructor(
    transport: Transport,
    { remote, nature, descriptors }: Session,
    watcher: RealWatcher,
    things: readonly FdThing[],
  ) {
    this.#transport = transport;
    this.#remote = remote;
    this.#nature = nature;
    this.#descriptors = descriptors;
    this.#watcher = watcher;
    this.#things = things;
    this.passes = transport.passes === true && transport.claim !== undefined;
    if (transport.lingers) this.lingers = true;
    if ("unsent" in transport) Object.defineProperty(this, "unsent", { get: () => this.waiting });
    if (transport.pause !== undefined) {
      this.pause = () => {
        this.paused = true;
        this.#call("pause", () => transport.pause!());
      };
      this.resume = () => {
        this.paused = false;
        this.#call("resume", () => transport.resume!());
      };
    }
    if (this.passes) this.claim = (value) => this.#claim(value);
  }

  #claim(value: unknown): Passed {
    const passed = this.#transport.claim!(value);
    const thing = this.#thingOf(value)!;
    thing.ours = false;
    const release = (): void => {
      thing.ours = true;
      passed.release?.();
    };
    return { ...passed, release };
  }

  #thingOf(value: unknown): FdThing | undefined {
    return this.#things.find((each) => each.value === value && each.isOpen);
  }

  get waiting(): number {
    return this.#left ?? this.#transport.unsent ?? 0;
  }

  get taken(): number {
    return this.handed - this.waiting;
  }

  get dead(): boolean {
    const { sendFailed, failed, gone } = this.reported;
    return (
      sendFailed !== undefined ||
      failed !== undefined ||
      gone === true ||
      this.called.abort !== undefined
    );
  }

  // --- what the channel calls ---------------------------------------------------------

  start(sink: TransportSink): void {
    this.#transport.start({
      highWaterMark: sink.highWaterMark,
      received: (chunk, passed) => {
        this.#watcher.delivering(chunk.length);
        if (passed !== undefined) this.#arrived(passed);
        this.#report(() => sink.received(chunk, passed));
      },
      ended: () => {
        if (this.reported.ended) this.#watcher.wrong("ended twice");
        this.#seemsToEnd();
        this.reported.ended = true;
        this.#report(() => sink.ended());
      },
      failed: (error) => {
        if ("failed" in this.reported) this.#watcher.wrong("failed twice");
        this.reported.failed = error;
        this.#report(() => sink.failed(error));
      },
      drained: () => {
        this.full = false;
        this.drains++;
        this.#report(() => sink.drained());
      },
      sendFailed: (error) => {
        this.reported.sendFailed ??= error;
        this.#report(() => sink.sendFailed(error));
      },
      hungUp: () => {
        this.#seemsToEnd();
        this.reported.gone = true;
        this.#report(() => sink.hungUp());
      },
    });
  }

  /** Calls the transport, which must not call the channel meanwhile. */
  #call<T>(name: string, run: () => T): T {
    this.#inside = name;
    try {
      return run();
    } finally {
      this.#inside = undefined;
    }
  }

  #report(run: () => void): void {
    if (this.#inside !== undefined) this.#watcher.wrong(`${this.#inside}() called the sink`);
    if (this.called.close || this.called.abort) {
      this.#watcher.wrong("called the sink after close() or abort()");
    }
    this.#watcher.reporting(run);
  }

  #seemsToEnd(): void {
    if (this.#isReset && this.#nature.tellsResets) {
      this.#watcher.wrong("reported an end, and the peer has reset the connection");
    }
  }

  #arrived([first]: readonly Passed[]): void {
    const fd = first!.value as number;
    const file = this.#descriptors!.nameOf(fd);
    const thing = this.#things.find(({ name }) => file.includes(`:${name} `));
    if (thing === undefined) this.#watcher.wrong(`delivered ${file}`);
    else thing.arrived(fd);
  }

  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean {
    const { end, close, abort } = this.called;
    if (end || close || abort) this.#watcher.misused("send after the end");
    const copy = bytes.slice(); // the transport may transfer the bytes
    const thing = passed === undefined ? undefined : this.#thingOf(passed.value);
    try {
      this.full = !this.#call("send", () => this.#transport.send(bytes, passed));
    } catch (error) {
      if (this.#peer === "open" && !this.dead) this.#watcher.wrong(`send has thrown ${error}`);
      this.reported.sendFailed ??= error;
      throw error;
    }
    this.#watcher.handed(copy);
    this.handed += copy.length;
    this.#hash = fnv(this.#hash, copy);
    if (thing !== undefined) {
      this.#fds++;
      this.#inodes += thing.inode;
    }
    return !this.full;
  }

  end(): void | Promise<void> {
    if (this.called.end) this.#watcher.misused("end twice");
    this.called.end = true;
    return this.#finish(
      this.#call("end", () => this.#transport.end()),
      () => this.#ended(),
    );
  }

  close(): void | Promise<void> {
    this.called.close = true;
    return this.#finish(
      this.#call("close", () => this.#transport.close()),
      () => {
        this.released = true;
      },
    );
  }

  /** end() of the transport is fulfilled: nothing may be left that could be lost. */
  #ended(): void {
    const { waiting } = this;
    if (this.dead || this.#nature.keeps) return;
    if (waiting > 0) this.#watcher.wrong(`end() is fulfilled, and ${waiting} bytes are unsent`);
  }

  #finish(ending: void | Promise<void>, also: () => void): void | Promise<void> {
    const done = (): void => {
      this.finished ||= !this.dead;
      also();
    };
    if (ending instanceof Promise) return ending.then(done);
    done();
  }

  abort(reason: unknown): void {
    this.called.abort = { reason };
    this.#left = this.waiting; // a stream may complete the write that is under way
    this.#call("abort", () => this.#transport.abort(reason));
  }

  ref(): void {
    this.referenced = true;
    this.#transport.ref?.();
  }

  unref(): void {
    this.referenced = false;
    this.#transport.unref?.();
  }

  // --- commands to the peer -------------------------------------------------------------

  get stalled(): boolean {
    return this.#stalled;
  }

  set stalled(stalled: boolean) {
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    this.#hasStalled ||= stalled;
    this.#remote.tell({ command: stalled ? "s" : "g" });
  }

  arrive(...items: Inbound[]): void {
    for (const item of items) {
      if ("chunk" in item) {
        this.#told += item.chunk.length;
        const bytes = item.chunk as Uint8Array<ArrayBuffer>;
        this.#remote.tell({ command: "b", bytes, file: item.thing?.name });
      } else if (item.event === "ended") {
        if (this.#peer === "open") this.#peer = "ends";
        this.#remote.tell({ command: "e" });
      } else if (item.event === "failed") this.reset();
      else this.#hangUp();
    }
  }

  reset(): void {
    this.#isReset ||= this.#peer === "open";
    if (this.#peer !== "closes") this.#peer = "resets";
    this.#remote.tell({ command: "r" });
  }

  #hangUp(): void {
    this.#peer = "closes";
    // one time in four, the peer's process is killed
    if (this.#told % 4 === 0) void this.#remote.kill();
    else this.#remote.tell({ command: "x" });
  }

  take(bytes: number): void {
    this.#remote.tell({ command: "k", number: bytes });
  }

  failWrite(): void {}
  die(): void {}
  pump(): boolean {
    return false;
  }

  // --- what the transport owes ----------------------------------------------------------

  /** The acts that the transport owes without any further event. */
  *owes(): Iterable<string> {
    const { idle } = this.#remote;
    const { ended, gone } = this.reported;
    const { end, close, abort } = this.called;
    if (!idle) yield "the peer obeys";
    const over = abort !== undefined || "failed" in this.reported || gone === true;
    if (over || close) {
      yield* this.#owesPeer();
      return;
    }
    const flows = !this.paused; // with credit, bytes may arrive all the same
    if (this.#peer === "open" || this.#peer === "ends") {
      if (flows && this.#watcher.delivered() < this.#told) {
        yield `${this.#told - this.#watcher.delivered()} bytes of the peer are delivered`;
      }
      yield* this.#owesPeer();
    }
    const isGone = this.#peer === "closes" || this.#peer === "resets";
    if (this.#peer === "closes" && this.#remote.vanishes) return;
    if (this.#peer !== "open" && flows && !ended) yield "the peer's end is reported";
    // when both sides have ended, no report of the death of the peer is due
    if (isGone && this.#nature.seesGone && !end && !this.paused) {
      if (!("sendFailed" in this.reported)) yield "the peer's death is reported";
    }
  }

  /** The bytes and ends that must reach the peer. */
  *#owesPeer(): Iterable<string> {
    const { counts } = this.#remote;
    const { end, close, abort } = this.called;
    if (this.#peer === "closes" || this.#peer === "resets" || this.stalled) return;
    if (abort !== undefined) {
      if (!counts.ended && !counts.failed) yield "the peer sees that the channel was aborted";
      return;
    }
    if (this.dead) return;
    // the limit of the close may have passed before the peer has read everything
    if (close && counts.failed && this.#hasStalled) return;
    if (counts.read < this.handed) {
      yield `${this.handed - counts.read} bytes of ${this.handed} reach the peer`;
    }
    if (this.waiting > 0) yield `${this.waiting} bytes that were taken are not unsent`;
    if (this.full && !close) yield "there is room to send";
    if (counts.fds < this.#fds) yield `${this.#fds} descriptors reach the peer`;
    if ((end || close) && !counts.ended) yield "the peer sees the end";
    if (end && !this.finished) yield "end() is fulfilled";
    if (close && !this.released) yield "the connection is released";
  }

  /** The bytes and ends that have reached the peer and must not have. */
  *wrong(): Iterable<string> {
    const { read, hash, fds, inodes } = this.#remote.counts;
    if (this.#remote.killed || !this.#remote.idle) return;
    if (read > this.handed) yield `the peer has read ${read} bytes, ${this.handed} were sent`;
    if (read === this.handed && hash !== this.#hash) yield "the peer has read other bytes";
    if (fds > this.#fds || (fds === this.#fds && inodes !== this.#inodes)) {
      yield `the peer has other descriptors: ${fds} of ${this.#fds}`;
    }
  }
}
