import { arrivedBytes, malformed, reset } from "../channel/arrived.ts";
import type { Passed, Transport, TransportSink } from "../channel/transport.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { Credit } from "./credit.ts";
import { claim, dispose, isTransferable } from "./passed-objects.ts";

/** An event of a port, or of Node's Worker, which passes the bare message. */
export type PortListener = (event: {
  readonly type: string;
  readonly data?: unknown;
  readonly message?: unknown;
}) => void;

/**
 * The part of a MessagePort that a channel uses. A Worker, the global scope of a
 * dedicated worker (`self`), and the ports and workers of `node:worker_threads`
 * have it. Of a window, use `fromWindow`.
 */
export interface MessagePortLike {
  /** Sends a message; the second argument is the array of objects that change hands. */
  postMessage(message: unknown, transfer: never): void;
  /** Adds a listener: on everything but Node's Worker. */
  addEventListener?(type: string, listener: PortListener): void;
  /** Removes a listener: on everything but Node's Worker. */
  removeEventListener?(type: string, listener: PortListener): void;
  /** Adds a listener: on Node's Worker. */
  on?(type: string, listener: (value: unknown) => void): unknown;
  /** Removes a listener: on Node's Worker. */
  off?(type: string, listener: (value: unknown) => void): unknown;
  /** Begins to deliver: only a MessagePort has it. */
  start?(): void;
  /** Closes a port; on a worker's global scope it would end the worker. */
  close?(): void;
  /** Lets the port keep the process alive: in Node. */
  ref?(): void;
  /** Lets the process exit although the port is open: in Node. */
  unref?(): void;
}

/** The message that ends the sender's side. */
const END = null;
/** The message that breaks off both sides. */
const ABORT = "abort";

/** Bytes with a value that travels with them. */
interface Parcel {
  readonly bytes: unknown;
  readonly fd: unknown;
}

const isParcel = (data: unknown): data is Parcel =>
  typeof data === "object" &&
  data !== null &&
  Object.hasOwn(data, "bytes") &&
  Object.hasOwn(data, "fd");

type Listeners = Record<string, (value: never) => void>;

/** Adds listeners to a port, of the web's kind or of Node's, and returns how to remove them. */
function listen(port: MessagePortLike, web: Listeners, node: Listeners): () => void {
  const isWeb = port.addEventListener !== undefined;
  const listeners = Object.entries(isWeb ? web : node) as [string, (value: unknown) => void][];
  for (const [type, listener] of listeners) {
    if (isWeb) port.addEventListener!(type, listener);
    else port.on!(type, listener);
  }
  return () => {
    for (const [type, listener] of listeners) {
      if (isWeb) port.removeEventListener?.(type, listener);
      else port.off?.(type, listener);
    }
  };
}

/** Checks that an object is a port. Throws EINVAL. */
function checkPort(port: MessagePortLike): void {
  const { window, self } = fieldsOf(port) as Record<string, unknown>;
  let detail = "a channel needs a MessagePort, a Worker, or the global scope of a worker";
  // reading any other property of a window of another origin throws
  if (window === port && self === port) {
    detail = "a window is no port; fromWindow(window, origin) makes a channel to it";
  } else {
    const { postMessage, addEventListener, on } = fieldsOf(port) as Record<string, unknown>;
    const listens = typeof addEventListener === "function" || typeof on === "function";
    if (typeof postMessage === "function" && listens) return;
  }
  throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
}

/**
 * Makes a {@link Transport} over a port. Ports have no end, errors or flow
 * control, so messages stand for them: an ArrayBuffer is bytes, `{ bytes, fd }`
 * is bytes with a value, a positive integer is credit in bytes ({@link Credit}),
 * null is the sender's end, "abort" is the end of both sides. Any other message
 * fails the channel. Throws EINVAL if the port is none.
 */
