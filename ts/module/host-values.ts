/** A value that a descriptor stands for, and what to do when it is closed. */
export interface HostValue {
  readonly value: unknown;
  readonly dispose: ((value: unknown) => void) | undefined;
}

/**
 * The host's side of the descriptor table: C knows a value by a number only.
 *
 * Closing happens below frames of the module, where no code of the user's may
 * run; so it is noted here, and done when the call has returned.
 */
export class HostValues {
  readonly #values = new Map<number, HostValue>();
  #next = 1;
  #closedFds: number[] = [];
  #gone: HostValue[] = [];
  /** Whether {@link settle} has something to do. */
  pending = false;

  /** Registers a value; the number is never 0. */
  add(value: unknown, dispose?: (value: unknown) => void): number {
    const id = this.#next++;
    this.#values.set(id, { value, dispose });
    return id;
  }

  /** Gives a value away: it is forgotten here, and not disposed. */
  take(id: number): HostValue | undefined {
    const entry = this.#values.get(id);
    this.#values.delete(id);
    return entry;
  }

  /** The value, which stays here. */
  peek(id: number): HostValue | undefined {
    return this.#values.get(id);
  }

  /** How many values are registered. */
  get size(): number {
    return this.#values.size;
  }

  /** Told by C: a number was closed, and perhaps a value with it. */
  closed(fd: number, id: number): void {
    if (fd >= 0) this.#closedFds.push(fd);
    const entry = id === 0 ? undefined : this.take(id);
    if (entry !== undefined) this.#gone.push(entry);
    this.pending = true;
  }

  /** Disposes what was closed, in that order. */
  settle(onClose: ((fd: number) => void) | undefined): void {
    this.pending = false;
    const fds = this.#closedFds;
    const gone = this.#gone;
    this.#closedFds = [];
    this.#gone = [];
    if (onClose !== undefined) for (const fd of fds) apart(() => onClose(fd));
    for (const entry of gone) apart(() => disposeValue(entry));
  }

  /** Forgets what was closed without disposing it: the collector's way. */
  forget(): void {
    this.pending = false;
    this.#closedFds = [];
    this.#gone = [];
  }
}

function disposeValue({ value, dispose }: HostValue): void {
  if (dispose !== undefined) {
    dispose(value);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const { close } = value as { close?: unknown };
  const symbol = (Symbol as { dispose?: symbol }).dispose;
  const own = symbol === undefined ? undefined : (value as Record<symbol, unknown>)[symbol];
  if (typeof own === "function") own.call(value);
  else if (typeof close === "function") close.call(value);
}

/** What users' code throws here must not look like a failure of the call. */
function apart(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
