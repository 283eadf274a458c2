import { open } from "node:fs/promises";
import { ImsgCodec, ImsgError, type ImsgMessage } from "../entry/index.ts";
import { explain } from "../inspect/explain.ts";
import { isMarked, RawHeaders } from "../inspect/headers.ts";
import { HEADER_SIZE, Position } from "../inspect/position.ts";
import { isRecording } from "../inspect/recording.ts";
import { type Dialect, dialectOptions } from "./dialect.ts";
import { dumpRecording } from "./dump-recording.ts";
import { type Format, hexdump, type Shown } from "./format.ts";
import { colorsFor, Output, report, type Streams } from "./output.ts";
import { formatFor, type PrintOptions } from "./printing.ts";
import { Progress } from "./progress.ts";
import { messageOf, printable, Status } from "./status.ts";

/** How users raise the limit of a message's size. */
const LIMIT = (size: number): string => `--max-size ${size}`;

/** The options of `imsg dump`. */
export interface DumpOptions extends PrintOptions {
  maxSize: number;
  dialect?: Dialect;
  /** Whether a recording may name another dialect. */
  dialectIsDefault?: boolean;
  /** Whether stderr shows the progress; by default if stderr is a terminal and stdout is not. */
  progress?: boolean;
}

/** Decodes a file, or stdin (`-`), and resolves with the exit status. */
export async function dump(file: string, options: DumpOptions, streams: Streams): Promise<number> {
  const { maxSize } = options;
  const codec = new ImsgCodec({ maxSize, ...dialectOptions(options.dialect) });
  const output = new Output(streams.stdout);
  const position = new Position();
  const name = file === "-" ? "stdin" : printable(file);
  let progress: Progress | undefined;
  try {
    const source = await openSource(file, streams);
    const wanted = options.progress ?? (streams.stderr.isTTY && !streams.stdout.isTTY);
    if (wanted) progress = new Progress(streams.stderr, source.size);
    const { recorded, chunks } = await recognized(source.chunks);
    const format = formatFor(options, streams, { offsets: !recorded, recorded });
    await output.write(format.head());
    if (recorded) {
      const dialect = options.dialectIsDefault ? undefined : options.dialect;
      const foreign = await dumpRecording(chunks, format, output, dialect);
      for (const [type, count] of foreign) {
        report(streams, `${name}: skipped packets of link type ${type}: ${count}`);
      }
      return Status.ok;
    }
    const headers = new RawHeaders();
    for await (const chunk of chunks) {
      const { start: offset, messages: n } = position;
      const at = { n, offset };
      const messages = decode(codec, chunk, position);
      const dialect = options.dialect ?? "current";
      const marks = headers.take(chunk, messages).map((header) => isMarked(header, dialect));
      await show(messages, marks, at, format, output);
      progress?.update(position.end, position.messages);
      if (output.gone) return Status.ok;
    }
    codec.end();
    return Status.ok;
  } catch (error) {
    await output.flush().catch(() => {});
    progress?.clear();
    const where = error instanceof ImsgError ? explain(error, position, maxSize, LIMIT) : undefined;
    const plain = colorsFor(streams.stderr, streams.env, options.color);
    report(streams, `${name}: ${where ?? messageOf(error)}`);
    if (where !== undefined)
      streams.stderr.write(hexdump(position.header, plain, { margin: "      ", bytes: 16 }));
    return Status.failed;
  } finally {
    progress?.clear();
    codec.dispose();
    await output.flush().catch(() => {});
  }
}

/** The bytes, and their number if it is known. */
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

/** Returns all chunks, and whether the first bytes are those of a pcapng recording. */
async function recognized(
  source: AsyncIterable<Uint8Array>,
): Promise<{ recorded: boolean; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < 4) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
    length += next.value.length;
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { recorded: isRecording(Buffer.concat(first)), chunks: chunks() };
}

/** Decodes a chunk. Advances the position even if the codec throws. */
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
  marks: readonly boolean[],
  at: { n: number; offset: number },
  format: Format,
  output: Output,
): Promise<void> {
  let { n, offset } = at;
  for (const [i, message] of messages.entries()) {
    if (output.gone) return;
    const marked = marks[i] ? { hasFd: true } : {};
    await output.write(format.message({ ...shownOf(message), ...marked, n, offset }));
    n++;
    offset += HEADER_SIZE + message.data.length;
  }
}

/** The fields of a message that every format shows. */
export function shownOf(message: ImsgMessage & { hasFd?: boolean }): Omit<Shown, "n"> {
  const { type, peerid, pid, data } = message;
  // only channels that pass descriptors set hasFd
  return { type, peerid, pid, data, ...(message.hasFd ? { hasFd: true } : {}) };
}
