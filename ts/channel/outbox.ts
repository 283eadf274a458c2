import type { Batch } from "../core/batch.ts";
import type { MessageInit } from "../core/message.ts";
import { Queue } from "./queue.ts";
import type { Transport } from "./transport.ts";

interface Waiting {
  resolve: () => void;
  reject: (error: unknown) => void;
}

const DONE = Promise.resolve();

/**
 * The sending half of a channel: messages go into the module's queue at once,
 * and their bytes to the transport once per turn, or as soon as there are many.
 */
export class Outbox {
  readonly #batch: Batch;
  readonly #transport: Transport;
  readonly #mark: number;
  readonly #fail: (error: unknown) => void;
  readonly #waiting = new Queue<Waiting>();
  #queued = 0;
  #scheduled = false;
  #full = false;

  constructor(batch: Batch, transport: Transport, mark: number, fail: (error: unknown) => void) {
    this.#batch = batch;
    this.#transport = transport;
    this.#mark = mark;
    this.#fail = fail;
  }

  /** Queues a message; the promise is fulfilled when the transport has room. */
  send(message: MessageInit): Promise<void> {
    this.#queued += this.#batch.compose(message);
    if (!this.#full) {
      if (this.#queued >= this.#mark) this.flush();
      else if (!this.#scheduled) {
        this.#scheduled = true;
        queueMicrotask(this.#turn);
      }
      if (!this.#full) return DONE;
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (!this.#full) this.flush();
  };

  /** Hands what is queued to the transport, full or not. */
  flush(): void {
    if (this.#queued === 0) return;
    this.#queued = 0;
    try {
      const bytes = this.#batch.flush();
      if (bytes !== undefined && !this.#transport.send(bytes)) this.#full = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The transport has room again. */
  drained(): void {
    this.#full = false;
    this.flush();
    while (!this.#full && this.#waiting.length > 0) this.#waiting.shift()!.resolve();
  }

  /** Nothing more will be sent: ends everybody's waiting. */
  finish(error: unknown): void {
    this.#queued = 0;
    for (let w = this.#waiting.shift(); w !== undefined; w = this.#waiting.shift()) {
      if (error === undefined) w.resolve();
      else w.reject(error);
    }
  }
}
