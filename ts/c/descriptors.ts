import { checkFd } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";

/**
 * The descriptor table of an instance: numbers for C, values for JavaScript.
 * A descriptor stands for any value: a MessagePort, a FileHandle, the number
 * of a descriptor of the operating system.
 */
export class Descriptors {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Makes a descriptor for a value and returns its number, the lowest free one
   * from 3. The table owns the value until {@link take}; closing the descriptor
   * calls `dispose`, or the value's `Symbol.dispose` or `close` method.
   * Throws ENOMEM.
   */
  open(value: unknown, dispose?: (value: unknown) => void): number {
    const id = this.#engine.values.add(value, dispose);
    const fd = this.#engine.call.kernel_open(id);
    if (fd === -1) {
      this.#engine.values.take(id);
      throw this.#engine.failure("open");
    }
    return fd;
  }

  /** The value behind a descriptor, which stays open. Throws EBADF. */
  get(fd: number): unknown {
    const id = this.#engine.call.kernel_value(checkFd(fd, "get"));
    const entry = this.#engine.values.peek(id);
    if (entry === undefined) throw new ImsgError("EBADF", { syscall: "get" });
    return entry.value;
  }

  /**
   * Takes the value out of the table: the number is free again, the value is
   * the caller's, and nothing is disposed. Throws EBADF.
   */
  take(fd: number): unknown {
    const id = this.#engine.call.kernel_take(checkFd(fd, "take"));
    const entry = this.#engine.values.take(id);
    if (entry === undefined) throw new ImsgError("EBADF", { syscall: "take" });
    return entry.value;
  }

  /** Closes a descriptor, as C's close does. Throws EBADF. */
  close(fd: number): void {
    if (this.#engine.call.kernel_close(checkFd(fd, "close")) === -1) {
      throw this.#engine.failure("close");
    }
  }

  /** How many host values are in the table or on their way. */
  get size(): number {
    return this.#engine.values.size;
  }
}
