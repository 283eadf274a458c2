import { failure, invalid } from "../module/error.ts";
import { arrivedBytes, reset } from "./arrived.ts";
import type { Transport, TransportSink } from "./transport.ts";

/** The reader of a {@link ByteReadable}. */
export interface ByteReader {
  /** Resolves with the next chunk, or at the end. */
  read(): Promise<ByteChunk>;
  /** Cancels the stream: its source can free what it holds, since no further chunk is read. */
  cancel(reason?: unknown): Promise<unknown>;
  /** Unlocks the stream. */
  releaseLock(): void;
}

/** A chunk, or the end of a stream. */
export interface ByteChunk {
  /** Whether the stream has ended. */
  readonly done: boolean;
  /** The bytes. */
  readonly value?: Uint8Array | undefined;
}

/** The writer of a {@link ByteWritable}. */
export interface ByteWriter {
  /** Fulfilled when the stream is closed, rejected when it fails. */
  readonly closed: Promise<unknown>;
  /** Null if the stream has failed. */
  readonly desiredSize: number | null;
  /** Writes bytes. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Ends the stream. */
  close(): Promise<void>;
  /** Breaks the stream off. */
  abort(reason?: unknown): Promise<void>;
  /** Unlocks the stream. */
  releaseLock(): void;
}

/** The part of a readable stream of bytes that is used: of the web's, or of `node:stream/web`. */
export interface ByteReadable {
  /** Locks the stream. */
  getReader(): ByteReader;
}

/** The part of a writable stream of bytes that is used: of the web's, or of `node:stream/web`. */
export interface ByteWritable {
  /** Locks the stream. */
  getWriter(): ByteWriter;
}

/** A pair of byte streams, which is the form of most connections of the web. */
export interface StreamPair {
  /** Bytes from the peer. */
  readable: ByteReadable;
  /** Bytes to the peer. */
  writable: ByteWritable;
}

const ignore = (): void => {};

/** Locks both streams, or neither. Throws EINVAL if one is locked, or none at all. */
function lock({ readable, writable }: StreamPair): [ByteReader, ByteWriter] {
  let reader: ByteReader | undefined;
  try {
    reader = readable.getReader();
    return [reader, writable.getWriter()];
  } catch (cause) {
    reader?.releaseLock();
    const detail = "readable and writable must be streams that nothing else has locked";
    throw invalid("imsgbuf_init", detail, cause);
  }
}

/**
 * Makes a {@link Transport} over a pair of byte streams. `start` locks them, and
 * throws EINVAL if it cannot.
 *
 * A peer that cancels its readable stream makes writing fail; what it has sent
 * is still received. A writable stream takes every byte at once, so `close`
 * does not wait; `end` resolves when the stream below it has written all of them.
 */
export function streamTransport(pair: StreamPair): Transport {
  let reader: ByteReader;
  let writer: ByteWriter;
  let sink: TransportSink;
  let writing = 0; // bytes
  let full = false;
  let paused = false;
  let stopped = false;
  let closed = false;
  let peerEnded = false;
  let writerBroken = false; // the writer has failed without a failed write, so no byte is lost
  let writeFailed = false;
  let ending: Promise<void> | undefined;
  let resume = ignore;

  const sendFailed = (error: unknown): void => {
    if (stopped || writeFailed) return;
    writeFailed = true;
    sink.sendFailed(failure("EPIPE", "imsgbuf_write", undefined, error));
  };
  const broke = (): void => {
    writerBroken = true;
    if (peerEnded && !stopped && !writeFailed) sink.hungUp();
  };
  const whilePaused = async (): Promise<void> => {
    while (paused && !stopped) {
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
    }
  };
  const readAll = async (): Promise<void> => {
    // wait for a channel that pauses as soon as it has started: it must get nothing
    await undefined;
    for (;;) {
      await whilePaused();
      if (stopped) return;
      const { done, value } = await reader.read().catch((cause) => {
        throw reset("the stream has failed", cause);
      });
      await whilePaused();
      if (stopped) return;
      if (done) break;
      sink.received(arrivedBytes(value));
    }
    peerEnded = true;
    // the peer has ended and reads no more, so it is gone
    if (writerBroken && !writeFailed) sink.hungUp();
    else sink.ended();
  };
  const readFailed = (error: unknown): void => {
    if (stopped) return;
    sink.failed(error);
  };
  const endWriting = (): Promise<void> => {
    ending ??= writer.close();
    return ending;
  };
  const stop = (): void => {
    stopped = true;
    resume();
  };

  return {
    name: "streams",
    get unsent() {
      return closed ? 0 : writing; // close() has handed everything to the stream
    },
    start(to) {
      [reader, writer] = lock(pair);
      sink = to;
      writer.closed.catch(broke);
      readAll().catch(readFailed);
    },
    send(bytes) {
      if (writeFailed || stopped || ending !== undefined) {
        throw failure("EPIPE", "imsgbuf_write");
      }
      const { length } = bytes; // read it now: the stream may transfer the bytes, which leaves 0
      writing += length;
      // desiredSize is no measure: most streams count chunks, and some always have room
      if (writing >= sink.highWaterMark) full = true;
      writer.write(bytes).then(() => {
        writing -= length;
        if (!full || stopped || writeFailed || writing >= sink.highWaterMark) return;
        full = false;
        sink.drained();
      }, sendFailed);
      return !full;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      resume();
    },
    end() {
      return new Promise((resolve) => {
        endWriting().then(resolve, sendFailed);
      });
    },
    close() {
      if (stopped) return;
      closed = writer.desiredSize !== null; // else the stream has failed, and takes no byte
      stop();
      // workerd loses bytes that are still to be written if the lock is released before
      endWriting()
        .catch(ignore)
        .then(() => writer.releaseLock());
      reader.cancel().catch(ignore);
      reader.releaseLock();
    },
    abort(reason) {
      if (stopped) return;
      stop();
      writer.abort(reason).catch(ignore);
      reader.cancel(reason).catch(ignore);
      writer.releaseLock();
      reader.releaseLock();
    },
  };
}
