/**
 * A decoder and encoder of the imsg wire format, written from the facts of the wire and sharing
 * nothing with the rest of the repository. In tests it is a third implementation, besides the original C
 * in WebAssembly and the original C built natively.
 *
 * A message is a header of 16 bytes and its payload. The header is four 32-bit words, little-endian
 * here: type, length word, peerid, pid. The length counts the header.
 *
 * - current: the length word is a u32; bit 31 marks a descriptor.
 * - classic: the length word is a u16 length and a u16 of flags; bit 0 of the flags marks a descriptor.
 *
 * A length below 16 or above the maximum (16,384 by default) is an error, known as soon
 * as the header is complete. Nothing after it can be trusted, so decoding stops there.
 */

export const HEADER_SIZE = 16;
export const DEFAULT_MAX_SIZE = 16384;

export type Dialect = "current" | "classic";

export interface ReferenceHeader {
  type: number;
  /** Header and payload, without the descriptor's mark. */
  len: number;
  peerid: number;
  pid: number;
  /** The header's mark of a descriptor. */
  hasFd: boolean;
}

export interface ReferenceMessage extends ReferenceHeader {
  /** A copy. */
  data: Uint8Array;
}

export interface ReferenceError {
  code: "ERANGE";
  header: ReferenceHeader;
}

export interface ReferenceOptions {
  maxSize?: number;
  dialect?: Dialect;
}

export interface ReferenceEnd {
  /** Bytes behind the last whole message; with an error, from the bad header on. */
  rest: number;
  error?: ReferenceError;
}

export interface ReferenceResult extends ReferenceEnd {
  messages: ReferenceMessage[];
}

export interface ReferenceInput {
  type: number;
  peerid?: number;
  pid?: number;
  hasFd?: boolean;
  data?: Uint8Array;
}

function readHeader(bytes: Uint8Array, at: number, dialect: Dialect): ReferenceHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_SIZE);
  const word = view.getUint32(4, true);
  const classic = dialect === "classic";
  return {
    type: view.getUint32(0, true),
    len: classic ? word & 0xffff : word & 0x7fffffff,
    peerid: view.getUint32(8, true),
    pid: view.getUint32(12, true),
    hasFd: (classic ? (word >>> 16) & 1 : word >>> 31) === 1,
  };
}

/** Decodes a whole stream. */
export function decode(bytes: Uint8Array, options: ReferenceOptions = {}): ReferenceResult {
  const maxSize = options.maxSize ?? DEFAULT_MAX_SIZE;
  const dialect = options.dialect ?? "current";
  const messages: ReferenceMessage[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER_SIZE) {
    const header = readHeader(bytes, at, dialect);
    if (header.len < HEADER_SIZE || header.len > maxSize) {
      return { messages, rest: bytes.length - at, error: { code: "ERANGE", header } };
    }
    if (bytes.length - at < header.len) break;
    messages.push({ ...header, data: bytes.slice(at + HEADER_SIZE, at + header.len) });
    at += header.len;
  }
  return { messages, rest: bytes.length - at };
}

/** Decodes a stream that comes in chunks: simple and slow, it keeps the rest in one array. */
export class ReferenceDecoder {
  readonly #options: ReferenceOptions;
  #left: Uint8Array = new Uint8Array(0);
  #error: ReferenceError | undefined;

  constructor(options: ReferenceOptions = {}) {
    this.#options = options;
  }

  /** The bad header that ended the decoding. */
  get error(): ReferenceError | undefined {
    return this.#error;
  }

  /** The messages that this chunk completes; none any more after an error. */
  push(chunk: Uint8Array): ReferenceMessage[] {
    const bytes = new Uint8Array(this.#left.length + chunk.length);
    bytes.set(this.#left);
    bytes.set(chunk, this.#left.length);
    if (this.#error !== undefined) {
      this.#left = bytes;
      return [];
    }
    const { messages, rest, error } = decode(bytes, this.#options);
    this.#left = bytes.slice(bytes.length - rest);
    this.#error = error;
    return messages;
  }

  end(): ReferenceEnd {
    const rest = this.#left.length;
    return this.#error === undefined ? { rest } : { rest, error: this.#error };
  }
}

/** The bytes of one message. A missing peerid or pid is 0: this is the wire, not the original's API. */
export function encode(message: ReferenceInput, dialect: Dialect = "current"): Uint8Array {
  const data = message.data ?? new Uint8Array(0);
  const len = HEADER_SIZE + data.length;
  if (len > (dialect === "classic" ? 0xffff : 0x7fffffff)) {
    throw new RangeError(`a ${dialect} imsg cannot have ${len} bytes`);
  }
  const mark = dialect === "classic" ? 0x10000 : 0x80000000;
  const bytes = new Uint8Array(len);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, message.type, true);
  view.setUint32(4, message.hasFd === true ? len + mark : len, true);
  view.setUint32(8, message.peerid ?? 0, true);
  view.setUint32(12, message.pid ?? 0, true);
  bytes.set(data, HEADER_SIZE);
  return bytes;
}

/** Joins chunks: concatenated messages are a stream. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
