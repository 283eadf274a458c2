// pcapng recordings: link type USER0, a packet a message, an interface a connection. Blocks and
// options are those of the pcapng specification; written ones are little-endian.

import type { Dialect } from "../entry/index.ts";
import type { Direction } from "../entry/protocol.ts";

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const SIMPLE_PACKET = 3;
const PACKET = 6;
/** The least length of a block of each kind that is read, in bytes. */
const LEAST: Readonly<Record<number, number>> = {
  [INTERFACE]: 20,
  [SIMPLE_PACKET]: 16,
  [PACKET]: 32,
};
const BYTE_ORDER = 0x1a2b3c4d;
/** The link type of recordings. */
export const USER0 = 147;
const OPTION = { name: 2, description: 3, flags: 2, resolution: 9, shift: 14 } as const;
/** The direction bits of a packet's flags. */
const FLAGS = { receive: 1, send: 2 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One message of a recording. */
export interface Packet {
  /** Counted from 1, through all sections of the file. */
  connection: number;
  /** `send` is from the client; undefined if the recording does not have it. */
  direction: Direction | undefined;
  /** Seconds since 1970; undefined if the recording does not have it. */
  time: number | undefined;
  /** The header and the payload, or the header alone. */
  bytes: Uint8Array;
  /** The length of the whole message. */
  length: number;
}

const padded = (length: number): number => Math.ceil(length / 4) * 4;

function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + padded(body.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const END_OF_OPTIONS = new Uint8Array(4);

const words = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(values).buffer);

/** Encodes the start of a recording. */
export function sectionBlock(): Uint8Array {
  // version 1.0, and a section whose length is not known
  return block(SECTION, words(BYTE_ORDER, 1, 0xffffffff, 0xffffffff));
}

/** Encodes a connection. The packets after it may name it. */
export function connectionBlock(connection: number, dialect: Dialect): Uint8Array {
  const head = words(USER0, 0); // no limit of length
  const name = option(OPTION.name, encoder.encode(`imsg${connection}`));
  const what = encoder.encode(`imsg connection ${connection}, ${dialect} dialect`);
  const description = option(OPTION.description, what);
  const resolution = option(OPTION.resolution, Uint8Array.of(6)); // microseconds
  return block(INTERFACE, joined(head, name, description, resolution, END_OF_OPTIONS));
}

/** Encodes a message; one without a time as of 1970. */
export function packetBlock({
  connection,
  direction,
  time = 0,
  bytes,
  length,
}: Packet): Uint8Array {
  const microseconds = BigInt(Math.round(time * 1e6));
  const high = Number(microseconds >> 32n);
  const low = Number(microseconds & 0xffffffffn);
  const head = words(connection - 1, high, low, bytes.length, length);
  const data = new Uint8Array(padded(bytes.length));
  data.set(bytes);
  const flags = direction === undefined ? 0 : FLAGS[direction];
  return block(PACKET, joined(head, data, option(OPTION.flags, words(flags)), END_OF_OPTIONS));
}

/** Returns whether bytes begin a pcapng file. */
export function isRecording(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    bytes[0] === 0x0a &&
    bytes[1] === 0x0d &&
    bytes[2] === 0x0d &&
    bytes[3] === 0x0a
  );
}

interface Connection {
  linkType: number;
  /** Units of a second. */
  resolution: number;
  /** Seconds to add to times. */
  shift: number;
  /** The longest packet that is recorded whole, in bytes. */
  most: number;
  dialect: Dialect;
}

/** Returns options by their codes; of repeated ones the first. */
function options(
  view: DataView,
  at: number,
  end: number,
  little: boolean,
): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  while (at + 4 <= end) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > end) break;
    if (!found.has(code)) {
      found.set(code, new Uint8Array(view.buffer, view.byteOffset + at + 4, length));
    }
    at += 4 + padded(length);
  }
  return found;
}

/** A view of an option's value; undefined if it is absent or too short. */
const viewOf = (value: Uint8Array | undefined, least: number): DataView | undefined =>
  value === undefined || value.length < least
    ? undefined
    : new DataView(value.buffer, value.byteOffset, value.length);

/** A recording is corrupt, cut, or holds no imsgs; the message names the place. */
export class RecordingError extends Error {}

/** The longest block in bytes. A longer one is taken for a corrupt length. */
const LONGEST_BLOCK = 0x1000_0000;

/**
 * Reads a recording from chunks as they arrive. Skips blocks of other types, and counts packets of
 * other link types.
 */
export class RecordingReader {
  /** Bytes that have arrived and belong to blocks that are not complete. */
  #pieces: Uint8Array[] = [];
  #have = 0;
  /** Bytes that the next block needs to be complete, as far as known. */
  #need = 12;
  /** The offset of the next block in the recording. */
  #offset = 0;
  #little = true;
  readonly #connections: Connection[] = [];
  /** The number of connections in the sections before this one. */
  #before = 0;
  #error: RecordingError | undefined;
  readonly #foreign = new Map<number, number>();

  /** The number of packets of each other link type. */
  get foreign(): ReadonlyMap<number, number> {
    return this.#foreign;
  }

  /** The dialect of a connection, which our recordings name. */
  dialectOf(connection: number): Dialect {
    return this.#connections[connection - 1]?.dialect ?? "current";
  }

