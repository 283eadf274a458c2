/** The steps of a time-out. A standstill of the relay counts as one of them at most. */
const STEPS = 4;

/**
 * A time-out by which the relay judges a peer. It counts the time in which the relay runs: while the
 * relay stands still (a suspended machine, SIGSTOP, a blocked event loop), a peer cannot show that it is
 * alive. So a standstill, however long, counts as a quarter of the time at most, and the bytes that came
 * meanwhile are read before the time-out is called.
 */
export class Patience {
  readonly #timer: ReturnType<typeof setTimeout>;
  #late: ReturnType<typeof setImmediate> | undefined;
  #left = STEPS;

  /** Calls `late` after so many milliseconds without {@link refresh}. */
  constructor(milliseconds: number, late: () => void) {
    this.#timer = setTimeout(() => {
      this.#left--;
      if (this.#left > 0) this.#timer.refresh();
      // timers run before sockets are read, immediates run after
      else this.#late = setImmediate(late);
    }, milliseconds / STEPS);
  }

  /** Starts the time-out again from zero. */
  refresh(): void {
    this.#left = STEPS;
    clearImmediate(this.#late);
    this.#timer.refresh();
  }

  /** Ends the time-out. */
  stop(): void {
    clearImmediate(this.#late);
    clearTimeout(this.#timer);
  }

  /** Ends the time-out when a signal aborts. */
  until(signal: AbortSignal): void {
    if (signal.aborted) this.stop();
    else signal.addEventListener("abort", () => this.stop(), { once: true });
  }
}
