import type { Batch } from "../batch/batch.ts";
import type { SendInit } from "../batch/message.ts";
import { ImsgError } from "../module/error.ts";
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
  readonly #passes: boolean;
  #queued = 0;
  #scheduled = false;
  #full = false;

  constructor(
    batch: Batch,
    transport: Transport,
    mark: number,
    passes: boolean,
    fail: (error: unknown) => void,
  ) {
    this.#batch = batch;
    this.#transport = transport;
    this.#mark = mark;
    this.#passes = passes;
    this.#fail = fail;
  }

  /** Queues a message; the promise is fulfilled when the transport has room. */
  send(message: SendInit): Promise<void> {
    this.#queued += message.fd === undefined ? this.#batch.compose(message) : this.#pass(message);
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

  /** Queues a message with a value, which stays the caller's if that fails. */
  #pass(message: SendInit): number {
    if (!this.#passes) {
      throw new ImsgError("EINVAL", { syscall: "imsg_compose", detail: "allowFdPass is not set" });
    }
    const claimed = this.#transport.claim?.(message.fd);
    const { engine } = this.#batch;
    const { values, call } = engine;
    try {
      const fd = engine.openValue(message.fd, claimed?.dispose, "imsg_compose");
      try {
        return this.#batch.compose(message, fd);
      } catch (error) {
        if (engine.trapped === undefined) values.take(call.kernel_take(fd));
        throw error;
      }
    } catch (error) {
      claimed?.release?.();
      throw error;
    }
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
      for (let more = true; more; ) {
        const piece = this.#batch.take();
        if (piece === undefined) break;
        if (!this.#transport.send(piece.data, piece.passed)) this.#full = true;
        more = piece.more;
      }
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
