import { ImsgError } from "../../entry/index.ts";
import { messageOf, printable } from "../status.ts";

/** Close codes of the relay: RFC 6455's, and one of the range for applications. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  unsupported: 1003,
  badData: 1007,
  notAllowed: 1008,
  tooLong: 1009,
  daemon: 1011,
  tryLater: 1013,
  /** No sign of life, or no message for --idle-timeout. */
  idle: 4408,
} as const;

/** A WebSocket's close code and the reason that its peer reads. */
export class Closing extends Error {
  override name = "Closing";
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The end of a client that has left. */
export const clientLeft = (): Closing => new Closing(CloseCode.normal, "the client has closed");

/** The end of a connection whose daemon failed. The reason is for the log, not for the client. */
export const daemonFailed = (cause: unknown): Closing =>
  cause instanceof Closing && cause.code === CloseCode.daemon
    ? cause
    : new Closing(CloseCode.daemon, "the daemon's side failed", { cause });

/** The close code and the reason for an error of the client's side. */
export function closingOf(reason: unknown): Closing {
  if (reason instanceof Closing) return reason;
  if (reason instanceof ImsgError && reason.code === "ERANGE") {
    const header = reason.message.replace(/^.*?imsgbuf_read(: )?/, "");
    const why = `bad length of a message (ERANGE): ${header}`;
    return new Closing(CloseCode.badData, why, { cause: reason });
  }
  if (reason instanceof ImsgError && reason.code === "ERR_IMSG_TRUNCATED") {
    return new Closing(CloseCode.badData, "the last message was cut", { cause: reason });
  }
  const { code } = (reason ?? {}) as { code?: unknown };
  // the client left while the relay wrote to it
  if (code === "EPIPE" || code === "ECONNRESET") return clientLeft();
  // ws has already sent a close frame with this code
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
    return new Closing(CloseCode.tooLong, "the frame is too long");
  }
  return new Closing(CloseCode.badData, printable(messageOf(reason)), { cause: reason });
}
