import type { Transport } from "../../../../ts/channel/transport.ts";
import type { FdThing } from "./fd-thing.ts";
import type { Remote } from "./remote.ts";

/** What a kind of real transport can do, besides what every transport must. */
export interface Nature {
  /** `hungUp` is called when the peer is gone. */
  readonly seesGone: boolean;
  /** Closing the connection could overtake bytes that were sent. */
  readonly lingers: boolean;
}

/** Where descriptors pass: how a life makes and knows them. */
export interface Descriptors {
  /** A new descriptor of the program's. */
  make(name: string): FdThing;
  /** One that the peer is to send. */
  ofPeer(name: string): FdThing;
  /** What the system says that the descriptor is: the name of a peer's stands in it. */
  nameOf(value: unknown): string;
  close(value: unknown): void;
}

/** What is open, by kinds: how many of each. */
export type Open = Readonly<Record<string, number>>;

/** A kind of transport, with the peer at its other end. */
export interface Place {
  readonly remote: Remote;
  readonly nature: Nature;
  readonly descriptors?: Descriptors;
  /** A new connection. Its peer end is known when `remote.connected` is true. */
  connect(credit: boolean): Promise<Transport>;
  stop(): Promise<void>;
}

/** A place of a runtime that says what is open in it. */
export interface Session extends Place {
  open(): Open;
}
