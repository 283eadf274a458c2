/** The longest line in bytes, whatever a message needs, because a string has a limit. */
const LONGEST = 256 * 1024 * 1024;

/**
 * Returns the longest line, in bytes, that a message of `maxSize` bytes can need. JSON
 * writes a byte with at most six characters (`\u0000`).
 */
export function longestLine(maxSize: number): number {
  return Math.min(LONGEST, 6 * maxSize + 65536);
}

/** Text without the byte order mark that some editors put at the start of a file. */
export const withoutMark = (text: string): string => text.replace(/^\ufeff/, "");

/**
 * The lines of a byte stream, without their line feeds. Holds at most `limit`
 * bytes of a line. Throws for a longer line, and the stream's error.
 */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array | string>,
  limit: number,
): AsyncGenerator<string, void, undefined> {
  let pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length > limit) throw new Error(`the line is longer than ${limit} bytes`);
    pieces.push(piece);
  };
  const take = (): string => {
    const line = withoutMark(Buffer.concat(pieces, length).toString());
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    let from = 0;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      keep(bytes.subarray(from, at));
      from = at + 1;
      yield take();
    }
    if (from < bytes.length) keep(bytes.subarray(from));
  }
  if (length > 0) yield take();
}
