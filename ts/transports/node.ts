import type { Duplex } from "node:stream";
import type { Transport, TransportSink } from "../channel/transport.ts";

/** A {@link Transport} over a Node stream, as sockets and socketpairs are. */
export function duplexTransport(duplex: Duplex): Transport {
  let sink: TransportSink | undefined;
  let writing = 0; // bytes
  let full = false;
  const stop = (): void => {
    sink = undefined;
    duplex.off("data", data);
    duplex.off("end", end);
    duplex.off("close", closed);
  };
  const data = (chunk: Uint8Array): void => sink?.received(chunk);
  const end = (): void => sink?.ended();
  // an error after the end of our interest must not end the process
  const failed = (error: Error): void => sink?.failed(error);
  const closed = (): void => {
    // a stream that dies without saying why has cut the message under way
    if (!duplex.readableEnded) sink?.ended();
  };

  return {
    start(to) {
      sink = to;
      duplex.on("error", failed);
      duplex.on("data", data);
      duplex.on("end", end);
      duplex.on("close", closed);
    },
    send(bytes) {
      const { length } = bytes;
      writing += length;
      // the stream's own mark was set when it was made
      if (writing >= sink!.highWaterMark) full = true;
      duplex.write(bytes, (error) => {
        writing -= length;
        if (!full || error || sink === undefined || writing >= sink.highWaterMark) return;
        full = false;
        sink.drained();
      });
      return !full;
    },
    pause: () => void duplex.pause(),
    resume: () => void duplex.resume(),
    end: () => void duplex.end(),
    close() {
      stop();
      // reading on would wait for the peer; a stream with data left to send goes first
      if (duplex.writableFinished) duplex.destroy();
      else duplex.end(() => duplex.destroy());
      duplex.resume();
    },
    abort(reason) {
      stop();
      duplex.destroy(reason instanceof Error ? reason : undefined);
    },
  };
}
