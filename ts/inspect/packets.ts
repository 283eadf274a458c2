import type { Dialect } from "../entry/index.ts";
import type { Direction } from "../entry/protocol.ts";
import { isMarked } from "./headers.ts";
import { HEADER_SIZE } from "./position.ts";
import { type Packet, RecordingError } from "./recording.ts";

/** The message of a packet, with its time, connection and direction. */
export interface RecordedMessage {
  type: number;
  peerid: number;
  pid: number;
  /** The payload as far as it was recorded; aliases the packet. */
  data: Uint8Array;
  /** Seconds since 1970; absent if the recording does not have it. */
  time?: number;
  /** Counted from 1. */
  connection: number;
  /** Absent if the recording does not name it. */
  direction?: Direction;
  /** Bytes of the payload that the recording left out; absent for 0. */
  omitted?: number;
  /** Whether the header marks a descriptor. */
  hasFd?: true;
}

/** A header's length without the mark of a descriptor. */
const lengthIn = (header: DataView, dialect: Dialect): number =>
  dialect === "classic" ? header.getUint16(4, true) : header.getUint32(4, true) & 0x7fffffff;

/**
 * Reads the header of packet `n`. A packet is one message, so its length is the packet's. Throws a
 * {@link RecordingError} for a packet that is not one message.
 */
export function messageOf(packet: Packet, dialect: Dialect, n: number): RecordedMessage {
  const { bytes, length, time, connection, direction } = packet;
  if (bytes.length < HEADER_SIZE || length < bytes.length) {
    throw new RecordingError(
      `packet ${n} holds ${bytes.length} of ${length} bytes, and a header has ${HEADER_SIZE}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  const len = lengthIn(view, dialect);
  if (len !== length) {
    throw new RecordingError(
      `packet ${n} has ${length} bytes, and its header says ${len} (${dialect} dialect)`,
    );
  }
  const omitted = length - bytes.length;
  return {
    type: view.getUint32(0, true),
    peerid: view.getUint32(8, true),
    pid: view.getUint32(12, true),
    data: bytes.subarray(HEADER_SIZE),
    connection,
    ...(time === undefined ? {} : { time }),
    ...(direction === undefined ? {} : { direction }),
    ...(omitted === 0 ? {} : { omitted }),
    ...(isMarked(bytes, dialect) ? { hasFd: true } : {}),
  };
}
