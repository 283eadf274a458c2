interface Timers {
  Deno?: { refTimer(id: unknown): void; unrefTimer(id: unknown): void };
}

/** Sets whether a timer keeps the process alive, in Node, Deno and Bun. */
export function keepTimerAlive(timer: ReturnType<typeof setTimeout>, alive: boolean): void {
  const object = timer as unknown as { ref?(): void; unref?(): void };
  const { Deno } = globalThis as Timers;
  if (typeof object === "object") alive ? object.ref?.() : object.unref?.();
  else alive ? Deno?.refTimer(timer) : Deno?.unrefTimer(timer);
}

/** Calls a function again and again until it is stopped. */
export interface Repeater {
  /** Sets whether the calls keep the process alive, as they do at first. */
  keepAlive(alive: boolean): void;
  /** Ends the calls. */
  stop(): void;
}

/** Calls a function every so many milliseconds. */
export function repeat(call: () => void, milliseconds: number): Repeater {
  const timer = setInterval(call, milliseconds);
  return {
    keepAlive: (alive) => keepTimerAlive(timer, alive),
    stop: () => clearInterval(timer),
  };
}

/** How often a transport asks whether a peer that has half-closed is gone, in milliseconds. */
export const PROBE_INTERVAL = 250;
