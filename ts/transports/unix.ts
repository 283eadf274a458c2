import type { Transport, TransportSink } from "../channel/transport.ts";
import { READ, type UnixSockets } from "./unix-libc.ts";
import { WriteQueue } from "./write-queue.ts";

/** Bits of {@link Watcher.want}: the socket has bytes, or an end, or an error to read. */
export const READABLE = 1;
/** The socket has room for bytes, or an error. */
export const WRITABLE = 4;
/** The peer has ended its side, whether or not bytes wait before the end. */
export const PEER_ENDED = 0x2000;
/** Both sides of the socket have ended, or it has an error. */
export const HUNG_UP = 0x10;

/** Waits for a socket on behalf of a transport. */
export interface Watcher {
  /** Calls back from now on when one of the conditions, which are bits, holds. */
  want(conditions: number): void;
  /** Calls back no more, so that the socket may be closed. */
  close(): void;
  /** Whether the waiting keeps the process alive, as it does at first. */
  keepAlive(alive: boolean): void;
}

/** Starts to wait for a socket, for nothing at first. Calls back with the bits that hold. */
export type Watch = (fd: number, ready: (conditions: number) => void) => Watcher;

/** Reads in a row before other sockets get their turn. */
const TURN = 16;
/** How long to wait when the system is short of memory, in milliseconds. */
const LATER = 10;

/**
 * A {@link Transport} over a connected Unix socket that passes descriptors:
 * numbers, which are the transport's once they are sent. The transport owns the
 * socket, which need not be in non-blocking mode.
 *
 * Linux distinguishes a peer that is gone from one that has half-closed, so `hungUp`
 * is called, while the transport is paused too, as soon as nothing is left to read.
 * `abort` closes the socket: the peer gets what was sent, then ECONNRESET if bytes
 * of its own were unread, else an end, because Unix sockets have no reset.
 */
export function unixTransport(sockets: UnixSockets, fd: number, watch: Watch): Transport {
  let sink: TransportSink;
  let watcher: Watcher | undefined;
  let reading = false;
  let bytesWait = false; // before the peer's end, while paused
  let peerEnded = false;
  let gone = false;
  let silent = false; // the sink is not called any more
  let released = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const peerCredentials = sockets.credentials(fd);

  const queue = new WriteQueue({
    write(bytes, passed) {
      const count = sockets.send(fd, bytes, passed === undefined ? -1 : (passed.value as number));
      if (count !== -1) return count;
      timer = setTimeout(() => {
        timer = undefined;
        queue.proceed();
        update();
      }, LATER);
      return 0;
    },
    shutdown: () => sockets.shutdown(fd),
    drained: () => {
      if (!silent) sink.drained();
    },
    failed(error) {
      if (!silent) sink.sendFailed(error);
      update();
    },
  });

  const release = (): void => {
    if (released) return;
    released = silent = true;
    clearTimeout(timer);
    watcher?.close();
    queue.drop();
  };
  const update = (): void => {
    if (released || watcher === undefined) return;
    if (peerEnded && queue.ended) {
      release();
      sockets.hangUp(fd);
      return;
    }
    let conditions = queue.waits && timer === undefined ? WRITABLE : 0;
    if (!peerEnded) {
      if (reading || silent) conditions |= READABLE;
      else if (!bytesWait) conditions |= PEER_ENDED;
    } else if (!gone && !queue.ended) conditions |= HUNG_UP;
    watcher.want(conditions);
  };
  const fail = (error: unknown): void => {
    const told = silent;
    release();
    sockets.close(fd);
    if (!told) sink.failed(error);
  };
  const end = (): void => {
    // once our own side has ended, the peer's end is the end of both
    const hangUp = !queue.ended && sockets.isGone(fd);
    const again = peerEnded;
    peerEnded = true;
    if (hangUp) gone = true;
    if (silent) return;
    if (hangUp) sink.hungUp();
    else if (!again) sink.ended();
  };
  /** Runs a call on the socket; its error fails the transport, and the result is undefined then. */
  const ask = <T>(question: () => T): T | undefined => {
    try {
      return question();
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
  const receive = (): void => {
    for (let i = 0; i < TURN && (reading || silent) && !released && !peerEnded; i++) {
      const got = ask(() => sockets.receive(fd));
      if (got === undefined || got === "later") return;
      if (got === "end") end();
      else if (silent) sockets.close(got.fd);
      else sink.received(got.bytes, got.fd === -1 ? undefined : [sockets.passed(got.fd)]);
      // a short read has emptied the socket, unless a descriptor ended it: the watcher calls
      // again for later bytes, which costs less than a second read that finds nothing
      if (got !== "end" && got.fd === -1 && got.bytes.length < READ) return;
    }
  };
  /** The peer has ended its side while this transport is paused. */
  const lookForEnd = (): void => {
    const found = ask(() => sockets.peek(fd));
    if (found === "bytes") bytesWait = true;
    else if (found === "end") end();
  };
  const ready = (conditions: number): void => {
    if ((conditions & READABLE) !== 0) receive();
    else if ((conditions & PEER_ENDED) !== 0 && !peerEnded) lookForEnd();
    else if ((conditions & HUNG_UP) !== 0 && !gone) end();
    if ((conditions & WRITABLE) !== 0 && !released) queue.proceed();
    update();
  };

  return {
    name: "Unix socket with descriptors",
    passes: true,
    lingers: true,
    peerCredentials,
    get unsent() {
      return queue.unsent;
    },
    claim: (value) => sockets.claim(value),
    start(to) {
      sink = to;
      reading = true;
      watcher = watch(fd, ready);
      update();
    },
    send(bytes, passed) {
      const own = passed === undefined ? undefined : sockets.passed(passed.value as number);
      const room = queue.send(bytes, own, sink.highWaterMark);
      update();
      return room;
    },
    pause() {
      reading = false;
      update();
    },
    resume() {
      reading = true;
      bytesWait = false;
      update();
    },
    end() {
      const ended = queue.end();
      update();
      return ended;
    },
    async close() {
      silent = true;
      const hangUp = (): void => {
        if (released) return;
        release();
        sockets.hangUp(fd);
      };
      if (queue.over) return hangUp();
      const ended = queue.end();
      update();
      await ended;
      hangUp();
    },
    abort() {
      if (released) return;
      release();
      sockets.close(fd);
    },
    ref: () => watcher?.keepAlive(true),
    unref: () => watcher?.keepAlive(false),
  };
}
