import { show } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/** The name of the protocol with credit: a WebSocket's subprotocol, a data channel's protocol. */
export const CREDIT_PROTOCOL = "imsg.credit";

/** How many bytes each side may send before the peer has granted any. Part of the protocol. */
export const WINDOW = 65536;
/**
 * The most credit that a sender holds, in bytes. Without a limit, a peer that
 * grants much and reads nothing would let the sender's memory grow.
 */
const MOST = 16 * 1024 * 1024;

/**
 * Flow control over a transport that cannot stop its peer: the receiver grants
 * the sender credit in bytes for what it has consumed, and the sender waits when
 * its credit is used up.
 *
 * Both sides start with a window of 65,536 bytes. A piece may be larger than
 * the credit that is left, so a receiver gets at most one piece more than it
 * granted. A receiver whose high-water mark is larger than the window grants the
 * difference at the start.
 */
export class Credit {
  readonly #grant: (bytes: number) => void;
  #left = WINDOW;
  #owed = 0;
  #paused = false;

  /** @param grant sends a grant to the peer; the number is a positive integer */
  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
  }

  /** Whether the sender may send. */
  get available(): boolean {
    return this.#left > 0;
  }

  /** Grants the peer the bytes by which the receiver's high-water mark exceeds the window. */
  open(highWaterMark: number): void {
    const more = Math.min(highWaterMark, MOST) - WINDOW;
    if (more > 0) this.#grant(more);
  }

  /** Counts bytes that were sent. */
  spend(bytes: number): void {
    this.#left -= bytes;
  }

  /** Adds the credit that the peer has granted. Throws EBADMSG if it is no credit, or more than a sender holds. */
  earn(bytes: unknown): void {
    const valid = typeof bytes === "number" && Number.isInteger(bytes) && bytes > 0;
    if (!valid || this.#left + bytes > MOST) {
      const detail = `credit must be an integer from 1 to ${MOST - this.#left}, not ${show(bytes)}`;
      throw new ImsgError("EBADMSG", { syscall: "imsgbuf_read", detail });
    }
    this.#left += bytes;
  }

  /** Counts bytes that the channel took. Grants them in steps of half a window, unless it has paused. */
  consume(bytes: number): void {
    this.#owed += bytes;
    if (!this.#paused && this.#owed >= WINDOW / 2) this.#settle();
  }

  /** The channel has no room: grants nothing until {@link resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** The channel has room again: grants the bytes that it took while it was paused. */
  resume(): void {
    this.#paused = false;
    if (this.#owed > 0) this.#settle();
  }

  #settle(): void {
    const bytes = this.#owed;
    this.#owed = 0;
    this.#grant(bytes);
  }
}
