// The parts of a runtime that lives need and that not every one has under the same name. They are taken
// from the runtime before a life replaces its timers.

interface Scope {
  setImmediate?: (callback: () => void) => unknown;
  process?: { on(event: "unhandledRejection", listener: (error: unknown) => void): unknown };
  addEventListener(type: string, listener: (event: Event) => void): void;
}

const scope = globalThis as unknown as Scope;
const { setImmediate: realImmediate } = scope;
const { setTimeout: realTimeout } = globalThis;

/** Calls back behind the events that wait, by a message to a port: what a browser has for setImmediate. */
function byPort(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()!();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(0);
  };
}

const nextMacrotask = realImmediate ?? byPort();

/** Resolves when every microtask that waits has run, and the events behind them. */
export const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    nextMacrotask(resolve);
  });

/** Resolves after a real time in ms. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    realTimeout(resolve, ms);
  });

/** Calls back for each rejection that is not handled and, in a browser, for each error that is not caught. */
export function onUnhandled(call: (error: unknown) => void): void {
  if (scope.process !== undefined) {
    scope.process.on("unhandledRejection", call);
    return;
  }
  // an event that is not prevented would also be the browser's to report
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    call((event as PromiseRejectionEvent).reason);
  });
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    call((event as ErrorEvent).error);
  });
}

/** The most milliseconds between two looks that {@link Awake} counts. */
const LOOK = 100;

/**
 * The time in which this program could run. A machine that is busy, or stopped, runs neither the program nor
 * its peer, so that such a time is no reason to give up: between two looks at most 100 ms are counted.
 */
export class Awake {
  #last = performance.now();
  #sum = 0;

  /** The milliseconds so far. */
  get ms(): number {
    const now = performance.now();
    this.#sum += Math.min(now - this.#last, LOOK);
    this.#last = now;
    return this.#sum;
  }
}
