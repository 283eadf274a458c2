import type { ImsgMessage } from "../../../ts/batch/message.ts";
import type { ImsgInstance } from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { Passed, Transport, TransportSink } from "../../../ts/channel/transport.ts";

/** A value, and its fate so far. */
export class Fate {
  closed = 0;
  taken = 0;
  /** Whether its send must be refused, so that it stays the caller's. */
  readonly refused: boolean;

  constructor(refused = false) {
    this.refused = refused;
  }

  close(): void {
    this.closed++;
  }
}

interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly passed: readonly Passed[];
}

/** One direction of a connection: pieces wait until the test delivers them. */
class Wire implements Transport {
  readonly passes = true;
  readonly claim?: (value: unknown) => Passed;
  readonly #pieces: (Piece | "end" | "failed")[] = [];
  other!: Wire;
  sink!: TransportSink;
  room = true;
  #told = false;

  constructor(claims: boolean) {
    if (claims) this.claim = (value) => ({ value, dispose: (v) => (v as Fate).close() });
  }

  start(sink: TransportSink): void {
    this.sink = sink;
  }

  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean {
    this.#pieces.push({ bytes, passed: passed === undefined ? [] : [passed] });
    return this.room;
  }

  pause(): void {}
  resume(): void {}

  end(): void {
    this.#pieces.push("end");
  }

  close(): void {
    this.end();
  }

  /** The pieces on their way are lost, so the transport closes their values. */
  abort(): void {
    for (const piece of this.#pieces.splice(0)) {
      if (typeof piece === "string") continue;
      for (const { value, dispose } of piece.passed) (dispose ?? closeOwn)(value);
    }
    this.#pieces.push("failed");
  }

  /** Delivers pieces to the other side, cut in two, and with further values. */
  deliver(count: number, cut: number, extras: readonly Fate[]): void {
    const more: Passed[] = extras.map((value) => ({ value }));
    for (const piece of this.#pieces.splice(0, count)) {
      if (this.other.#told) continue;
      if (typeof piece === "string") {
        this.other.#told = true;
        if (piece === "end") this.other.sink.ended();
        else this.other.sink.failed(new Error("the peer has broken off"));
        continue;
      }
      const first = piece.bytes.slice(0, cut === 0 ? undefined : cut);
      this.other.sink.received(first, [...piece.passed, ...more.splice(0)]);
      if (first.length < piece.bytes.length) this.other.sink.received(piece.bytes.slice(cut));
    }
    // no bytes arrived with which the values could have come
    for (const { value } of more) closeOwn(value);
  }
}

function closeOwn(value: unknown): void {
  (value as Fate).close();
}

/** A channel, with the test's received messages and operations. */
export class Side {
  readonly wire: Wire;
  readonly channel: ImsgChannel;
  readonly allowed: boolean;
  readonly got: ImsgMessage[] = [];
  /** Whether a send is refused now. */
  finished = false;
  /** The code of the error that ended the channel. */
  ended: unknown;

  constructor(instance: ImsgInstance, allowFdPass: boolean, claims: boolean) {
    this.wire = new Wire(claims);
    this.allowed = allowFdPass;
    this.channel = new ImsgChannel(this.wire, {
      ...{ instance, allowFdPass, maxSize: 200, highWaterMark: 300 },
    });
    this.channel.closed.then(
      () => this.#over("clean"),
      (error: { code?: string }) => this.#over(error.code ?? "failed"),
    );
  }

  /** Notes that the test has ended this side. */
  async finish(done: Promise<void>): Promise<void> {
    this.finished = true;
    await done.catch(() => {});
  }

  #over(how: string): void {
    this.finished = true;
    this.ended = how;
  }

  /** Receives a message whenever one comes, or the end. */
  receive(): void {
    void this.channel.receive().then(
      (message) => {
        if (message !== undefined) this.got.push(message);
      },
      () => {},
    );
  }
}

/** Two connected sides in an instance. */
export function connected(
  instance: ImsgInstance,
  [one, two]: readonly [boolean, boolean],
  claims: boolean,
): [Side, Side] {
  const sides: [Side, Side] = [new Side(instance, one, claims), new Side(instance, two, claims)];
  sides[0].wire.other = sides[1].wire;
  sides[1].wire.other = sides[0].wire;
  return sides;
}
