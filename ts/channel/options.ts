import type { Dialect } from "../batch/batch.ts";
import { DEFAULT_MAX_SIZE } from "../module/abi.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";
import { InstanceHandle } from "../module/instance.ts";

/** Options of everything that reads or writes messages. */
export interface ImsgOptions {
  /** The longest message in bytes, header included, both ways: 16 to 0x7fffffff, 16,384 if absent. */
  maxSize?: number;
  /** The pid of messages that are sent without one; the process's, or a random one. */
  pid?: number;
  /**
   * The peer's dialect, "current" if absent. The classic one limits a message
   * to 65,535 bytes, and lowers a larger maxSize to that.
   */
  dialect?: Dialect;
  /** The instance to work in; the default one if absent. */
  instance?: InstanceHandle;
}

/** What options ask for, in the form that a {@link Batch} takes. */
export interface ResolvedOptions {
  engine: Engine;
  maxSize: number;
  pid: number;
  dialect: Dialect;
}

/** Reads options once, checks them, and fills in defaults. Throws EINVAL. */
export function resolveOptions(options: ImsgOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail: "options must be an object" });
  }
  const { maxSize = DEFAULT_MAX_SIZE, pid = 0, dialect = "current", instance } = options;
  if (dialect !== "current" && dialect !== "classic") {
    const detail = 'dialect must be "current" or "classic"';
    throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
  }
  // not the default instance: that would bring all of the 1:1 layer into every bundle
  const engine =
    instance === undefined ? defaultEngine() : InstanceHandle.engineOf(instance, "imsgbuf_init");
  return { engine, maxSize, pid, dialect };
}

/** An option that must be a whole number of bytes or milliseconds. */
export function checkAmount(value: unknown, name: string, syscall: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ImsgError("EINVAL", { syscall, detail: `${name} must be a whole number` });
}
