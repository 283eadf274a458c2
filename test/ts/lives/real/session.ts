import type { Transport } from "../../../../ts/channel/transport.ts";
import type { FdThing } from "./fd-thing.ts";
import type { Remote } from "./remote.ts";

/** What a kind of real transport can do, besides what every transport must. */
export interface Nature {
  /** `hungUp` is called when the peer is gone. */
  readonly seesGone: boolean;
  /** Closing the connection could overtake bytes that were sent. */
  readonly lingers: boolean;
  /** A peer that resets the connection looks different from one that ends its side. */
  readonly tellsResets?: boolean;
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
  /** What its connections have open now. */
  open?(): Open;
  stop(): Promise<void>;
}

/** A place of a runtime that says what is open in it, too. */
export interface Session extends Place {
  open(): Open;
}

type Places = Readonly<Record<string, () => Promise<Place>>>;

/** Sessions of a runtime, each of which says what its connections and the runtime have open. */
export const sessionsIn = (
  places: Places,
  open: () => Open,
): Readonly<Record<string, () => Promise<Session>>> =>
  Object.fromEntries(
    Object.entries(places).map(([name, make]) => [
      name,
      async () => {
        const place = await make();
        return { ...place, open: () => ({ ...open(), ...place.open?.() }) };
      },
    ]),
  );
