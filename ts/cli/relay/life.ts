import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { CloseCode, Closing } from "./closing.ts";
import { Patience } from "./patience.ts";

/** Times in milliseconds; 0 switches a check off. */
export interface LifeRules {
  ping: number;
  idleTimeout: number;
}

/** The callbacks of a {@link Life}. */
export interface LifeEvents {
  /** The connection must end, for this reason. */
  over(closing: Closing): void;
  /**
   * Whether the relay does not read from the client, because the daemon takes
   * no more. The relay cannot see a pong then.
   */
  held(): boolean;
}

/**
 * Finds clients that have vanished, by pings, and ends connections on which no
 * message moves, if that is asked for.
 *
 * A pong is not the only sign of life: it can wait behind the bytes that a slow
 * client still has to read. So any byte that arrives from the client, and any
 * byte that leaves for it, counts as well.
 */
export class Life {
  readonly #socket: WebSocket;
  readonly #rules: LifeRules;
  readonly #events: LifeEvents;
  readonly #pings: ReturnType<typeof setInterval> | undefined;
  readonly #idle: Patience | undefined;
  #judging: ReturnType<typeof setImmediate> | undefined;
  #pinged = false;
  #ponged = false;
  #seen = 0;

  constructor(socket: WebSocket, rules: LifeRules, events: LifeEvents) {
    this.#socket = socket;
    this.#rules = rules;
    this.#events = events;
    socket.on("pong", () => {
      this.#ponged = true;
    });
    if (rules.ping > 0) this.#pings = setInterval(() => this.#check(), rules.ping);
    const { idleTimeout } = rules;
    if (idleTimeout === 0) return;
    const why = `nothing was sent or taken for ${idleTimeout / 1000} s`;
    const late = (): void => events.over(new Closing(CloseCode.idle, why));
    this.#idle = new Patience(idleTimeout, late);
  }

  /** A message has moved. */
  moved(): void {
    this.#idle?.refresh();
  }

  /** Ends the checks. */
  stop(): void {
    clearInterval(this.#pings);
    clearImmediate(this.#judging);
    this.#idle?.stop();
  }

  #check(): void {
    if (this.#isAlive()) this.#ping();
    else {
      // when the relay itself has stood still, the timer fires before the pongs that came are read
      this.#judging = setImmediate(() => {
        if (this.#isAlive()) this.#ping();
        else {
          const why = `no pong for ${this.#rules.ping / 1000} s`;
          this.#events.over(new Closing(CloseCode.idle, why));
        }
      });
    }
  }

  #isAlive(): boolean {
    return !this.#pinged || this.#ponged || this.#events.held() || this.#moves() > this.#seen;
  }

  /** Bytes that have arrived from the client or left for it. */
  #moves(): number {
    // ws has no public figures of its socket
    const { _socket: raw } = this.#socket as unknown as { _socket: Socket | undefined };
    return raw === undefined ? 0 : raw.bytesRead + raw.bytesWritten - raw.writableLength;
  }

  #ping(): void {
    this.#pinged = true;
    this.#ponged = false;
    this.#socket.ping(undefined, undefined, () => {});
    // the ping itself is no sign of life, if the system has taken it at once
    this.#seen = this.#moves();
  }
}
