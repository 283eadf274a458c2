import { readFileSync } from "node:fs";
import type { MessageInit } from "../entry/index.ts";
import { HEADER_SIZE } from "../inspect/position.ts";
import { withoutMark } from "./lines.ts";
import { messageOf, printable, UsageError } from "./status.ts";

/** A message of --send as it is written, and the name of its place for errors. */
export interface Request {
  text: string;
  from: string;
}

/** The messages of one --send: its text, or the lines of a file. Throws a {@link UsageError}. */
export function requestsOf(text: string): Request[] {
  if (!text.startsWith("@")) return [{ text, from: `--send ${printable(text)}` }];
  try {
    const lines = withoutMark(readFileSync(text.slice(1), "utf8")).split("\n");
    return lines
      .map((line, i) => ({ text: line, from: `--send ${text}, line ${i + 1}` }))
      .filter((line) => line.text.trim() !== "");
  } catch (error) {
    throw new UsageError(`--send ${text}: ${messageOf(error)}`);
  }
}

/**
 * Returns a message. Throws a {@link UsageError} for one that is longer than `maxSize`, the value of
 * --max-size or of the protocol.
 */
export function checkSize(message: MessageInit, maxSize: number): MessageInit {
  const length = HEADER_SIZE + ((message.data as Uint8Array | undefined)?.length ?? 0);
  if (length <= maxSize) return message;
  throw new UsageError(`the message has ${length} bytes, and --max-size is ${maxSize}`);
}
