import type { Passed, Transport } from "../../entry/index.ts";
import type { Direction } from "../../entry/protocol.ts";

/** The watcher of a connection. Calls come in the order of the bytes. */
export interface Watcher {
  /** Bytes have been forwarded. If it returns a promise, reading that direction waits for it. */
  passed(direction: Direction, chunk: Uint8Array): Promise<void> | undefined;
  /**
   * One side has ended; no more of its bytes follow. `sent` settles when the other side's transport
   * has sent all of them.
   */
  ended(direction: Direction, sent: Promise<unknown>): void;
  /** Both directions have ended, or one has failed with an error. Called once. */
  over(error: unknown): void;
}

const HIGH_WATER_MARK = 65536;

/** One direction: from a transport to the other one. */
interface Leg {
  readonly direction: Direction;
  readonly from: Transport;
  readonly to: Transport;
  /** Reading waits while the other transport is full, or promises of the watcher are pending. */
  full: boolean;
  busy: number;
  ended: boolean;
}

/**
 * Joins two transports: forwards each chunk as it arrives, with its descriptor, and half-closes and
 * errors. Chunks are neither merged nor encoded again. Returns a function that aborts both
 * transports.
 */
export function join(
  client: Transport,
  daemon: Transport,
  watcher: Watcher,
): (reason: unknown) => void {
  const sending: Leg = leg("send", client, daemon);
  const receiving: Leg = leg("receive", daemon, client);
  let isOver = false;

  const over = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    watcher.over(error);
  };
  const breakOff = (error: unknown): void => {
    if (isOver) return;
    client.abort(error);
    daemon.abort(error);
    over(error);
  };
  const wait = (one: Leg): void => one.from.pause?.();
  const goOn = (one: Leg): void => {
    if (!isOver && !one.full && one.busy === 0) one.from.resume?.();
  };
  const pass = (one: Leg, chunk: Uint8Array, passed: readonly Passed[] = []): void => {
    if (isOver) return;
    const [first, ...others] = passed;
    for (const { value, dispose } of others) dispose?.(value);
    try {
      if (!one.to.send(chunk as Uint8Array<ArrayBuffer>, first)) one.full = true;
    } catch (error) {
      breakOff(error);
      return;
    }
    const busy = watcher.passed(one.direction, chunk);
    if (busy !== undefined) {
      one.busy++;
      const done = (): void => {
        one.busy--;
        goOn(one);
      };
      busy.then(done, done);
    }
    if (one.full || one.busy > 0) wait(one);
  };
  const start = (one: Leg, other: Leg): void => {
    let lost: unknown; // the error by which sending back has failed
    const ended = (): void => {
      if (isOver || one.ended) return;
      one.ended = true;
      if (lost !== undefined) {
        breakOff(lost);
        return;
      }
      watcher.ended(one.direction, Promise.resolve(one.to.end()));
      if (other.ended) over(undefined);
    };
    const sink = {
      highWaterMark: HIGH_WATER_MARK,
      received: (chunk: Uint8Array, passed?: readonly Passed[]) => pass(one, chunk, passed),
      ended,
      hungUp: ended,
      failed: breakOff,
      // forward the bytes that arrived before; the end of this leg aborts both transports
      sendFailed(error: unknown) {
        lost ??= error;
      },
      // this transport, to which the other leg writes, has room again
      drained() {
        other.full = false;
        goOn(other);
      },
    };
    one.from.start(sink);
  };

  // a transport may be written to once it has started
  start(receiving, sending);
  start(sending, receiving);
  return breakOff;
}

const leg = (direction: Direction, from: Transport, to: Transport): Leg => ({
  direction,
  from,
  to,
  full: false,
  busy: 0,
  ended: false,
});
