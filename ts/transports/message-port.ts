import type { Passed, Transport, TransportSink } from "../channel/transport.ts";
import { checkBytes } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

/** An event of a port, or of Node's Worker, which gives the bare message. */
export type PortListener = (event: { readonly type: string; readonly data?: unknown }) => void;

/**
 * The part of a MessagePort that is used. A Worker, the global scope of a
 * dedicated worker, and the ports and workers of `node:worker_threads` have it.
 */
export interface MessagePortLike {
  /** Sends a message; the buffers change hands. */
  postMessage(message: unknown, transfer: never[]): void;
  /** Listens for messages: what the web's ports have. */
  addEventListener?(type: string, listener: PortListener): void;
  /** Listens for messages: what Node's Worker has instead. */
  on?(type: string, listener: (value: unknown) => void): unknown;
  /** Begins to deliver: what only a MessagePort has. */
  start?(): void;
  /** Closes a port; on a worker's global scope it would end the worker. */
  close?(): void;
}

/** The message that ends the sender's side. */
const END = null;
/** The message that breaks off both sides. */
const ABORT = "abort";

/** Bytes with a value that goes along. */
interface Parcel {
  readonly bytes: ArrayBuffer;
  readonly fd: object;
}

const isParcel = (data: unknown): data is Parcel =>
  typeof data === "object" && data !== null && "bytes" in data && "fd" in data;

const ignore = (): void => {};

/** Closes what has no method for it that could be called without a second thought. */
function dispose(value: unknown): void {
  const { cancel, abort, close } = value as Record<string, unknown>;
  const end = [cancel, abort, close].find((method) => typeof method === "function");
  // a stream that is locked is somebody else's by now
  if (end !== undefined) Promise.resolve(end.call(value)).catch(ignore);
}

/** Refuses what surely cannot be transferred; of the rest, only sending it tells. */
function claim(value: unknown): Passed {
  const prototype = typeof value === "object" && value !== null && Object.getPrototypeOf(value);
  if (!prototype || prototype === Object.prototype || Array.isArray(value)) {
    const detail = "what passes through a port is an object that can be transferred";
    throw new ImsgError("EINVAL", { syscall: "imsg_compose", detail });
  }
  return { value, dispose };
}

/**
 * A {@link Transport} over a port. Ports know neither an end nor errors, so the
 * messages say it: an ArrayBuffer is bytes, `{ bytes, fd }` is bytes with a value,
 * null the sender's end, "abort" the end of both sides.
 */
export function messagePortTransport(port: MessagePortLike): Transport {
  let ended = false; // our side
  let peerEnded = false;
  let over = false;
  let sink: TransportSink;

  const release = (): void => {
    over = true;
    if (port.start !== undefined) port.close?.();
  };
  const lost = (detail: string): void => {
    if (over || peerEnded) return;
    peerEnded = true;
    sink.failed(new ImsgError("ECONNRESET", { detail }));
  };
  const received = (data: unknown): void => {
    if (over || peerEnded) {
      if (isParcel(data)) dispose(data.fd);
      return;
    }
    if (data === ABORT) lost("the peer broke off");
    else if (data === END) {
      peerEnded = true;
      sink.ended();
      if (ended) release();
    } else {
      const parcel = isParcel(data) ? data : undefined;
      try {
        const bytes = checkBytes(parcel === undefined ? data : parcel.bytes, "imsgbuf_read");
        // memory that others can write is copied before it is looked at
        sink.received(
          bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes),
          parcel === undefined ? undefined : [{ value: parcel.fd, dispose }],
        );
      } catch (error) {
        if (parcel !== undefined) dispose(parcel.fd);
        sink.failed(error);
      }
    }
  };
  const finish = (): void => {
    if (!ended) port.postMessage(END, []);
    ended = true;
  };

  return {
    passes: true,
    claim,
    start(to) {
      sink = to;
      // workerd tells before it delivers what was posted last
      const gone = (): void => void setTimeout(lost, 0, "the other side of the port is gone");
      if (port.addEventListener !== undefined) {
        port.addEventListener("message", ({ data }) => received(data));
        port.addEventListener("messageerror", () => lost("a message could not be read"));
        port.addEventListener("close", gone); // where there is such an event
        port.start?.();
      } else {
        port.on?.("message", received);
        port.on?.("exit", gone);
      }
    },
    send(bytes, passed) {
      // transferring takes the whole buffer, so it must hold nothing else
      const whole = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
      const { buffer } = whole;
      if (passed !== undefined) {
        const fd = passed.value as object;
        try {
          port.postMessage({ bytes: buffer, fd }, [buffer, fd] as never[]);
        } catch (cause) {
          dispose(fd);
          const detail = "the value cannot be transferred";
          throw new ImsgError("EINVAL", { syscall: "imsgbuf_write", detail, cause });
        }
        return true;
      }
      try {
        port.postMessage(buffer, [buffer] as never[]);
      } catch {
        port.postMessage(buffer, []); // workerd transfers nothing
      }
      return true;
    },
    end() {
      finish();
      if (peerEnded) release();
    },
    close() {
      finish();
      release();
    },
    abort() {
      if (!over) port.postMessage(ABORT, []);
      release();
    },
  };
}
