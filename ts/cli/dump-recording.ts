import type { Dialect } from "./dialect.ts";
import type { Format, Shown } from "./format.ts";
import { isMarked } from "./headers.ts";
import type { Output } from "./output.ts";
import { HEADER_SIZE } from "./position.ts";
import { type Packet, RecordingError, RecordingReader, USER0 } from "./recording.ts";

/**
 * Prints the messages of a pcapng recording, and resolves with the number of packets of other link
 * types, by their numbers. Rejects with a {@link RecordingError} after the good packets.
 */
export async function dumpRecording(
  chunks: AsyncIterable<Uint8Array>,
  format: Format,
  output: Output,
  dialect: Dialect | undefined,
): Promise<ReadonlyMap<number, number>> {
  const reader = new RecordingReader();
  let n = 0;
  for await (const chunk of chunks) {
    for (const packet of reader.push(chunk)) {
      const spoken = dialect ?? reader.dialectOf(packet.connection);
      await output.write(format.message({ ...shownOf(packet, spoken, n), n }));
      n++;
      if (output.gone) return reader.foreign;
    }
  }
  reader.end();
  if (n === 0 && reader.foreign.size > 0) {
    const types = [...reader.foreign.keys()].join(", ");
    throw new RecordingError(
      `no packet has the link type of imsg tap, ${USER0} (USER0); there are packets of link type ${types}`,
    );
  }
  return reader.foreign;
}

/** A header's length without the mark of a descriptor. */
const lengthIn = (header: DataView, dialect: Dialect): number =>
  dialect === "classic" ? header.getUint16(4, true) : header.getUint32(4, true) & 0x7fffffff;

/** The message of a packet. Throws a {@link RecordingError} if the packet is not one message. */
function shownOf(packet: Packet, dialect: Dialect, n: number): Omit<Shown, "n"> {
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
    time,
    connection,
    ...(direction === undefined ? {} : { direction }),
    ...(omitted === 0 ? {} : { omitted }),
    ...(isMarked(bytes, dialect) ? { hasFd: true } : {}),
  };
}
