import type { Passed, Transport, TransportSink } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";
import type { UnixSockets } from "./unix-libc.ts";

/** Waits for a socket on behalf of a transport. */
export interface Watcher {
  /** From now on calls back when the socket can be read, or written. */
  want(readable: boolean, writable: boolean): void;
  /** Calls back no more; the socket may be closed then. */
  close(): void;
}

/** Starts to wait for a socket, for nothing at first. */
export type Watch = (fd: number, ready: (readable: boolean, writable: boolean) => void) => Watcher;

interface Unsent {
  bytes: Uint8Array;
  /** The descriptor that goes with the first byte, or -1. */
  fd: number;
}

/** Reads in a row before others get their turn. */
const TURN = 16;
/** How long to wait for a system that is short of something, in milliseconds. */
const LATER = 10;

/**
 * A {@link Transport} over a connected Unix socket that passes descriptors:
 * numbers, which are the transport's once they are sent. The socket does not
 * block, and is the transport's, too.
 */
export function unixTransport(sockets: UnixSockets, fd: number, watch: Watch): Transport {
  const queue: Unsent[] = [];
  let queued = 0; // bytes
  let fds = 0; // with them
  let sink: TransportSink;
  let watcher: Watcher | undefined;
  let reading = false;
  let full = false; // has the channel to wait
  let ending = false; // our side
  let ended = false;
  let peerEnded = false;
  let stopped = false; // nothing is delivered any more
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const release = (): void => {
    if (over) return;
    over = stopped = true;
    clearTimeout(timer);
    watcher?.close();
    for (const unsent of queue.splice(0)) if (unsent.fd !== -1) sockets.close(unsent.fd);
    sockets.hangUp(fd);
  };
  const update = (): void => {
    if (!over) watcher?.want(reading && !peerEnded && !stopped, queue.length > 0 && !timer);
  };
  const failed = (error: unknown): void => {
    const told = stopped;
    release();
    if (!told) sink.failed(error);
  };
  const receive = (turns: number): void => {
    for (let i = 0; i < turns && reading && !stopped && !peerEnded; i++) {
      const got = sockets.receive(fd);
      if (got === "later") return;
      if (got === "end") {
        peerEnded = true;
        sink.ended();
        if (ended) release();
      } else if ("error" in got) failed(got.error);
      else sink.received(got.bytes, got.fd === -1 ? undefined : [sockets.passed(got.fd)]);
    }
  };
  const write = (): void => {
    for (let first = queue[0]; first !== undefined && !over; first = queue[0]) {
      const n = sockets.send(fd, first.bytes, first.fd);
      if (typeof n !== "number") {
        receive(Number.POSITIVE_INFINITY); // what the peer said before it went
        if (!over) failed(n);
        return;
      }
      if (n <= 0) {
        if (n === -1) {
          timer = setTimeout(() => {
            timer = undefined;
            proceed();
          }, LATER);
        }
        return;
      }
      queued -= n;
      if (first.fd !== -1) {
        sockets.close(first.fd); // a copy of it is on its way
        fds--;
      }
      first.fd = -1;
      first.bytes = first.bytes.subarray(n);
      if (first.bytes.length === 0) queue.shift();
    }
    if (over || !ending || ended) return;
    ended = true;
    if (peerEnded || stopped) release();
    else sockets.shutdown(fd);
  };
  // descriptors are scarce: none waits without the channel waiting, too
  const isFull = (): boolean => queued >= sink.highWaterMark || fds > 0;
  const proceed = (): void => {
    write();
    if (full && !isFull() && !over) {
      full = false;
      if (!stopped) sink.drained();
    }
    update();
  };
  const ready = (readable: boolean, writable: boolean): void => {
    if (readable) receive(TURN);
    if (writable && !over && !timer) proceed();
    else update();
  };

  return {
    passes: true,
    claim: (value) => sockets.claim(value),
    start(to) {
      sink = to;
      reading = true;
      watcher = watch(fd, ready);
      update();
    },
    send(bytes, passed?: Passed) {
      const number = passed === undefined ? -1 : (passed.value as number);
      if (over) {
        if (number !== -1) sockets.close(number);
        throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      }
      queue.push({ bytes, fd: number });
      queued += bytes.length;
      if (number !== -1) fds++;
      if (queue.length === 1 && !timer) write();
      update();
      if (isFull()) full = true;
      return !full;
    },
    pause() {
      reading = false;
      update();
    },
    resume() {
      reading = true;
      update();
    },
    end() {
      ending = true;
      if (queue.length === 0) write();
    },
    close() {
      stopped = true;
      if (ended) release();
      else this.end();
      update();
    },
    abort() {
      release();
    },
  };
}
