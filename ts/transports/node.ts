import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PeerCredentials, Transport, TransportSink } from "../channel/transport.ts";
import { checkBytes } from "../module/check.ts";
import { fieldsOf, ImsgError, invalid } from "../module/error.ts";
import { OPENING } from "./opening-table.ts";
import { transportError } from "./system-error.ts";

/** How long after a half-close a socket is first asked whether the peer is gone, and at most, in ms. */
const FIRST_PROBE = 20;
const LAST_PROBE = 1000;
const NOTHING = new Uint8Array(0);

/** How long after a close the peer of a stream that is no socket may take to end its side, in ms. */
const GRACE = 5000;

/**
 * Bytes that a stream gets at once. A stream reports a write as a whole, so that
 * the progress of a slow peer is seen in steps of this size.
 */
const PIECE = 65536;

/**
 * Keeps a socket open when a write fails. Node destroys it then, and with it
 * the bytes that the peer sent before it went. So the stream's own write method
 * reports the error here, and the stream continues to wait for the write. Without
 * `_writev` the socket reports each piece, and not all that wait as one.
 */
function keepOpen(socket: Socket, failed: (error: unknown) => void): void {
  const { _write: write } = socket;
  socket._write = (chunk, encoding, done) =>
    write.call(socket, chunk, encoding, (error) => {
      if (error) failed(error);
      else done();
    });
  (socket as { _writev?: unknown })._writev = null;
}

/** Whether a connected socket is a Unix socket: it has no address of a port. */
const isUnix = (socket: Socket): boolean =>
  socket.address !== undefined && !("port" in socket.address());

/** Refuses a stream of which no bytes can be read. Throws EINVAL. */
function checkStream(duplex: Duplex): void {
  const { write, on } = fieldsOf(duplex) as Partial<Duplex>;
  const detail =
    typeof write !== "function" || typeof on !== "function"
      ? "a Duplex stream is needed"
      : duplex.readableEncoding
        ? `the stream has a decoder (setEncoding("${duplex.readableEncoding}"))`
        : duplex.destroyed || duplex.readableEnded || duplex.writableEnded
          ? "the stream is closed"
          : undefined;
  if (detail !== undefined) throw invalid("imsgbuf_init", detail);
}

/**
 * A {@link Transport} over a Node stream, as sockets and socketpairs are. Throws
 * EINVAL for a stream that has ended or that delivers text.
 */
