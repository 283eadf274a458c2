import { failure, ImsgError } from "../module/error.ts";
import { describeLost } from "./lost.ts";
import type { Transport } from "./transport.ts";

/** Closes a transport that has nothing left to send. Its errors do not matter any more. */
export function closeTransport(transport: Transport): void {
  void Promise.resolve(transport.close()).catch(() => {});
}

/** The methods of its channel that a linger calls. */
export interface LingerOwner {
  /** The limit in ms. */
  readonly timeout: number;
  /** Bytes that the system has not taken yet. */
  unsent(): number;
  /** Whether everything is sent and the peer has ended. */
  ready(): boolean;
  /** The transport is released. With an error, if bytes were lost: so many. */
  done(error: unknown, lost: number): void;
}

/**
 * The closing of a channel. On a transport that lingers, it waits until
 * everything is sent and the peer has ended, or a limit has passed, since
 * closing earlier could reset the connection. Another transport says itself when
 * it has handed everything over.
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

  /** Begins. It may be done before this returns. */
  start(): void {
    const transport = this.#transport;
    const { timeout } = this.#owner;
    this.#last = this.#owner.unsent();
    // also keeps the process alive, if the channel does not
    this.#timer = setTimeout(() => this.#late(), timeout);
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

  /** The transport has closed itself. It has failed if it did not get rid of all bytes. */
  #closed(): void {
    const lost = this.#owner.unsent();
    const error = failure("EPIPE", "imsgbuf_write", "the connection was closed");
    this.#done(describeLost(error, lost), lost);
  }

  /** Something has changed: the end of a side. */
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

  #late(): void {
    const bytes = this.#owner.unsent();
    const { timeout } = this.#owner;
    // a slow peer that reads is given the limit anew
    if (bytes > 0 && bytes < this.#last) {
      this.#last = bytes;
      this.#timer = setTimeout(() => this.#late(), timeout);
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
