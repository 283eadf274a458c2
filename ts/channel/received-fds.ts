import type { ImsgMessage } from "../batch/message.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import type { Passed } from "./transport.ts";

/** How many descriptors may wait to be taken before the channel ends. */
const UNTAKEN = 64;

/**
 * The descriptors that came with messages and that nobody has taken: closed
 * with their message, at the latest when the channel ends.
 */
export class Arrivals {
  readonly #engine: Engine;
  #messages: Set<ImsgMessage> | undefined; // most channels get none

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Makes descriptors of the values that came with a chunk: the number of the
   * first, or -1. The others are closed, as the original does.
   */
  open(passed: readonly Passed[]): number {
    const { call, values } = this.#engine;
    const numbers: number[] = [];
    try {
      for (const { value, dispose } of passed) {
        const id = values.add(value, dispose);
        const fd = call.kernel_open(id);
        if (fd === -1) {
          values.closed(-1, id);
          throw this.#engine.failure("recvmsg");
        }
        numbers.push(fd);
      }
    } catch (error) {
      for (const fd of numbers) call.kernel_close(fd);
      if (values.pending) this.#engine.settle();
      throw error;
    }
    for (const fd of numbers.slice(1)) call.kernel_close(fd);
    return numbers[0] ?? -1;
  }

  /** Keeps an eye on a message with a descriptor. */
  add(message: ImsgMessage): void {
    this.#messages ??= new Set();
    this.#messages.add(message);
    message.watch((gone) => this.#messages!.delete(gone));
  }

  /** The error of too many that nobody takes. */
  overflow(): ImsgError | undefined {
    const size = this.#messages?.size ?? 0;
    if (size <= UNTAKEN) return undefined;
    const detail = `${size} descriptors wait to be taken, ${UNTAKEN} may`;
    return new ImsgError("ERR_IMSG_OVERFLOW", { detail });
  }

  /** Closes what nobody has taken. */
  close(): void {
    for (const message of this.#messages ?? []) message.dispose();
  }
}
