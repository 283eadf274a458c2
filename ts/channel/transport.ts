/**
 * What a channel tells its transport's owner: the other end of the byte
 * stream. Calls must not overlap, and none may come after `ended` or `failed`.
 */
export interface TransportSink {
  /**
   * Bytes have arrived. The chunk is the channel's from now on: messages may
   * alias it.
   */
  received(chunk: Uint8Array): void;
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
  /**
   * Takes bytes to send, whatever happens; false asks to wait for `drained`
   * before sending more.
   */
  send(bytes: Uint8Array<ArrayBuffer>): boolean;
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
