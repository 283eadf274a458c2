import type { Transport } from "../../../../ts/channel/transport.ts";
import { HEADER_SIZE } from "../../../oracle/reference/codec.ts";
import { close } from "../ending.ts";
import { type Setup, Violation } from "../records.ts";
import { Awake, macrotask, sleep } from "../runtime.ts";
import type { Traveller } from "../tracked.ts";
import { World } from "../world.ts";
import type { FdThing } from "./fd-thing.ts";
import { RealClock } from "./real-clock.ts";
import { RealHand } from "./real-hand.ts";
import type { Session } from "./session.ts";

/** How long anything may take on a busy machine, in ms. */
const PATIENCE = 10_000;
/** The longest that a step waits, in ms. */
const NAP = 15;
/** How often it is asked without a rest in between whether something has happened. */
const EAGER = 30;

let lives = 0;

/** A channel over a real transport, and the peer. */
export class RealWorld extends World {
  override readonly isScripted = false;
  /** The system joins pieces: a descriptor that comes with part of a header may be another's. */
  override readonly leastWithThing = HEADER_SIZE;
  override readonly things: FdThing[];
  readonly #session: Session;
  readonly #hand: RealHand;
  readonly #life = ++lives;

  constructor(setup: Setup, unhandled: unknown[], session: Session, transport: Transport) {
    const things: FdThing[] = [];
    let made: RealHand | undefined;
    super(setup, unhandled, {
      clock: new RealClock(),
      hand: (watcher) => {
        made = new RealHand(transport, session, watcher, things);
        return made;
      },
    });
    this.#hand = made!;
    this.#session = session;
    this.things = things;
  }

  override thing(): FdThing {
    const thing = this.#session.descriptors!.make(this.#nextName());
    this.things.push(thing);
    return thing;
  }

  override peerThing(): Traveller {
    const thing = this.#session.descriptors!.ofPeer(this.#nextName());
    this.things.push(thing);
    return thing;
  }

  #nextName(): string {
    return `life-${this.#life}-${this.things.length}`;
  }

  /** Waits until nothing is left to happen, and checks every promise then. */
  override async rest(): Promise<void> {
    await this.#until(() => this.#first(this.#hand.owes()));
    await this.#quiet();
    for (const wrong of this.#hand.wrong()) this.model.violate(`the transport: ${wrong}`);
    this.settled();
  }

  /** The events so far, for the text of a violation. */
  get #state(): string {
    const { called, reported, paused, handed, waiting } = this.#hand;
    return JSON.stringify({
      called,
      reported,
      paused,
      handed,
      waiting,
      ...this.#session.remote.counts,
    });
  }

  override check(): void {
    try {
      super.check();
    } catch (error) {
      throw new Violation(`${(error as Error).message}; ${this.#state}`);
    }
  }

  /** Waits for the ends of turns that the channel waits for. */
  async #quiet(): Promise<void> {
    await macrotask();
    while (this.clock.turn()) await macrotask();
    await macrotask();
  }

  #first(list: Iterable<string>): string | undefined {
    for (const each of list) return each;
    return undefined;
  }

  async #until(waits: () => string | undefined): Promise<void> {
    const awake = new Awake();
    for (let i = 0; ; i++) {
      const what = waits();
      if (what === undefined) return;
      if (awake.ms > PATIENCE) {
        throw new Violation(`the transport: waited in vain until ${what}; ${this.#state}`);
      }
      if (i < EAGER) await macrotask();
      else await sleep(1);
    }
  }

  override async wait(milliseconds: number): Promise<void> {
    await sleep(Math.min(milliseconds, NAP));
    await this.rest();
  }

  override async lastTimers(): Promise<void> {
    const { nature, remote } = this.#session;
    // on TCP, the death of a peer that had half-closed shows when the program does something
    const misses = !nature.seesGone || remote.vanishes;
    if (misses && !this.isClosed && this.model.closing === undefined) {
      this.act(() => close(this));
      await this.rest();
    }
    await this.#until(() => (this.model.closed!.pending ? "closed is settled" : undefined));
  }

  /** Closes what the program has taken or never sent. */
  closeThings(): void {
    for (const thing of this.things) {
      if (thing.ours && thing.isOpen) this.#session.descriptors!.close(thing.value);
    }
  }
}
