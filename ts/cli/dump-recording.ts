import { messageOf } from "../inspect/packets.ts";
import { RecordingError, RecordingReader, USER0 } from "../inspect/recording.ts";
import type { Dialect } from "./dialect.ts";
import type { Format } from "./format.ts";
import type { Output } from "./output.ts";

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
      await output.write(format.message({ ...messageOf(packet, spoken, n), n }));
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