export function duplexTransport(
  duplex: Duplex,
  peerCredentials?: PeerCredentials | undefined,
): Transport {
  checkStream(duplex);
  const socket = duplex instanceof Socket ? duplex : undefined;
  // a write of nothing over TLS shows nothing in Node, and fails in Deno
  const asks = socket && !("encrypted" in socket);
  let name = "duplex";
  let sink: TransportSink | undefined;
  let unsent = 0; // bytes
  let full = false;
  let ending = false;
  let broken = false; // writing has failed
  let closeDone: (() => void) | undefined; // resolves the promise of close()
  let probe: ReturnType<typeof setTimeout> | undefined;

  const release = (): void => {
    sink = undefined;
    clearTimeout(probe);
    duplex.off("data", data);
    duplex.off("end", end);
  };
  const data = (chunk: unknown): void => {
    try {
      sink?.received(checkBytes(chunk, "imsgbuf_read"));
    } catch (error) {
      // an object-mode stream delivers whatever was written to it
      fail(error);
    }
  };
  const fail = (error: unknown): void => {
    const to = sink;
    release();
    to?.failed(transportError(error, "read", OPENING));
  };
  const end = (): void => {
    const ended = (error?: unknown): void => {
      if (error) return;
      sink?.ended();
      if (asks) askWhetherGone(FIRST_PROBE);
    };
    // before version 24, Node reports a reset that arrives with the last bytes as an end
    if (asks && duplex.writable && unsent === 0) duplex.write(NOTHING, ended);
    else ended();
  };
  const hangUp = (): void => {
    const to = sink;
    release();
    to?.hungUp();
  };
  /** A write of nothing fails once the peer has closed its Unix socket, or has reset a TCP connection. */
  const askWhetherGone = (delay: number): void => {
    if (sink === undefined || broken || ending) return;
    // if writes are pending, their callbacks report the error
    if (unsent === 0) duplex.write(NOTHING);
    probe = setTimeout(askWhetherGone, delay, Math.min(delay * 2, LAST_PROBE));
    probe.unref?.();
  };
  const cannotWrite = (error: unknown): void => {
    if (broken) return;
    broken = true;
    // a write may fail before `send` returns, where the channel does not expect a call
    queueMicrotask(() => {
      if (closeDone !== undefined) duplex.destroy();
      // a write of nothing has failed: the peer of a Unix socket is gone, that of a TCP socket has reset it
      else if (duplex.readableEnded && unsent === 0) (isUnix(socket!) ? hangUp : fail)(error);
      else sink?.sendFailed(transportError(error, "write", OPENING));
    });
  };
  const write = (piece: Uint8Array): void => {
    const { length } = piece;
    duplex.write(piece, (error) => {
      // the stream's error event follows; a socket that is destroyed reports no error here
      if (error || socket?.destroyed) return;
      unsent -= length;
      if (!full || sink === undefined || unsent >= sink.highWaterMark) return;
      full = false;
      sink.drained();
    });
  };
  const closed = (): void => {
    duplex.off("error", fail);
    duplex.off("close", closed);
    // a stream of HTTP/2 runs the callbacks of its last writes after "close"
    setImmediate(() => {
      closeDone?.();
      // if the stream has closed without an error inside a message, the channel reports the cut message
      hangUp();
    });
  };

  return {
    get name() {
      return name;
    },
    lingers: socket !== undefined,
    peerCredentials,
    get unsent() {
      return unsent;
    },
    start(to) {
      sink = to;
      // the peer's end must not end the local side
      duplex.allowHalfOpen = true;
      duplex.on("error", fail);
      duplex.on("close", closed);
      duplex.on("end", end);
      if (socket !== undefined) {
        keepOpen(socket, cannotWrite);
        name = socket.connecting ? "socket" : isUnix(socket) ? "Unix socket" : "TCP";
      }
      duplex.on("data", data);
      duplex.resume(); // the caller may have paused the stream, to keep its bytes for the channel
    },
    send(bytes) {
      if (broken || ending || !duplex.writable) {
        throw new ImsgError("EPIPE", { syscall: "imsgbuf_write", detail: "the stream is closed" });
      }
      unsent += bytes.length;
      // the stream's own mark was set when it was made
      if (unsent >= sink!.highWaterMark) full = true;
      for (let at = 0; at < bytes.length; at += PIECE) write(bytes.subarray(at, at + PIECE));
      return !full;
    },
    pause: () => void duplex.pause(),
    resume: () => void duplex.resume(),
    end() {
      ending = true;
      return new Promise((resolve) => {
        duplex.end((error?: Error | null) => {
          if (!error) resolve();
        });
      });
    },
    close() {
      release();
      duplex.resume();
      return new Promise((resolve) => {
        closeDone = resolve;
        const written = (): void => {
          // a stream that is no socket may hold bytes for its peer, which destroying it would
          // drop: it destroys itself when the peer ends
          if (socket !== undefined) socket.destroy();
          else setTimeout(() => duplex.destroy(), GRACE).unref();
          resolve();
        };
        if (broken || duplex.writableFinished || duplex.destroyed) written();
        else duplex.end(written);
      });
    },
    abort(reason) {
      release();
      const error =
        reason instanceof Error ? reason : new ImsgError("ECONNRESET", { cause: reason });
      // without an error the peer of a stream may see a clean end
      if (socket === undefined) duplex.destroy(error);
      else if (socket.connecting || socket.destroyed || isUnix(socket)) socket.destroy();
      // in the turn of a half-close the system refuses a reset, and Node would keep the descriptor
      else if (socket.writableEnded && !socket.writableFinished) setImmediate(() => cut(socket));
      else cut(socket);
    },
    ref: () => void socket?.ref(),
    unref: () => void socket?.unref(),
  };
}

/** Resets a TCP connection, so that the peer sees an error, and closes the socket at once. */
function cut(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // TLS sockets have no reset: it is closed without one
  }
  // Node waits for the writes that are under way, which a peer that does not read never ends
  socket.destroy();
}
