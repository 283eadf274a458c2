import { checkFd } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { failure } from "../module/error.ts";
import { checked } from "./results.ts";

/**
 * The descriptor table of an instance, which maps the numbers that C knows to
 * values of JavaScript. A value may be anything: a MessagePort, a FileHandle,
 * the number of a descriptor of the operating system.
 */
export class Descriptors {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Makes a descriptor for a value and returns its number, the lowest free one
   * from 3 on. The table owns the value until {@link take}. Closing the
   * descriptor calls `dispose`, or else the value's `Symbol.dispose` or `close`
   * method. Throws ENOMEM; the caller owns the value then.
   */
  open(value: unknown, dispose?: (value: unknown) => void): number {
    return this.#engine.openValue(value, dispose, "open");
  }

  /** Returns the value behind a descriptor, which stays open. Throws EBADF. */
  get(fd: number): unknown {
    const id = this.#engine.call.kernel_value(checkFd(fd, "get"));
    const entry = this.#engine.values.peek(id);
    if (entry === undefined) throw failure("EBADF", "get");
    return entry.value;
  }

  /**
   * Takes the value out of the table without disposing it. The number is free
   * again, and the caller owns the value. Throws EBADF.
   */
  take(fd: number): unknown {
    const id = this.#engine.call.kernel_take(checkFd(fd, "take"));
    const entry = this.#engine.values.take(id);
    if (entry === undefined) throw failure("EBADF", "take");
    return entry.value;
  }

  /** Closes a descriptor, as C's close does. Throws EBADF. */
  close(fd: number): void {
    checked(this.#engine, this.#engine.call.kernel_close(checkFd(fd, "close")), "close");
  }

  /** The number of values in the table and in queues. */
  get size(): number {
    return this.#engine.values.size;
  }
}
