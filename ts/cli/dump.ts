import { open } from "node:fs/promises";
import { ImsgCodec, ImsgError, type ImsgMessage } from "../entry/index.ts";
import { type Dialect, dialectOptions } from "./dialect.ts";
import { hexdump, jsonFormat, type Shown, tableFormat } from "./format.ts";
import { colorsFor, Output, report, type Streams } from "./output.ts";
import { HEADER_SIZE, Position } from "./position.ts";
import { Progress } from "./progress.ts";
import { messageOf, printable, Status } from "./status.ts";
import type { TypeNames } from "./values.ts";

/** What `imsg dump` is asked for. */
export interface DumpOptions {
  /** JSON lines instead of a table. */
  json?: boolean;
  maxSize: number;
  dialect?: Dialect;
  names: TypeNames;
  color?: boolean;
  /** How much of each payload the table shows; all of it if absent. */
  bytes?: number;
  /** Progress on stderr; if absent, where it is a terminal and the output is none. */
  progress?: boolean;
}

/** Decodes a file, or stdin (`-`), and resolves with the exit status. */
export async function dump(file: string, options: DumpOptions, streams: Streams): Promise<number> {
  const { names, maxSize } = options;
  const codec = new ImsgCodec({ maxSize, ...dialectOptions(options.dialect) });
  const colors = colorsFor(streams.stdout, streams.env, options.color);
  const table = { offsets: true, ...(options.bytes === undefined ? {} : { bytes: options.bytes }) };
  const format = options.json ? jsonFormat(names) : tableFormat(names, colors, table);
  const output = new Output(streams.stdout);
  const position = new Position();
  const name = file === "-" ? "stdin" : printable(file);
  let progress: Progress | undefined;
  try {
    const source = await openSource(file, streams);
    const wanted = options.progress ?? (streams.stderr.isTTY && !streams.stdout.isTTY);
    if (wanted) progress = new Progress(streams.stderr, source.size);
    await output.write(format.head());
    for await (const chunk of source.chunks) {
      const { start: offset, messages: n } = position;
      await show(decode(codec, chunk, position), { n, offset }, format, output);
      progress?.update(position.end, position.messages);
      if (output.gone) return Status.ok;
    }
    codec.end();
    return Status.ok;
  } catch (error) {
    await output.flush().catch(() => {});
    progress?.clear();
    const where = error instanceof ImsgError ? explain(error, position, maxSize) : undefined;
    const plain = colorsFor(streams.stderr, streams.env, options.color);
    report(streams, `${name}: ${where ?? messageOf(error)}`);
    if (where !== undefined) streams.stderr.write(hexdump(position.header, plain, "      "));
    return Status.failed;
  } finally {
    progress?.clear();
    codec.dispose();
    await output.flush().catch(() => {});
  }
}

/** The bytes, and how many there will be, if that is known. */
async function openSource(
  file: string,
  { stdin }: Streams,
): Promise<{ chunks: AsyncIterable<Uint8Array>; size: number | undefined }> {
  if (file === "-") return { chunks: stdin as AsyncIterable<Buffer>, size: undefined };
  const handle = await open(file);
  const { size } = await handle.stat();
  return {
    chunks: handle.createReadStream({ highWaterMark: 256 * 1024 }),
    size: size > 0 ? size : undefined,
  };
}

/** One chunk's messages; the position is right afterwards even if the codec throws. */
function decode(codec: ImsgCodec, chunk: Uint8Array, position: Position): ImsgMessage[] {
  let messages: ImsgMessage[] = [];
  try {
    messages = codec.push(chunk);
    return messages;
  } finally {
    position.advance(chunk, messages);
  }
}

async function show(
  messages: readonly ImsgMessage[],
  at: { n: number; offset: number },
  format: ReturnType<typeof jsonFormat>,
  output: Output,
): Promise<void> {
  let { n, offset } = at;
  for (const message of messages) {
    if (output.gone) return;
    await output.write(format.message({ ...shownOf(message), n, offset }));
    n++;
    offset += HEADER_SIZE + message.data.length;
  }
}

/** The fields of a message that every format shows. */
export function shownOf(message: ImsgMessage & { hasFd?: boolean }): Omit<Shown, "n"> {
  const { type, peerid, pid, data } = message;
  // messages have hasFd where the library passes descriptors
  return { type, peerid, pid, data, ...(message.hasFd ? { hasFd: true } : {}) };
}

/** Where a stream is bad or cut, why, and what may help. */
function explain(error: ImsgError, position: Position, maxSize: number): string {
  const message = `message ${position.messages}, at byte ${position.start}`;
  if (error.code === "ERR_IMSG_TRUNCATED") {
    return `cut at byte ${position.end}, inside ${message}: ${error.message}`;
  }
  const hint = error.code === "ERANGE" ? hintFor(position.header, maxSize) : "";
  return `bad header of ${message}: ${error.message}${hint}`;
}

function hintFor(header: Uint8Array, maxSize: number): string {
  if (header.length < HEADER_SIZE) return "";
  const length = new DataView(header.buffer, header.byteOffset).getUint32(4, true);
  const marked = length & 0xffff;
  const hints: string[] = [];
  if (length >>> 16 === 1 && marked >= HEADER_SIZE) {
    hints.push("with a descriptor's mark in the classic dialect it would be good");
  }
  if (length > maxSize && length <= 16 * 1024 * 1024) {
    hints.push(`--max-size ${length} would let it through`);
  }
  return hints.length === 0 ? "" : ` (at most ${maxSize}; ${hints.join("; ")})`;
}
