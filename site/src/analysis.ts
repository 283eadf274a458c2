// Bytes to messages, a part at a time, so that the page answers meanwhile.

import { type Dialect, ImsgCodec, ImsgError } from "../../ts/entry/index.ts";
import type { Direction } from "../../ts/entry/protocol.ts";
import { explain } from "../../ts/inspect/explain.ts";
import { isMarked } from "../../ts/inspect/headers.ts";
import { messageOf } from "../../ts/inspect/packets.ts";
import { HEADER_SIZE, Position } from "../../ts/inspect/position.ts";
import {
  isRecording,
  type Packet,
  RecordingError,
  RecordingReader,
} from "../../ts/inspect/recording.ts";

/** A message with its bytes as they came. */
export interface Entry {
  /** How many came before it. */
  readonly n: number;
  readonly type: number;
  readonly peerid: number;
  readonly pid: number;
  /** Header and payload, as far as they are there. Aliases the input. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The length of the whole message, in bytes. */
  readonly length: number;
  /** Whether its header has the mark of a descriptor. */
  readonly hasFd: boolean;
  readonly dialect: Dialect;
  /** Bytes from the start of the stream; absent in a recording. */
  readonly offset?: number;
  /** Seconds since 1970, in a recording. */
  readonly time?: number;
  readonly connection?: number;
  readonly direction?: Direction;
}

/** How a stream is to be read. A recording names its own dialect. */
export interface Reading {
  readonly dialect: Dialect;
  /** The longest message, in bytes. */
  readonly maxSize: number;
}

/** Why reading has stopped before the end of the input. */
export interface Problem {
  /** The fault in a short sentence. */
  readonly title: string;
  /** The original's own error, and a hint. */
  readonly text: string;
  /** The bytes of the input that could not be read start here; absent in a recording. */
  readonly offset?: number;
}

/** As many messages are listed; an element can hold no more rows in every browser. */
const MOST_MESSAGES = 250_000;
const TITLES: Readonly<Record<string, (offset: number) => string>> = {
  ERANGE: (offset) =>
    `At byte ${offset}, no message begins: the length in the header is impossible.`,
  ERR_IMSG_TRUNCATED: (offset) =>
    `The input ends inside the message that begins at byte ${offset}.`,
};

/** Bytes of a recording that one step reads. */
const PART = 65_536;

interface Source {
  /** Reads a part, adds its messages and returns whether there is more. Throws at the first error. */
  step(entries: Entry[]): boolean;
  /** Returns where and why reading has failed. Throws errors that are not about the input. */
  problemOf(error: unknown): Problem;
  dispose(): void;
}

class StreamSource implements Source {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #reading: Reading;
  readonly #codec: ImsgCodec;
  readonly #position = new Position();

  constructor(bytes: Uint8Array<ArrayBuffer>, reading: Reading) {
    this.#bytes = bytes;
    this.#reading = reading;
    this.#codec = new ImsgCodec(reading);
  }

  step(entries: Entry[]): boolean {
    const from = this.#position.end;
    let start = this.#position.start;
    let result: ReturnType<ImsgCodec["pushPart"]> = { messages: [], read: this.#bytes.length };
    try {
      result = this.#codec.pushPart(this.#bytes, from);
    } finally {
      this.#position.advance(this.#bytes.subarray(from, result.read), result.messages);
    }
    const { dialect } = this.#reading;
    for (const { type, peerid, pid, data } of result.messages) {
      const length = HEADER_SIZE + data.length;
      const bytes = this.#bytes.subarray(start, start + length);
      const hasFd = isMarked(bytes, dialect);
      const n = entries.length;
      entries.push({ n, type, peerid, pid, bytes, length, hasFd, dialect, offset: start });
      start += length;
    }
    if (result.read < this.#bytes.length) return true;
    this.#codec.end();
    return false;
  }

  problemOf(error: unknown): Problem {
    if (!(error instanceof ImsgError)) throw error;
    const { maxSize } = this.#reading;
    const limitOf = (size: number): string => `a largest message of ${size} bytes`;
    const { start: offset } = this.#position;
    return {
      title: TITLES[error.code]?.(offset) ?? `Reading failed at byte ${offset}.`,
      text: `${explain(error, this.#position, maxSize, limitOf)}.`,
      offset,
    };
  }

  dispose(): void {
    this.#codec.dispose();
  }
}

class RecordingSource implements Source {
  readonly #bytes: Uint8Array;
  readonly #reader = new RecordingReader();
  readonly #codecs = new Map<Dialect, ImsgCodec>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  step(entries: Entry[]): boolean {
    const part = this.#bytes.subarray(this.#at, this.#at + PART);
    this.#at += part.length;
    for (const packet of this.#reader.push(part)) {
      const dialect = this.#reader.dialectOf(packet.connection);
      const n = entries.length;
      const { data: _, hasFd = false, omitted = 0, ...header } = messageOf(packet, dialect, n);
      if (omitted === 0) this.#check(packet, dialect, n);
      const bytes = packet.bytes as Uint8Array<ArrayBuffer>;
      entries.push({ ...header, n, bytes, length: packet.length, hasFd, dialect });
    }
    if (this.#at < this.#bytes.length) return true;
    this.#reader.end();
    return false;
  }

  /** The original must find one message in a packet, and nothing else. */
  #check({ bytes, length }: Packet, dialect: Dialect, n: number): void {
    let codec = this.#codecs.get(dialect);
    if (codec === undefined) {
      codec = new ImsgCodec({ dialect, maxSize: 0x7fffffff });
      this.#codecs.set(dialect, codec);
    }
    const { length: count } = codec.push(bytes as Uint8Array<ArrayBuffer>);
    if (count === 1) return;
    throw new RecordingError(
      `packet ${n} has ${length} bytes, and they are not one message of the ${dialect} dialect`,
    );
  }

  problemOf(error: unknown): Problem {
    if (!(error instanceof ImsgError || error instanceof RecordingError)) throw error;
    return { title: "The recording cannot be read to its end.", text: `${error.message}.` };
  }

  dispose(): void {
    for (const codec of this.#codecs.values()) codec.dispose();
  }
}

/** The messages of an input. Call {@link step} until it returns false. */
export class Analysis {
  readonly kind: "stream" | "recording";
  /** The messages that have been read. */
  readonly entries: Entry[] = [];
  /** Why reading has stopped early; undefined if it has not. */
  problem: Problem | undefined;
  #source: Source | undefined;

  /** Bytes that begin as pcapng does are a recording, all others a stream. */
  constructor(bytes: Uint8Array<ArrayBuffer>, reading: Reading) {
    this.kind = isRecording(bytes) ? "recording" : "stream";
    this.#source =
      this.kind === "recording" ? new RecordingSource(bytes) : new StreamSource(bytes, reading);
  }

  /** Reads the next part and returns whether there is more to read. */
  step(): boolean {
    const source = this.#source;
    if (source === undefined) return false;
    let more = false;
    try {
      more = source.step(this.entries);
    } catch (error) {
      this.problem = source.problemOf(error);
    }
    if (more && this.entries.length >= MOST_MESSAGES) {
      const title = `The page lists the first ${MOST_MESSAGES} messages.`;
      this.problem = { title, text: "The command imsg dump reads all of them." };
      more = false;
    }
    if (!more) this.dispose();
    return more;
  }

  /** Frees the module's memory that reading holds. Idempotent. */
  dispose(): void {
    this.#source?.dispose();
    this.#source = undefined;
  }
}
