import type { Passed, Transport } from "../../entry/index.ts";
import type { Direction } from "../../entry/protocol.ts";

/** The watcher of a connection. Calls come in the order of the bytes. */
export interface Watcher {
  /** Bytes that have been passed on. Reading that direction waits for the promise, if there is one. */
  passed(direction: Direction, chunk: Uint8Array): Promise<void> | undefined;
  /** One side has ended: its direction is over. */
  ended(direction: Direction): void;
  /** Both directions are over, or one broke with an error. Called once. */
  over(error: unknown): void;
}

const HIGH_WATER_MARK = 65536;

/** One direction: from a transport to the other one. */
interface Leg {
  readonly direction: Direction;
  readonly from: Transport;
  readonly to: Transport;
  /** Why reading waits: the other transport is full, the watcher is busy. */
  full: boolean;
  busy: number;
  ended: boolean;
}

/**
 * Joins two transports: passes chunks on as they come, each with its descriptor, and half-closes and
 * errors likewise. Nothing is put together or re-encoded. Returns a function that breaks both off.
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
    let lost: unknown; // why nothing can be sent back
    const ended = (): void => {
      if (isOver || one.ended) return;
      one.ended = true;
      if (lost !== undefined) {
        breakOff(lost);
        return;
      }
      void one.to.end();
      watcher.ended(one.direction);
      if (other.ended) over(undefined);
    };
    const sink = {
      highWaterMark: HIGH_WATER_MARK,
      received: (chunk: Uint8Array, passed?: readonly Passed[]) => pass(one, chunk, passed),
      ended,
      hungUp: ended,
      failed: breakOff,
      // bytes that came before are still passed on: the end of this leg breaks both off
      sendFailed(error: unknown) {
        lost ??= error;
      },
      // there is room in the transport that this leg reads from and the other one writes to
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
