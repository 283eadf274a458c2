import type { Dialect } from "./dialect.ts";
import type { Format, Shown } from "./format.ts";
import { isMarked } from "./headers.ts";
import type { Output } from "./output.ts";
import { HEADER_SIZE } from "./position.ts";
import { type Packet, RecordingError, RecordingReader } from "./recording.ts";

/** Shows the messages of a pcapng recording. Rejects with a {@link RecordingError}. */
export async function dumpRecording(
  chunks: AsyncIterable<Uint8Array>,
  format: Format,
  output: Output,
  dialect: Dialect | undefined,
): Promise<void> {
  const reader = new RecordingReader();
  let n = 0;
  for await (const chunk of chunks) {
    for (const packet of reader.push(chunk)) {
      const spoken = dialect ?? reader.dialectOf(packet.connection);
      await output.write(format.message({ ...shownOf(packet, spoken, n), n }));
      n++;
      if (output.gone) return;
    }
  }
  reader.end();
}

/** A packet's message: each is whole, so that its length need not be looked for. */
function shownOf(packet: Packet, dialect: Dialect, n: number): Omit<Shown, "n"> {
  const { bytes, length, time, connection, direction } = packet;
  if (bytes.length < HEADER_SIZE || length < bytes.length) {
    throw new RecordingError(
      `packet ${n} has ${bytes.length} of ${length} bytes, a header has ${HEADER_SIZE}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
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
