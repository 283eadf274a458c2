/** A value that travels with bytes: what a descriptor stands for. */
export interface Passed {
  /** A MessagePort, the number of a descriptor of the operating system, … */
  readonly value: unknown;
  /**
   * Closes the value; if absent, its `Symbol.dispose` or `close` method does,
   * if it has one.
   */
  readonly dispose?: ((value: unknown) => void) | undefined;
}

/**
 * What a channel tells its transport's owner: the other end of the byte
 * stream. Calls must not overlap, and none may come after `ended` or `failed`.
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
  /** The peer has ended its side cleanly. */
  ended(): void;
  /** The transport is dead. */
  failed(error: unknown): void;
  /** There is room to send again, after a `send` that returned false. */
  drained(): void;
}

/**
 * A byte stream in both directions. Anything that implements it can carry a
 * channel; the adapters do it for what JavaScript runtimes offer.
 */
export interface Transport {
  /** Begins to deliver; called once, before anything else. */
  start(sink: TransportSink): void;
  /** Whether `send` can take a value along; if not, the channel cannot pass any. */
  readonly passes?: boolean;
  /**
   * Says how to close a value that is about to be sent and then cannot be. Throws
   * if it is nothing that can pass: it stays the caller's then.
   */
  claim?(value: unknown): Passed;
  /**
   * Takes bytes to send, whatever happens; false asks to wait for `drained`
   * before sending more. A value travels with the first byte, and is the
   * transport's, which closes it if it cannot be sent.
   */
  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean;
  /**
   * Asks the transport to stop or to go on delivering. One that cannot stop has
   * neither, and what it delivers is limited by the channel.
   */
  pause?(): void;
  /** See {@link pause}. */
  resume?(): void;
  /** Ends the sending side once everything is sent. */
  end(): void;
  /** Ends the sending side likewise, and stops receiving now. */
  close(): void;
  /** Breaks off both sides now. */
  abort(reason: unknown): void;
}
