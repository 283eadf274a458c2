interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * Time that passes at the test's command. While it is installed, `setTimeout`,
 * `clearTimeout` and `setImmediate` of the runtime are those of the clock.
 */
export class Clock {
  #now = 0;
  readonly #timers = new Map<number, Timer>();
  #immediates: (() => void)[] = [];
  #last = 0;
  #restore: () => void = () => {};

  /** The time in ms. */
  get now(): number {
    return this.#now;
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** A time that has surely passed, and one that has perhaps: where time is real, they differ. */
  get surely(): number {
    return this.now;
  }
  get perhaps(): number {
    return this.now;
  }

  /** Takes the place of the runtime's timers. */
  install(): void {
    const scope = globalThis as unknown as Record<string, unknown>;
    const own: Record<string, unknown> = {
      setTimeout: (run: () => void, delay = 0) => {
        this.#timers.set(++this.#last, { at: this.now + Math.max(0, delay), run });
        return this.#last;
      },
      clearTimeout: (timer: number | undefined) => {
        if (timer !== undefined) this.#timers.delete(timer);
      },
      setImmediate: (run: () => void) => void this.#immediates.push(run),
    };
    const before = Object.keys(own).map((name) => [name, scope[name]] as const);
    Object.assign(scope, own);
    this.#restore = () => Object.assign(scope, Object.fromEntries(before));
  }

  /** Restores the timers of the runtime. */
  uninstall(): void {
    this.#restore();
  }

  /** Ends a turn of the event loop. Returns whether anything waited for that. */
  turn(): boolean {
    const run = this.#immediates;
    this.#immediates = [];
    for (const callback of run) callback();
    return run.length > 0;
  }

  /** Runs the next timer that is due by a time, and returns true; if there is none, it is that time. */
  advance(to: number): boolean {
    let next: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].at <= to && (next === undefined || entry[1].at < next[1].at)) next = entry;
    }
    if (next === undefined) {
      this.#now = Math.max(this.now, to);
      return false;
    }
    const [number, { at, run }] = next;
    this.#timers.delete(number);
    this.#now = Math.max(this.now, at);
    run();
    return true;
  }

  /** The time of the next timer, if any waits. */
  get next(): number | undefined {
    const times = [...this.#timers.values()].map(({ at }) => at);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
