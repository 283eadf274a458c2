import { failure, ImsgError } from "../module/error.ts";
import { describeLost } from "./lost.ts";
import type { Transport } from "./transport.ts";

/** Closes a transport that has nothing left to send. Its errors do not matter any more. */
export function closeTransport(transport: Transport): void {
  void Promise.resolve(transport.close()).catch(() => {});
}

/** ms of a limit that begin only when the time before them has passed. */
const LAST_PART = 50;

/** The methods of its channel that a linger calls. */
export interface LingerOwner {
  /** The limit in ms. */
  readonly timeout: number;
  /** Bytes that the system has not taken yet. */
  unsent(): number;
  /** Whether everything is sent and the peer has ended. */
  ready(): boolean;
  /** The transport is released. If bytes were lost, there is an error, and `lost` is their number. */
  done(error: unknown, lost: number): void;
}

/**
 * The closing of a channel. On a transport that lingers, it waits until
 * everything is sent and the peer has ended, or a limit has passed, since
 * closing earlier could reset the connection. On another transport it waits for the
 * promise of `close`.
 */
export class Linger {
  readonly #transport: Transport;
  readonly #owner: LingerOwner;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #last = Infinity;

  constructor(transport: Transport, owner: LingerOwner) {
    this.#transport = transport;
    this.#owner = owner;
  }

  /** Begins. It may call `done` before it returns. */
  start(): void {
    const transport = this.#transport;
    this.#last = this.#owner.unsent();
    // also keeps the process alive, if the channel does not
    this.#wait();
    if (transport.lingers === true) {
      transport.ref?.();
      this.update();
      return;
    }
    const closing = transport.close();
    const done = (): void => this.#closed();
    if (closing instanceof Promise) closing.then(done, done);
    else done();
  }

  /** The transport has closed itself. If bytes are unsent, they are lost, and it has failed. */
  #closed(): void {
    const lost = this.#owner.unsent();
    const error = failure("EPIPE", "imsgbuf_write", "the connection was closed");
    this.#done(describeLost(error, lost), lost);
  }

  /** A side has ended. */
  update(): void {
    if (this.#over || this.#transport.lingers !== true || !this.#owner.ready()) return;
    closeTransport(this.#transport);
    this.#done(undefined, 0);
  }

  /** The transport has failed, or is broken off. Bytes that it had not taken are lost. */
  failed(error: unknown, lost = this.#owner.unsent()): void {
    if (this.#over) return;
    const described = describeLost(error, lost);
    this.#transport.abort(described);
    this.#done(described, lost);
  }

  /**
   * Waits for the limit, in two parts. A process that has stood still handles during the second
   * what happened meanwhile.
   */
  #wait(): void {
    const { timeout } = this.#owner;
    const last = Math.min(timeout / 2, LAST_PART);
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#late(), last);
    }, timeout - last);
  }

  #late(): void {
    const bytes = this.#owner.unsent();
    const { timeout } = this.#owner;
    // a slow peer that reads is given the limit anew
    if (bytes > 0 && bytes < this.#last) {
      this.#last = bytes;
      this.#wait();
      return;
    }
    if (bytes === 0) {
      closeTransport(this.#transport);
      this.#done(undefined, 0);
      return;
    }
    const detail = `${bytes} bytes were not sent within ${timeout} ms, the option lingerTimeout`;
    this.failed(new ImsgError("ETIMEDOUT", { syscall: "close", detail, lostBytes: bytes }), bytes);
  }

  #done(error: unknown, lost: number): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#owner.done(lost > 0 ? error : undefined, lost);
  }
}
