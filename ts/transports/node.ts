import type { Duplex } from "node:stream";
import type { Transport, TransportSink } from "../channel/transport.ts";

/** A {@link Transport} over a Node stream, as sockets and socketpairs are. */
export function duplexTransport(duplex: Duplex): Transport {
  let sink: TransportSink | undefined;
  const stop = (): void => {
    sink = undefined;
    duplex.off("data", data);
    duplex.off("end", end);
    duplex.off("close", closed);
    duplex.off("drain", drain);
  };
  const data = (chunk: Uint8Array): void => sink?.received(chunk);
  const end = (): void => sink?.ended();
  const drain = (): void => sink?.drained();
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
      duplex.on("drain", drain);
    },
    send: (bytes) => duplex.write(bytes),
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
