import { Batch, type Dialect } from "../batch/batch.ts";
import { DEFAULT_MAX_SIZE } from "../module/abi.ts";
import { checkOptions, show } from "../module/check.ts";
import { defaultEngine } from "../module/default.ts";
import type { Engine } from "../module/engine.ts";
import { fieldsOf, invalid } from "../module/error.ts";
import { InstanceHandle } from "../module/instance.ts";
import { HIGH_WATER_MARK, LINGER_TIMEOUT, LONGEST_TIMEOUT, MAX_QUEUED } from "./limits.ts";

/** Options of everything that reads or writes messages. */
export interface ImsgOptions {
  /** The longest message in bytes, header included, both ways: 16 to 0x7fffffff, 16,384 if absent. */
  maxSize?: number | undefined;
  /** The pid of messages that are sent without one; the process's, or a random one. */
  pid?: number | undefined;
  /**
   * The peer's dialect, "current" if absent. The classic one limits a message
   * to 65,535 bytes, and lowers a larger maxSize to that.
   */
  dialect?: Dialect | undefined;
  /** The instance to work in; the default one if absent. */
  instance?: InstanceHandle | undefined;
}

/** The validated options, in the form that a {@link Batch} takes. */
export interface ResolvedOptions {
  engine: Engine;
  maxSize: number;
  pid: number;
  dialect: Dialect;
}

/** Reads options once, checks them, and fills in defaults. Throws EINVAL. */
export function resolveOptions(options: ImsgOptions): ResolvedOptions {
  const {
    maxSize = DEFAULT_MAX_SIZE,
    pid = 0,
    dialect = "current",
    instance,
  } = checkOptions(options, "imsgbuf_init");
  if (dialect !== "current" && dialect !== "classic") {
    const detail = 'dialect must be "current" or "classic"';
    throw invalid("imsgbuf_init", detail);
  }
  // not the default instance: that would bring all of the 1:1 layer into every bundle
  const engine =
    instance === undefined ? defaultEngine() : InstanceHandle.engineOf(instance, "imsgbuf_init");
  return { engine, maxSize, pid, dialect };
}

/** Checks an option that must be a whole number of bytes. Throws EINVAL. */
export function checkAmount(value: unknown, name: string, syscall: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalid(syscall, `${name} must be a whole number of bytes, not ${show(value)}`);
}

/** Checks an option that must be a number of milliseconds that a timer can wait. Throws EINVAL. */
export function checkTimeout(value: unknown, name: string, syscall: string): number {
  if (typeof value === "number" && value >= 0 && value <= LONGEST_TIMEOUT) return value;
  const expected = `${name} must be a number of milliseconds from 0 to ${LONGEST_TIMEOUT}`;
  throw invalid(syscall, `${expected}, not ${show(value)}`);
}

/** Reads the optional AbortSignal of options, and checks it. Throws EINVAL. */
export function signalOf(
  options: { signal?: AbortSignal | undefined } | undefined,
  syscall: string,
): AbortSignal | undefined {
  const signal = options && checkOptions(options, syscall).signal;
  if (signal === undefined) return undefined;
  const { addEventListener, aborted } = fieldsOf(signal);
  if (typeof addEventListener === "function" && typeof aborted === "boolean") return signal;
  throw invalid(syscall, "signal must be an AbortSignal");
}

/** Options of an {@link ImsgChannel}. */
export interface ChannelOptions extends ImsgOptions {
  /**
   * Bytes that may wait each way before the sender has to wait, besides those
   * that the system holds: 65,536 if absent. A received message counts with the
   * memory it takes: its payload and 256 bytes. While the mark is reached nothing
   * more is decoded, so at most one window (64 KiB of the stream) of messages
   * more is in memory. A transport that cannot be stopped may deliver 16 times
   * the mark (at least the mark and one message) before the channel ends with
   * ERR_IMSG_OVERFLOW.
   */
  highWaterMark?: number | undefined;
  /**
   * Bytes that may wait to be sent before `send` rejects with ENOBUFS: 16,777,216
   * if absent. That is room for 1,000 sends of the default maxSize that are not
   * awaited, and keeps 100 stalled peers within the 2 GiB of one instance. A peer
   * over a transport with flow control that sends more than this against the
   * rules ends the channel with ERR_IMSG_OVERFLOW.
   */
  maxQueued?: number | undefined;
  /**
   * How long `close` waits for the last bytes to be written and for the peer to
   * end its side, in ms: 5,000 if absent, which is longer than TCP needs to
   * repeat a lost end twice (1 + 2 s). It starts anew as long as bytes leave, so
   * that a slow peer gets everything.
   */
  lingerTimeout?: number | undefined;
  /**
   * Lets descriptors pass, both ways: values that the transport can carry
   * (`imsgbuf_allow_fdpass`). Without it none is sent, and one that comes is
   * closed.
   */
  allowFdPass?: boolean | undefined;
  /**
   * If false, the payloads of received messages may share the memory of the
   * chunk that the transport delivered: faster, but a kept message keeps the
   * whole chunk (64 KiB on sockets), and `data.buffer` has other messages' bytes.
   * True if absent: each payload has a buffer of its own.
   */
  copy?: boolean | undefined;
  /** Aborts the channel, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Channel options in the form that the parts of a channel take. */
export interface ResolvedChannelOptions extends ResolvedOptions {
  mark: number;
  maxQueued: number;
  lingerTimeout: number;
  fdpass: boolean;
  copy: boolean;
  signal: AbortSignal | undefined;
}

/** Checks the options of a channel, and fills in the defaults. Throws EINVAL. */
export function resolveChannelOptions(options: ChannelOptions): ResolvedChannelOptions {
  const resolved = resolveOptions(options);
  const { highWaterMark = HIGH_WATER_MARK, maxQueued = MAX_QUEUED } = options;
  const { lingerTimeout = LINGER_TIMEOUT, allowFdPass, copy } = options;
  const syscall = "imsgbuf_init";
  return {
    ...resolved,
    // with 0, one message may wait: its bytes are seen
    mark: Math.max(1, checkAmount(highWaterMark, "highWaterMark", syscall)),
    maxQueued: Math.max(1, checkAmount(maxQueued, "maxQueued", syscall)),
    lingerTimeout: checkTimeout(lingerTimeout, "lingerTimeout", syscall),
    fdpass: allowFdPass === true,
    copy: copy !== false,
    signal: signalOf(options, syscall),
  };
}

/**
 * Checks the options of a channel that is made later, maxSize and pid by the module
 * itself. Throws EINVAL, ENOMEM, and the reason of a signal that has aborted.
 */
export function checkChannelOptions(options: ChannelOptions): void {
  const resolved = resolveChannelOptions(options);
  new Batch(resolved).dispose();
  resolved.signal?.throwIfAborted();
}
