/** A peer's answer that a request has failed, in the words that the protocol gives it. */
export class ProtocolError extends Error {
  /** The message's name; undefined if the protocol does not know it. */
  readonly reply: string | undefined;
  /** The message's decoded payload. */
  readonly payload: unknown;

  /** @internal */
  constructor(protocol: string, reply: string | undefined, text: string, payload: unknown) {
    super(`${protocol}: ${text}`);
    this.name = "ProtocolError";
    this.reply = reply;
    this.payload = payload;
  }
}
