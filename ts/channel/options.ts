import type { Engine } from "../core/engine.ts";
import { ImsgError } from "../core/error.ts";
import type { ImsgInstance } from "../core/instance.ts";
import { defaultInstance } from "../core/instance.ts";

/** The longest message by default, in bytes with its header: MAX_IMSGSIZE. */
export const MAX_SIZE = 16384;

/** Options of everything that reads or writes messages. */
export interface ImsgOptions {
  /** The longest message in bytes, header included, both ways: 16 to 0x7fffffff, 16,384 if absent. */
  maxSize?: number;
  /** The pid of messages that are sent without one; the process's, or a random one. */
  pid?: number;
  /** The instance to work in; the default one if absent. */
  instance?: ImsgInstance;
}

/** The engine and the numbers that options ask for. */
export function resolveOptions(options: ImsgOptions): {
  engine: Engine;
  maxSize: number;
  pid: number;
} {
  const { maxSize = MAX_SIZE, pid = 0, instance = defaultInstance() } = options;
  return { engine: instance.engine, maxSize, pid };
}

/** An option that must be a whole number of bytes or milliseconds. */
export function checkAmount(value: unknown, name: string, syscall: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ImsgError("EINVAL", { syscall, detail: `${name} must be a whole number` });
}
