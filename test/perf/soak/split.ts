// A transport that cuts the bytes of another transport into pieces, both ways.
import type { Transport, TransportSink } from "../../../ts/channel/transport.ts";
import type { Random } from "./random.ts";

/** Bytes that may wait to be written in pieces before the channel's sends have to wait, too. */
const WAITING = 65536;

/**
 * Cuts bytes into pieces of random length up to `longest`, each way. With `slow`, each piece is written
 * in a turn of the event loop of its own, so that the kernel gets it alone.
 */
export function splitting(
  inner: Transport,
  random: Random,
  longest: number,
  slow: boolean,
  damage: (chunk: Uint8Array) => void = () => {},
): Transport {
  const queue: Uint8Array<ArrayBuffer>[] = [];
  let waiting = 0;
  let blocked = false;
  let pumping = false;
  let atEnd: (() => void) | undefined;
  let sink: TransportSink;

  const cut = (bytes: Uint8Array, take: (piece: Uint8Array) => void): void => {
    for (let at = 0; at < bytes.length; ) {
      const to = Math.min(bytes.length, at + 1 + random.below(longest));
      take(bytes.subarray(at, to));
      at = to;
    }
  };
  const pump = (): void => {
    const piece = queue.shift();
    if (piece !== undefined) {
      waiting -= piece.length;
      inner.send(piece);
    }
    pumping = queue.length > 0;
    if (pumping) setImmediate(pump);
    else {
      atEnd?.();
      if (blocked) {
        blocked = false;
        sink.drained();
      }
    }
  };
  const whenSent = (then: () => void): void => {
    if (pumping) atEnd = then;
    else then();
  };

  return {
    start(to) {
      sink = to;
      inner.start({
        highWaterMark: to.highWaterMark,
        received(chunk) {
          damage(chunk);
          cut(chunk, (piece) => to.received(piece));
        },
        ended: () => to.ended(),
        failed: (error) => to.failed(error),
        sendFailed: (error) => to.sendFailed(error),
        hungUp: () => to.hungUp(),
        drained: () => {
          if (!slow) to.drained();
        },
      });
    },
    send(bytes) {
      if (!slow) {
        let room = true;
        cut(bytes, (piece) => {
          room = inner.send(piece as Uint8Array<ArrayBuffer>);
        });
        return room;
      }
      cut(bytes, (piece) => queue.push(piece as Uint8Array<ArrayBuffer>));
      waiting += bytes.length;
      blocked = waiting > WAITING;
      if (!pumping) {
        pumping = true;
        setImmediate(pump);
      }
      return !blocked;
    },
    pause: () => inner.pause?.(),
    resume: () => inner.resume?.(),
    end: () => whenSent(() => inner.end()),
    close: () => whenSent(() => inner.close()),
    abort: (reason) => inner.abort(reason),
  };
}
