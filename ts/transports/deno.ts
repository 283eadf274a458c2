import type { Transport, TransportSink } from "../channel/transport.ts";
import { fieldsOf, invalid } from "../module/error.ts";
import { CONNECTED } from "./connected-table.ts";
import { transportError } from "./system-error.ts";
import { PROBE_INTERVAL, type Repeater, repeat } from "./timers.ts";
import { WriteQueue } from "./write-queue.ts";

/** The part of a `Deno.Conn` that is used: a Unix, TCP or TLS connection. */
export interface DenoConn {
  /** Reads into the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the sending side. */
  closeWrite(): Promise<void>;
  /** Closes both sides. */
  close(): void;
  /** Lets the connection keep the process alive; missing on TLS connections of old versions. */
  ref?(): void;
  /** Lets the process exit although the connection is open. */
  unref?(): void;
  /** The address of the peer; `transport` is "unix" on a Unix socket. */
  readonly remoteAddr?:
    | {
        /** "tcp" or "unix". */
        readonly transport?: string | undefined;
      }
    | undefined;
}

/** The size of the buffer for reads, in bytes, which lives as long as the channel. */
const READ = 65536;
const NOTHING = new Uint8Array(0);

/**
 * A {@link Transport} over a Deno connection, which the transport owns. Throws
 * EINVAL if it is none.
 *
 * Deno has no way to reset a connection: `abort` closes it, which the peer sees as
 * an end, and as EPIPE or ECONNRESET once it sends. On a Unix socket the transport
 * finds out that a peer that has half-closed is gone by writing no bytes, every
 * {@link PROBE_INTERVAL} ms; on TCP such a peer is known to be gone only when a
 * write fails. Deno does not expose the number of the socket, so there are no
 * peerCredentials.
 */
export function denoTransport(conn: DenoConn): Transport {
  const { read, write, close } = fieldsOf(conn) as Partial<DenoConn>;
  if ([read, write, close].some((method) => typeof method !== "function")) {
    throw invalid("imsgbuf_init", "a Deno.Conn is needed");
  }
  let sink: TransportSink;
  let silent = false; // the sink is not called any more
  let released = false;
  let wake: (() => void) | undefined;
  let paused = false;
  let alive = true;
  let shut = false; // the sending side has ended, or is about to
  let bothEnd = false; // whether both sides have ended once the local side has
  let asking = false; // whether a write that asks if the peer is gone is pending
  const isUnix = conn.remoteAddr?.transport === "unix";
  let probe: Repeater | undefined;

  const queue = new WriteQueue({
    write: (bytes) => conn.write(bytes),
    async shutdown() {
      shut = true;
      probe?.stop();
      await conn.closeWrite();
      if (bothEnd) queueMicrotask(release);
    },
    drained: () => {
      if (!silent) sink.drained();
    },
    failed: (error) => {
      if (!silent) sink.sendFailed(transportError(error, "send", CONNECTED));
    },
  });

  const release = (): void => {
    if (released) return;
    released = silent = true;
    wake?.();
    probe?.stop();
    queue.drop();
    conn.close();
  };
  /** Reports that the peer is gone, if a write of no bytes shows it. */
  const reportGone = async (): Promise<boolean> => {
    // once our own side has ended, such a write fails whatever the peer does
    if (!isUnix || shut || asking) return false;
    asking = true;
    const gone = await conn.write(NOTHING).then(
      () => false,
      () => true,
    );
    asking = false;
    if (!gone || shut || silent) return false;
    probe?.stop();
    sink.hungUp();
    return true;
  };
  const peerEnded = async (): Promise<void> => {
    if (silent || (await reportGone()) || silent) return;
    bothEnd = true;
    sink.ended();
    if (queue.ended) release();
    if (!isUnix || shut || silent) return;
    probe = repeat(() => void reportGone(), PROBE_INTERVAL);
    probe.keepAlive(alive);
  };
  const resumed = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const receive = async (): Promise<void> => {
    const buffer = new Uint8Array(READ);
    try {
      while (!released) {
        while (paused && !silent) await resumed();
        const length = await conn.read(buffer);
        if (length === null) break;
        while (paused && !silent) await resumed();
        // a peer that cannot send does not read either: bytes are discarded until the close
        if (!silent) sink.received(buffer.slice(0, length));
      }
    } catch (error) {
      const told = silent;
      release();
      if (!told) sink.failed(transportError(error, "recv", CONNECTED));
      return;
    }
    await peerEnded();
  };

  return {
    name: isUnix ? "Unix socket" : "TCP",
    lingers: true,
    get unsent() {
      return queue.unsent;
    },
    start(to) {
      sink = to;
      void receive();
    },
    send: (bytes) => queue.send(bytes, undefined, sink.highWaterMark),
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      wake?.();
    },
    end: () => queue.end(),
    async close() {
      silent = true;
      wake?.();
      if (!queue.over) await queue.end();
      release();
    },
    abort: release,
    ref() {
      alive = true;
      conn.ref?.();
      probe?.keepAlive(true);
    },
    unref() {
      alive = false;
      conn.unref?.();
      probe?.keepAlive(false);
    },
  };
}
