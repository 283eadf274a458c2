import type { ImsgMessage } from "../batch/message.ts";
import type { Engine } from "../module/engine.ts";
import { UNTAKEN } from "./limits.ts";
import type { Passed } from "./transport.ts";

/**
 * The descriptors that came with messages and have not been taken. Each is
 * closed with its message, at the latest when the channel ends. A reader that
 * ignores descriptors loses the oldest ones, and can read on.
 */
export class ReceivedFds {
  readonly #engine: Engine;
  #messages: Set<ImsgMessage> | undefined; // most channels receive none

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Makes descriptors of the values, at least one, that came with a chunk, and returns the
   * number of the first. The others are closed, as the original does.
   * Throws ENOMEM; every value is closed then.
   */
  open(passed: readonly Passed[]): number {
    const [first, ...others] = passed as [Passed, ...Passed[]];
    this.discard(others);
    try {
      return this.#engine.openValue(first.value, first.dispose, "recvmsg");
    } catch (error) {
      this.discard([first]);
      throw error;
    }
  }

  /** Closes values that came with bytes that are not decoded. */
  discard(passed: readonly Passed[]): void {
    if (passed.length === 0) return;
    const { values } = this.#engine;
    for (const { value, dispose } of passed) values.closed(-1, values.add(value, dispose));
    this.#engine.settle();
  }

  /** Remembers a message with a descriptor until the descriptor is taken or closed. */
  add(message: ImsgMessage): void {
    this.#messages ??= new Set();
    this.#messages.add(message);
    message.watch((gone) => this.#messages!.delete(gone));
    if (this.#messages.size <= UNTAKEN) return;
    const [oldest] = this.#messages;
    oldest!.dispose();
  }

  /** Whether any has not been taken. */
  get any(): boolean {
    return (this.#messages?.size ?? 0) > 0;
  }

  /** Closes the descriptors that have not been taken. */
  close(): void {
    for (const message of this.#messages ?? []) message.dispose();
  }
}
