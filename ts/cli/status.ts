/** The exit statuses of the command; docs/imsg.1 and `imsg --help` list them. */
export const Status = {
  /** Everything went as asked. */
  ok: 0,
  /** Bad or cut data, or a connection that failed or ended too early. */
  failed: 1,
  /** Wrong arguments; nothing was done. */
  usage: 2,
  /** --timeout passed before what --until waits for came. */
  timeout: 3,
  /** SIGINT or SIGTERM (as shells do it: 128 and the signal's number). */
  interrupted: 130,
} as const;

/** Wrong arguments: the command says so and exits with {@link Status.usage}. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // several addresses were tried: Node leaves the message empty
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(messageOf).join("; ");
  }
  return error.message;
}

/** Text of somebody else's, safe for a terminal and a log: one line, no control characters. */
export function printable(text: string, longest = 200): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}
