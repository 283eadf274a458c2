/** A peer's answer that a request has failed, with the text of the protocol's `failure`. */
export class ProtocolError extends Error {
  /** The message's name; undefined if the protocol does not know it. */
  readonly reply: string | undefined;
  /** True: the peer has caused it, so that a server drops it or hands it to `onError`. */
  readonly fromPeer = true;
  /** The message's decoded payload. */
  readonly payload: unknown;

  /** @internal */
  constructor(text: string, reply: string | undefined, payload: unknown) {
    super(text);
    this.name = "ProtocolError";
    this.reply = reply;
    this.payload = payload;
  }
}
