/** The exit statuses of the command; docs/imsg.1 and `imsg --help` list them. */
export const Status = {
  /** Success. */
  ok: 0,
  /** Bad or cut data, or a connection that failed or ended too early. */
  failed: 1,
  /** Wrong arguments; nothing was done. */
  usage: 2,
  /** --timeout passed before a message of --until arrived. */
  timeout: 3,
  /** SIGINT or SIGTERM (as shells do it: 128 and the signal's number). */
  interrupted: 130,
} as const;

/** An error in the arguments: the command prints it and exits with {@link Status.usage}. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The message of a thrown value, which may be no Error. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node leaves the message empty if connecting to several addresses has failed
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(messageOf).join("; ");
  }
  return error.message;
}

/**
 * Text from outside (a peer, a file's name, an argument) for a terminal or a
 * log: one line of at most `longest` characters, without control characters.
 */
export function printable(text: string, longest = 200): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}

/** One line of JSON for a terminal or a log, its control characters written as escapes. */
export function printableJson(json: string): string {
  // nearly every line is plain ASCII
  if (!/[^\x20-\x7e]/.test(json)) return json;
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => {
      return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}

/** {@link printable} for each line of a text. */
export function printableLines(text: string, longest = 2000): string {
  return text
    .split("\n")
    .map((line) => printable(line, longest))
    .join("\n");
}
