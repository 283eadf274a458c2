/** A value that travels with bytes: the object that a descriptor stands for. */
export interface Passed {
  /** A MessagePort, the number of a descriptor of the operating system, … */
  readonly value: unknown;
  /**
   * Closes the value; if absent, its `Symbol.dispose` or `close` method does,
   * if it has one.
   */
  readonly dispose?: ((value: unknown) => void) | undefined;
  /**
   * Cancels the claim of {@link Transport.claim}: the value was not sent, and the
   * caller owns it again.
   */
  readonly release?: (() => void) | undefined;
}

/** The process at the other end of a Unix socket, as the kernel recorded it when it connected. */
export interface PeerCredentials {
  /** The process id. */
  readonly pid: number;
  /** The effective user id. */
  readonly uid: number;
  /** The effective group id. */
  readonly gid: number;
}

/**
 * The channel's side of a transport: the transport reports here. Calls must not
 * overlap, and must not come from inside a method of the transport other than
 * `start`. After `ended`, only `sendFailed`, `hungUp`, `drained` and `failed`
 * may follow; after `failed`, nothing.
 */
export interface TransportSink {
  /** How many bytes may wait to be sent, at least 1: with as many, `send` returns false. */
  readonly highWaterMark: number;
  /**
   * Bytes have arrived. The chunk is the channel's from now on: messages may
   * alias it. So are values that came with its first byte; of several, all but
   * the first are closed, as the original does.
   */
  received(chunk: Uint8Array, passed?: readonly Passed[]): void;
  /** The peer has ended its side cleanly. It may still receive. */
  ended(): void;
  /**
   * The transport is dead in both directions: nothing more arrives, nothing more
   * can be sent. Bytes that had arrived must have been reported before.
   */
  failed(error: unknown): void;
  /** There is room to send again, after a `send` that returned false. */
  drained(): void;
  /**
   * Sending has failed for good, but bytes that the peer sent before may still
   * arrive. The transport continues to read, and reports `ended` or `failed` when
   * nothing more arrives.
   */
  sendFailed(error: unknown): void;
  /**
   * The peer is gone for good: it receives nothing any more. Called after
   * everything that it sent was reported; it stands for `ended` too. A transport
   * that cannot distinguish a peer that is gone from one that has half-closed
   * never calls it.
   */
  hungUp(): void;
}

/**
 * A byte stream in both directions. Anything that implements it can carry a
 * channel; the adapters do it for the connections of JavaScript runtimes.
 *
 * Members with a question mark are optional. A transport of a few lines needs
 * `start`, `send`, `end`, `close` and `abort` only. No method may throw, except
 * `claim` and `send`.
 */
export interface Transport {
  /** The transport's name in `console.log(channel)`, such as "TCP". */
  readonly name?: string | undefined;
  /** Begins to deliver; called once, before anything else. */
  start(sink: TransportSink): void;
  /** Whether `send` can take a value along; if not, the channel cannot pass any. */
  readonly passes?: boolean | undefined;
  /**
   * Whether closing the connection could overtake bytes that were sent, as it
   * does on sockets: a socket that is closed with unread bytes resets the
   * connection. The channel then lingers: it calls `end`, discards what arrives
   * until the peer ends or a limit passes, and only then calls `close`.
   */
  readonly lingers?: boolean | undefined;
  /**
   * Bytes that `send` took and that the operating system (or the stream, socket
   * or port below) has not taken yet. 0 if absent. Remains valid after a failure
   * and after `abort` and `close`, so that the channel can say how many bytes were
   * lost.
   */
  readonly unsent?: number | undefined;
  /**
   * Returns how to close a value that is about to be sent, for the case that it
   * cannot be sent. Throws if the transport cannot pass the value: the value
   * stays the caller's then.
   */
  claim?(value: unknown): Passed;
  /**
   * Takes bytes to send, whatever happens; false asks to wait for `drained`
   * before sending more. A value travels with the first byte, and is the
   * transport's, which closes it if it cannot be sent. Throws once nothing can
   * be sent any more.
   */
  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean;
  /**
   * Asks the transport to stop or to continue delivering. A transport that cannot stop
   * has neither method, and the channel limits the bytes that it may deliver.
   */
  pause?(): void;
  /** See {@link pause}. */
  resume?(): void;
  /**
   * Ends the sending side once everything is sent. The promise is fulfilled when
   * the operating system (or the stream, socket or port below) has every byte
   * and the end. It is never rejected: a failure is reported to the sink, and the
   * promise may stay pending then. No promise means: at once.
   */
  end(): void | Promise<void>;
  /**
   * Ends the sending side likewise, stops receiving now, and releases the
   * connection as soon as everything is sent; the sink is not called any more.
   * Called after `end` or instead of it. The promise is fulfilled when
   * everything has been handed over (over a WebSocket: when the closing
   * handshake is done), whatever the program at the other end does.
   */
  close(): void | Promise<void>;
  /**
   * Breaks off both sides now and releases the connection. The peer sees an
   * error where the connection can carry one.
   */
  abort(reason: unknown): void;
  /** Lets the connection keep the process alive, which is the default. */
  ref?(): void;
  /** Lets the process exit although the connection is open. */
  unref?(): void;
  /** The process at the other end, where the transport knows it. */
  readonly peerCredentials?: PeerCredentials | undefined;
}
