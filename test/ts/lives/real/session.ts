import type { Transport } from "../../../../ts/channel/transport.ts";
import type { FdThing } from "./fd-thing.ts";
import type { Remote } from "./remote.ts";

/** Abilities that only some kinds of real transports have. */
export interface Nature {
  /** `hungUp` is called when the peer is gone. */
  readonly seesGone: boolean;
  /** Closing the connection could overtake bytes that were sent. */
  readonly lingers: boolean;
  /** A peer that resets the connection looks different from one that ends its side. */
  readonly tellsResets?: boolean;
  /** `end` does not wait until nothing is unsent, since the number is not reliable. */
  readonly keeps?: boolean;
}

/** Where descriptors pass: how a life makes and knows them. */
export interface Descriptors {
  /** A new descriptor of the program's. */
  make(name: string): FdThing;
  /** One that the peer is to send. */
  ofPeer(name: string): FdThing;
  /** The system's name for the file of the descriptor; it contains the name of the peer's file. */
  nameOf(value: unknown): string;
  close(value: unknown): void;
}

/** The numbers of open things, by their kinds. */
export type Open = Readonly<Record<string, number>>;

/** A kind of transport, with the peer at its other end. */
export interface Place {
  readonly remote: Remote;
  readonly nature: Nature;
  readonly descriptors?: Descriptors;
  /** A new connection. Its peer end is known when `remote.connected` is true. */
  connect(credit: boolean): Promise<Transport>;
  /** The open things of its connections. */
  open?(): Open;
  stop(): Promise<void>;
}

/** A place of a runtime that also lists its open things. */
export interface Session extends Place {
  open(): Open;
}

type Places = Readonly<Record<string, () => Promise<Place>>>;

/** Sessions of a runtime, each of which lists the open things of its connections and of the runtime. */
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
