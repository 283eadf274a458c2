import { concat, type Dialect, HEADER_SIZE } from "../../oracle/reference/codec.ts";

/** A message as it stands in a stream of bytes. */
export interface WireMessage {
  readonly type: number;
  readonly peerid: number;
  readonly pid: number;
  /** The header's mark of a descriptor. */
  readonly marked: boolean;
  readonly data: Uint8Array;
}

/** The longest payload that {@link payload} makes. */
const LONGEST = 131_072;
const START = 65_536;

function makePool(): Uint8Array<ArrayBuffer> {
  const pool = new Uint8Array(START + LONGEST);
  let state = 12_345;
  for (let i = 0; i < pool.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pool[i] = state >>> 24;
  }
  return pool;
}

const pool = makePool();

/** Bytes that differ from message to message, whose number is given. Not to be changed. */
export function payload(id: number, size: number): Uint8Array<ArrayBuffer> {
  const at = (id * 7919) % START;
  return pool.subarray(at, at + size);
}

/** Whether a payload is the one of a message. */
export function isPayload(data: Uint8Array, id: number, size: number): boolean {
  if (data.length !== size) return false;
  const expected = payload(id, size);
  for (let i = 0; i < size; i++) if (data[i] !== expected[i]) return false;
  return true;
}

/** The pid of the channel. */
export const OWN_PID = 77;

/** The pid of a message: not every one has that of its channel. */
export const pidOf = (id: number): number => (id % 5 === 2 ? 1000 + id : OWN_PID);

/** The mark of a descriptor in the header's second word. */
const MARK = { current: 0x80000000, classic: 0x10000 } as const;
/** The bits of the length in that word. */
const LENGTH = { current: 0x7fffffff, classic: 0xffff } as const;

/** The bytes of a message. */
export function frame(message: WireMessage, dialect: Dialect = "current"): Uint8Array<ArrayBuffer> {
  const { type, peerid, pid, marked, data } = message;
  const bytes = new Uint8Array(HEADER_SIZE + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length + (marked ? MARK[dialect] : 0), true);
  view.setUint32(8, peerid, true);
  view.setUint32(12, pid, true);
  bytes.set(data, HEADER_SIZE);
  return bytes;
}

/** Cuts a stream into messages as it comes. */
export class Cutter {
  readonly #dialect: Dialect;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #need = HEADER_SIZE;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Bytes of a message that is not complete. */
  get rest(): number {
    return this.#length;
  }

  /** The messages that the bytes complete. */
  push(bytes: Uint8Array): WireMessage[] {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#need) return [];
    const all = this.#chunks.length === 1 ? bytes : concat(this.#chunks);
    const view = new DataView(all.buffer, all.byteOffset, all.length);
    const messages: WireMessage[] = [];
    let at = 0;
    this.#need = HEADER_SIZE;
    while (all.length - at >= HEADER_SIZE) {
      const word = view.getUint32(at + 4, true);
      const length = word & LENGTH[this.#dialect];
      if (length < HEADER_SIZE) throw new Error(`the channel sent a header of length ${length}`);
      if (all.length - at < length) {
        this.#need = length;
        break;
      }
      messages.push({
        type: view.getUint32(at, true),
        peerid: view.getUint32(at + 8, true),
        pid: view.getUint32(at + 12, true),
        marked: (word & MARK[this.#dialect]) !== 0,
        data: all.subarray(at + HEADER_SIZE, at + length),
      });
      at += length;
    }
    this.#chunks = at === all.length ? [] : [all.subarray(at)];
    this.#length = all.length - at;
    return messages;
  }
}