export function messagePortTransport(port: MessagePortLike): Transport {
  checkPort(port);
  let localEnded = false;
  let peerEnded = false;
  let dead = false; // the sink knows that nothing more arrives
  let over = false; // the port is released
  let full = false;
  let sink: TransportSink | undefined;
  let goneTimer: ReturnType<typeof setTimeout> | undefined;
  let unlisten = (): void => {};

  const post = (message: unknown, transfer: readonly unknown[] = []): void =>
    port.postMessage(message, transfer as never);
  const tell = (message: unknown): void => {
    try {
      post(message);
    } catch {
      // the port was transferred or closed by other code: the peer cannot be reached
    }
  };
  const credit = new Credit((bytes) => {
    if (!over && !peerEnded) tell(bytes);
  });

  const release = (): void => {
    if (over) return;
    over = true;
    clearTimeout(goneTimer);
    unlisten();
    if (port.start !== undefined) port.close?.();
  };
  const failed = (error: unknown): void => {
    if (over || dead) return;
    dead = true;
    sink?.failed(error);
  };
  const gone = (detail: string, cause?: unknown): void => {
    if (over || dead) return;
    if (peerEnded) sink?.hungUp();
    else failed(reset(detail, cause));
  };

  const earned = (bytes: number): void => {
    credit.earn(bytes);
    if (!full || !credit.available) return;
    full = false;
    sink?.drained();
  };
  const ended = (): void => {
    peerEnded = true;
    sink?.ended();
    if (localEnded) release();
  };
  const deliver = (bytes: Uint8Array<ArrayBuffer>, passed?: Passed[]): void => {
    const { length } = bytes;
    sink?.received(bytes, passed);
    if (!over) credit.consume(length);
  };
  const checked = (data: unknown): Uint8Array<ArrayBuffer> => {
    const bytes = arrivedBytes(data);
    if (peerEnded) throw malformed("EBADMSG", "bytes after the peer's end");
    return bytes;
  };
  const openParcel = ({ bytes: data, fd }: Parcel): [Uint8Array<ArrayBuffer>, Passed[]] => {
    try {
      const bytes = checked(data);
      if (bytes.length === 0) throw malformed("EBADMSG", "a value came without bytes");
      if (!isTransferable(fd)) throw malformed("EINVAL", "the value is none that is transferred");
      return [bytes, [{ value: fd, dispose }]];
    } catch (error) {
      dispose(fd);
      throw error;
    }
  };
  const arrived = (data: unknown): void => {
    try {
      if (over || dead) {
        if (isParcel(data)) dispose(data.fd);
      } else if (typeof data === "number") earned(data);
      else if (data === ABORT) failed(reset("the peer has aborted the channel"));
      else if (data === END && !peerEnded) ended();
      else if (isParcel(data)) deliver(...openParcel(data));
      else deliver(checked(data));
    } catch (error) {
      failed(error);
    }
  };

  const finish = (): void => {
    if (localEnded || over) return;
    localEnded = true;
    tell(END);
  };
  const sendParcel = (buffer: ArrayBuffer, fd: unknown): void => {
    try {
      post({ bytes: buffer, fd }, [buffer, fd]);
    } catch (cause) {
      dispose(fd);
      const detail = "the value cannot be transferred";
      throw new ImsgError("EINVAL", { syscall: "imsgbuf_write", detail, cause });
    }
  };

  return {
    name: "port",
    passes: true,
    claim,
    start(to) {
      sink = to;
      const unreadable = (): void =>
        failed(malformed("EBADMSG", "a message could not be deserialized"));
      let cause: unknown;
      // workerd fires the event before it delivers the last messages
      const left = (): void => {
        const detail = "the other side of the port is gone";
        goneTimer ??= setTimeout(() => gone(detail, cause), 0);
      };
      unlisten = listen(
        port,
        {
          message: ({ data }: { data: unknown }) => arrived(data),
          messageerror: unreadable,
          close: left, // not everywhere
          // an error inside a worker has a message; without one, its script was not loaded
          error: ({ message }: { message?: unknown }) => {
            if (message === undefined) failed(reset("the worker's script could not be loaded"));
          },
        },
        {
          message: arrived,
          messageerror: unreadable,
          exit: left,
          // `exit` follows, and reports this cause
          error: (error: unknown) => {
            cause = error;
          },
        },
      );
      port.start?.();
      credit.open(to.highWaterMark);
    },
    send(bytes, passed) {
      if (over || dead || localEnded) {
        if (passed !== undefined) dispose(passed.value);
        throw new ImsgError("EPIPE", { syscall: "imsgbuf_write" });
      }
      // transferring takes the whole buffer, so it must hold nothing else
      const whole = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
      const { buffer, length } = whole;
      if (passed !== undefined) sendParcel(buffer, passed.value);
      else {
        try {
          post(buffer, [buffer]);
        } catch {
          post(buffer); // workerd transfers nothing
        }
      }
      credit.spend(length);
      full = !credit.available;
      return !full;
    },
    pause: () => credit.pause(),
    resume: () => credit.resume(),
    end() {
      finish();
      if (peerEnded) release();
    },
    close() {
      finish();
      release();
    },
    abort() {
      if (over) return;
      tell(ABORT);
      release();
    },
    ref: () => port.ref?.(),
    unref: () => port.unref?.(),
  };
}
