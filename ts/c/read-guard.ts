import type { Pointer } from "../module/abi.ts";
import type { Engine } from "../module/engine.ts";
import { truncated } from "../module/error.ts";
import { HeaderCallbacks } from "./header-callbacks.ts";
import { deferDisposers } from "./owned.ts";

/**
 * Adds checks to the original's read, for every reader.
 *
 * After a parser error the original must not read again: it would deliver the
 * same messages twice, and report a false end once its buffer is full. So the
 * guard throws that error again. At the end of the stream the original does not
 * report whether a message was cut, so the guard checks it.
 */
export class ReadGuard {
  #failed: { error: unknown } | undefined;

  /** Runs one read of the original on a msgbuf. */
  run(engine: Engine, msgbuf: Pointer, syscall: string, read: () => number): 0 | 1 {
    return deferDisposers(engine, () => this.#once(engine, msgbuf, syscall, read));
  }

  #once(engine: Engine, msgbuf: Pointer, syscall: string, read: () => number): 0 | 1 {
    if (this.#failed !== undefined) throw this.#failed.error;
    const rv = read();
    const thrown = HeaderCallbacks.of(engine).takeThrown();
    if (rv === -1) {
      // no byte was read: a socket error, not a parser error, so reading may continue
      const parsing = engine.exports.kernel_last_read() > 0;
      const error =
        thrown === undefined
          ? engine.failure(syscall, parsing ? { fromPeer: true } : {})
          : thrown.error;
      if (parsing) this.#failed = { error };
      throw error;
    }
    if (rv === 0 && engine.exports.kernel_last_read() === 0) {
      const have = engine.exports.msgbuf_have(msgbuf) >>> 0;
      const total = engine.exports.msgbuf_total(msgbuf) >>> 0;
      if (total !== 0) throw truncated(syscall, have, total);
    }
    return rv as 0 | 1;
  }
}
