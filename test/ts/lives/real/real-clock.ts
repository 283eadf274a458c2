import { Clock } from "../clock.ts";
import { Awake } from "../runtime.ts";

/**
 * How late a busy machine may run a timer, and how early a timer may run, in ms: Node counts from the begin
 * of the turn of the event loop in which the timer was set.
 */
const LATE = 3000;
const EARLY = 100;

const scope = globalThis as unknown as Record<string, (...args: never[]) => unknown>;

/** Real time. It counts the timers of the runtime that wait, and the immediates. */
export class RealClock extends Clock {
  readonly #start = performance.now();
  readonly #awake = new Awake();
  readonly #waiting = new Map<unknown, number>();
  #immediates_ = 0;
  #restoreReal: () => void = () => {};

  override get now(): number {
    return performance.now() - this.#start;
  }

  override get surely(): number {
    return this.#awake.ms - LATE;
  }

  override get perhaps(): number {
    const { now } = this;
    const stopped = now - this.#awake.ms;
    return now + stopped + EARLY;
  }

  override get timers(): number {
    return this.#waiting.size;
  }

  override install(): void {
    const { setTimeout, clearTimeout, setImmediate } = scope;
    this.#restoreReal = () => Object.assign(scope, { setTimeout, clearTimeout, setImmediate });
    const set = setTimeout as unknown as (run: () => void, ms: number) => unknown;
    const clear = clearTimeout as unknown as (timer: unknown) => void;
    const soon = setImmediate as unknown as ((run: () => void) => unknown) | undefined;
    Object.assign(scope, {
      setTimeout: (run: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => {
        const timer = set(() => {
          this.#waiting.delete(timer);
          run(...args);
        }, ms);
        this.#waiting.set(timer, ms);
        return timer;
      },
      clearTimeout: (timer: unknown) => {
        this.#waiting.delete(timer);
        clear(timer);
      },
    });
    if (soon === undefined) return; // a browser
    Object.assign(scope, {
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => {
        this.#immediates_++;
        return soon(() => {
          this.#immediates_--;
          run(...args);
        });
      },
    });
  }

  /** A timer that is cleared after the life is cleared, too: {@link remove} comes later. */
  override uninstall(): void {}

  /** Restores the timers of the runtime. */
  remove(): void {
    this.#restoreReal();
  }

  /** The timers that wait, by their times in ms. */
  get delays(): readonly number[] {
    return [...this.#waiting.values()];
  }

  /** Whether something waits for the end of a turn of the event loop. */
  override turn(): boolean {
    return this.#immediates_ > 0;
  }

  override get next(): undefined {
    return undefined;
  }
}
