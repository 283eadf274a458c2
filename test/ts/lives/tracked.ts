import { countListeners } from "./listeners.ts";

/** A promise of the channel, and what has become of it. */
export class Tracked<T = unknown> {
  state: "pending" | "fulfilled" | "rejected" = "pending";
  value: T | undefined;
  error: unknown;

  /** Calls back when the promise is settled. */
  constructor(
    readonly name: string,
    promise: Promise<T>,
    settled: (tracked: Tracked<T>) => void = () => {},
  ) {
    promise.then(
      (value) => {
        this.state = "fulfilled";
        this.value = value;
        settled(this);
      },
      (error: unknown) => {
        this.state = "rejected";
        this.error = error;
        settled(this);
      },
    );
  }

  get pending(): boolean {
    return this.state === "pending";
  }

  get fulfilled(): boolean {
    return this.state === "fulfilled";
  }

  get rejected(): boolean {
    return this.state === "rejected";
  }
}

/** A descriptor, or a stand-in for one, that can travel with a message. */
export interface Traveller {
  readonly name: string;
  /** The descriptor that a message carries for it. */
  readonly value: unknown;
  /** How often it was closed. */
  readonly closed: number;
  /** Whether the program has it: it was never given away, or was taken from a message. */
  ours: boolean;
}

/** The stand-in for a descriptor of the scripted transport: it counts its closings. */
export class Thing implements Traveller {
  closed = 0;
  ours = true;

  constructor(readonly name: string) {}

  get value(): this {
    return this;
  }

  readonly close = (): void => {
    this.closed++;
  };
}

/** An AbortSignal that knows how many listeners it has. */
export class Signal {
  readonly #controller = new AbortController();
  /** The reason of {@link abort}. */
  readonly reason = new Error("the signal's reason");
  listeners = 0;
  readonly signal: AbortSignal;

  constructor() {
    this.signal = this.#controller.signal;
    countListeners(this.signal, (count) => {
      this.listeners = count;
    });
  }

  get aborted(): boolean {
    return this.signal.aborted;
  }

  abort(): void {
    this.#controller.abort(this.reason);
    this.listeners = 0; // they were to be called once
  }
}