  /**
   * The packets that a chunk completes. A bad block ends them: the next call, or {@link end}, throws
   * a {@link RecordingError}.
   */
  push(chunk: Uint8Array): Packet[] {
    if (this.#error !== undefined) throw this.#error;
    this.#pieces.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need) return [];
    const bytes = this.#pieces.length === 1 ? chunk : joined(...this.#pieces);
    const packets: Packet[] = [];
    const at = this.#blocks(bytes, packets);
    this.#offset += at;
    this.#pieces = at === bytes.length ? [] : [bytes.slice(at)];
    this.#have = bytes.length - at;
    return packets;
  }

  /** Throws a {@link RecordingError} for a bad block, and if the recording ends within a block. */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#have === 0) return;
    const missing = this.#have < 12 ? "" : `: it has ${this.#have} of ${this.#need} bytes`;
    throw new RecordingError(
      `the recording is cut within the block at byte ${this.#offset}${missing}`,
    );
  }

  /** Reads complete blocks up to the first bad one; returns where the block after them begins. */
  #blocks(bytes: Uint8Array, packets: Packet[]): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    this.#need = 12;
    try {
      while (at + 12 <= bytes.length) {
        this.#need = this.#lengthOf(view, at);
        if (at + this.#need > bytes.length) return at;
        const packet = this.#block(view, at, this.#need);
        if (packet !== undefined) packets.push(packet);
        at += this.#need;
        this.#need = 12;
      }
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      this.#error = error;
    }
    return at;
  }

  #lengthOf(view: DataView, at: number): number {
    if (view.getUint32(at, true) === SECTION) {
      const order = view.getUint32(at + 8, true);
      this.#little = order === BYTE_ORDER;
      if (!this.#little && order !== 0x4d3c2b1a) {
        throw this.#bad(at, `0x${order.toString(16)} is no byte order`);
      }
    }
    const length = view.getUint32(at + 4, this.#little);
    if (length < 12 || length % 4 !== 0 || length > LONGEST_BLOCK) {
      const right = `a multiple of 4 from 12 to ${LONGEST_BLOCK}`;
      throw this.#bad(at, `its length is ${length}, and must be ${right}`);
    }
    return length;
  }

  #block(view: DataView, at: number, length: number): Packet | undefined {
    const little = this.#little;
    const end = at + length - 4;
    const again = view.getUint32(end, little);
    if (again !== length) {
      throw this.#bad(at, `its length is ${length} at its start and ${again} at its end`);
    }
    const type = view.getUint32(at, little);
    if (type === SECTION) this.#before = this.#connections.length;
    const least = LEAST[type];
    if (least === undefined) return undefined;
    if (length < least) {
      const what = type === INTERFACE ? "an interface" : "a packet";
      throw this.#bad(at, `its length is ${length}, and that of ${what} at least ${least}`);
    }
    if (type === PACKET) return this.#packet(view, at, end);
    if (type === SIMPLE_PACKET) return this.#simplePacket(view, at, end);
    this.#interface(view, at, end);
    return undefined;
  }

  #interface(view: DataView, at: number, end: number): void {
    const found = options(view, at + 16, end, this.#little);
    const [power = 6] = found.get(OPTION.resolution) ?? [];
    const description = decoder.decode(found.get(OPTION.description) ?? new Uint8Array(0));
    const shift = viewOf(found.get(OPTION.shift), 8);
    this.#connections.push({
      linkType: view.getUint16(at + 8, this.#little),
      most: view.getUint32(at + 12, this.#little) || Number.POSITIVE_INFINITY,
      shift: shift === undefined ? 0 : Number(shift.getBigInt64(0, this.#little)),
      resolution: power > 127 ? 2 ** (power & 127) : 10 ** power,
      dialect: description.includes("classic") ? "classic" : "current",
    });
  }

  #packet(view: DataView, at: number, end: number): Packet | undefined {
    const number = (offset: number): number => view.getUint32(at + offset, this.#little);
    const captured = number(20);
    const from = at + 28;
    if (from + padded(captured) > end) {
      throw this.#bad(at, `a packet of ${captured} bytes does not fit into it`);
    }
    const connection = this.#connection(at, number(8));
    if (connection === undefined) return undefined;
    const found = options(view, from + padded(captured), end, this.#little);
    const flags = viewOf(found.get(OPTION.flags), 4)?.getUint32(0, this.#little) ?? 0;
    return {
      connection: this.#before + number(8) + 1,
      direction:
        flags % 4 === FLAGS.send ? "send" : flags % 4 === FLAGS.receive ? "receive" : undefined,
      time: connection.shift + (number(12) * 2 ** 32 + number(16)) / connection.resolution,
      bytes: new Uint8Array(view.buffer, view.byteOffset + from, captured).slice(),
      length: number(24),
    };
  }

  /** A packet of the section's first interface, without a time and a direction. */
  #simplePacket(view: DataView, at: number, end: number): Packet | undefined {
    const connection = this.#connection(at, 0);
    if (connection === undefined) return undefined;
    const length = view.getUint32(at + 8, this.#little);
    const captured = Math.min(length, connection.most);
    const from = at + 12;
    if (from + padded(captured) > end) {
      throw this.#bad(at, `a packet of ${captured} bytes does not fit into it`);
    }
    return {
      connection: this.#before + 1,
      direction: undefined,
      time: undefined,
      bytes: new Uint8Array(view.buffer, view.byteOffset + from, captured).slice(),
      length,
    };
  }

  /** The interface that a packet names; undefined, and counted, for another link type. */
  #connection(at: number, n: number): Connection | undefined {
    const count = this.#connections.length - this.#before;
    if (n >= count) throw this.#bad(at, `it names interface ${n}, and there are ${count} so far`);
    const connection = this.#connections[this.#before + n]!;
    const { linkType } = connection;
    if (linkType === USER0) return connection;
    this.#foreign.set(linkType, (this.#foreign.get(linkType) ?? 0) + 1);
    return undefined;
  }

  #bad(at: number, why: string): RecordingError {
    return new RecordingError(`bad block at byte ${this.#offset + at}: ${why}`);
  }
}
