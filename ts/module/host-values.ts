/** A value that a descriptor stands for, and the function that closes the value. */
export interface HostValue {
  readonly value: unknown;
  readonly dispose: ((value: unknown) => void) | undefined;
}

/**
 * The host's side of the descriptor table: C knows a value by a number only.
 *
 * C closes descriptors below frames of the module, where no code of the user
 * may run. So closings are recorded here, and values are disposed when the call
 * has returned.
 */
export class HostValues {
  readonly #values = new Map<number, HostValue>();
  #next = 1;
  #closedFds: number[] = [];
  #gone: HostValue[] = [];
  /** Whether closings are recorded that {@link settle} has not processed. */
  pending = false;

  /** Registers a value and returns its number, which is never 0. */
  add(value: unknown, dispose?: (value: unknown) => void): number {
    const id = this.#next++;
    this.#values.set(id, { value, dispose });
    return id;
  }

  /** Removes a value without disposing it; it is the caller's from then on. */
  take(id: number): HostValue | undefined {
    const entry = this.#values.get(id);
    this.#values.delete(id);
    return entry;
  }

  /** Returns a value, which stays registered. */
  peek(id: number): HostValue | undefined {
    return this.#values.get(id);
  }

  /** How many values are registered. */
  get size(): number {
    return this.#values.size;
  }

  /** Records that C closed a descriptor (-1: one that had been sent already) and a value (0: none). */
  closed(fd: number, id: number): void {
    if (fd >= 0) this.#closedFds.push(fd);
    const entry = id === 0 ? undefined : this.take(id);
    if (entry !== undefined) this.#gone.push(entry);
    this.pending = true;
  }

  /** Reports the recorded closings and disposes their values, in the order of the closings. */
  settle(onClose: ((fd: number) => void) | undefined): void {
    this.pending = false;
    const fds = this.#closedFds;
    const gone = this.#gone;
    this.#closedFds = [];
    this.#gone = [];
    if (onClose !== undefined) for (const fd of fds) reportErrors(() => onClose(fd));
    for (const entry of gone) reportErrors(() => disposeValue(entry));
  }

  /** Drops the recorded closings without disposing the values: the garbage collector closes nothing. */
  forget(): void {
    this.pending = false;
    this.#closedFds = [];
    this.#gone = [];
  }
}

/** Calls the disposer of a value, or its `Symbol.dispose` or `close` method. */
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

/** Runs code of the user. An error of it is reported as uncaught, since it is no failure of the call. */
function reportErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
